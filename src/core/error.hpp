// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace ebmpi::core {

/// Exit codes of the program; the README documents them.
enum class ExitCode : int {
  done = 0,
  bad_input = 2,      ///< usage, config or data that the user must change
  diverged = 3,       ///< beyond recovery; the last good state is untouched
  file_error = 4,     ///< a file or disk could not be read or written
  stopped_early = 75  ///< a checkpoint was written; run again to go on
};

/// An error for the user. The text reads `<problem> (<why it is one>); <what to do>`.
class Error : public std::runtime_error {
public:
  Error(ExitCode code, const std::string& text) : std::runtime_error(text), code_(code) {}

  ExitCode code() const { return code_; }

private:
  ExitCode code_;
};

/// The config, the arguments or the contents of a data file are wrong (exit code 2).
class InputError : public Error {
public:
  explicit InputError(const std::string& text) : Error(ExitCode::bad_input, text) {}
};

/// A file is missing, damaged, unreadable or cannot be written (exit code 4).
class FileError : public Error {
public:
  explicit FileError(const std::string& text) : Error(ExitCode::file_error, text) {}
};

/// Training left the range in which its numbers mean anything (exit code 3).
class DivergenceError : public Error {
public:
  explicit DivergenceError(const std::string& text) : Error(ExitCode::diverged, text) {}
};

}  // namespace ebmpi::core
