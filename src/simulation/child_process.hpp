// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace ebmpi::simulation {

/// A file descriptor that closes itself; -1 is none.
class Descriptor {
public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  ~Descriptor() { close(); }

  int number() const { return number_; }
  void close();

private:
  int number_ = -1;
};

/// A command that runs beside this process, started as /bin/sh -c "exec COMMAND" in a process group of its
/// own, with its three streams in our hands. Nothing here waits: poll() on the descriptors says when there is
/// something to do. Destroying it ends the whole group at once.
///
/// The command hears all signals and may run on the CPUs of all threads of this process, whatever OpenMP has
/// bound the calling one to. Variables by which MPI tells a process its rank are taken from its environment,
/// so that it may use MPI itself.
class ChildProcess {
public:
  /// Throws core::InputError where the system refuses (limits on processes and open files).
  explicit ChildProcess(const std::string& command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  /// Standard input, output and error, as seen from here; -1 once closed.
  int input() const { return input_.number(); }
  int output() const { return output_.number(); }
  int errors() const { return errors_.number(); }

  /// Sends the beginning of `text`, as much as there is room for; returns how many bytes, or nothing where
  /// nobody reads any more.
  std::optional<std::size_t> send(std::string_view text);
  void close_input() { input_.close(); }

  enum class Stream { open, ended };
  /// Appends what the command has written to its standard output since; at most 1 MiB at a time.
  Stream receive(std::string& text);
  /// Takes what it has written to its standard error, of which the end is kept.
  void receive_errors();
  /// The last lines of its standard error, at most 10 of them and 2000 bytes.
  std::string last_errors() const;

  /// How it has ended, as "exited with code 3" or "was ended by signal 11 (Segmentation fault)"; nothing
  /// while it runs.
  std::optional<std::string> ending();
  /// Waits until it has ended or the time is there.
  std::optional<std::string> ending_by(std::chrono::steady_clock::time_point time);

private:
  pid_t pid_ = -1;
  Descriptor input_, output_, errors_;
  std::string error_tail_;
  std::optional<std::string> ending_;
};

}  // namespace ebmpi::simulation
