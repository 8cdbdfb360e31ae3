// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

namespace ebmpi::comm {

/// What a rank failed with: the exit code of a core::Error, or one of the two others.
enum class FailureKind : int {
  none = -1,
  program_fault = 0,
  bad_input = 2,
  diverged = 3,
  file_error = 4,
  stopped_early = 75
};

/// An error in a form that can be sent to the other ranks.
struct Failure {
  FailureKind kind = FailureKind::none;
  std::string text;
};

/// Runs `work` and describes what it threw; `rank` appears in the texts that do not come from a core::Error.
Failure failure_of(const std::function<void()>& work, int rank);

/// Throws the error that `failure` describes: core::InputError, FileError, DivergenceError, Error or
/// std::runtime_error.
[[noreturn]] void throw_failure(const Failure& failure);

}  // namespace ebmpi::comm
