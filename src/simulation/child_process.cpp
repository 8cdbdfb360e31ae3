// SPDX-License-Identifier: Apache-2.0
#include "simulation/child_process.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "core/error.hpp"

extern char** environ;

namespace ebmpi::simulation {

namespace {

constexpr std::size_t kept_error_bytes = 2000, kept_error_lines = 10;
constexpr std::chrono::seconds longest_death(5);

/// The CPUs that any thread of this process may use: OpenMP may have bound each of them to another.
cpu_set_t cpus_of_all_threads() {
  cpu_set_t all;
  CPU_ZERO(&all);
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task", ignored)) {
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    const auto thread = static_cast<pid_t>(std::atol(entry.path().filename().c_str()));
    if (sched_getaffinity(thread, sizeof(cpus), &cpus) == 0) CPU_OR(&all, &all, &cpus);
  }
  return all;
}

/// Children inherit the CPUs of the thread that starts them: while this lives, they get those of all threads.
class AllCpus {
public:
  AllCpus() {
    CPU_ZERO(&before_);
    if (sched_getaffinity(0, sizeof(before_), &before_) != 0) return;
    const cpu_set_t all = cpus_of_all_threads();
    is_changed_ = sched_setaffinity(0, sizeof(all), &all) == 0;
  }
  ~AllCpus() {
    if (is_changed_) sched_setaffinity(0, sizeof(before_), &before_);
  }
  AllCpus(const AllCpus&) = delete;
  AllCpus& operator=(const AllCpus&) = delete;

private:
  cpu_set_t before_;
  bool is_changed_ = false;
};

[[noreturn]] void throw_refused(int reason) {
  throw core::InputError("a simulator cannot be started (" + std::generic_category().message(reason) +
                         "); raise the limits on processes and open files, or lower simulator.workers");
}

struct Pipe {
  Descriptor read, write;
};

/// Every descriptor closes on exec: no other child may hold an end, which would then never close.
Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw_refused(errno);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

/// A pair of sockets in place of a pipe: writing to one that nobody reads is then an error and no SIGPIPE.
Pipe make_socket_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw_refused(errno);
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

bool belongs_to_mpi(std::string_view variable) {
  constexpr std::array<std::string_view, 11> prefixes = {
      "OMPI_COMM_WORLD_", "OMPI_UNIVERSE_", "OMPI_MCA_orte_", "OMPI_MCA_ess",
      "OMPI_MCA_pmix",    "PMIX_",          "PMI_",           "PRTE_",
      "HYDRA_",           "MPI_LOCAL",      "HYDI_"};
  return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return variable.starts_with(prefix); });
}

std::vector<char*> environment_without_mpi() {
  std::vector<char*> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!belongs_to_mpi(*variable)) variables.push_back(*variable);
  }
  variables.push_back(nullptr);
  return variables;
}

/// What posix_spawn is told: the streams, a group of its own, and no signal blocked or ignored.
class SpawnPlan {
public:
  SpawnPlan(int input, int output, int errors) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, errors, STDERR_FILENO);
    posix_spawnattr_init(&attributes_);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes_, 0);
    sigset_t signals;
    sigemptyset(&signals);
    posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    posix_spawnattr_setsigdefault(&attributes_, &signals);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  pid_t spawn(const std::string& command) const {
    std::string shell = "/bin/sh", option = "-c", text = "exec " + command;
    const std::array<char*, 4> arguments = {shell.data(), option.data(), text.data(), nullptr};
    const std::vector<char*> environment = environment_without_mpi();
    pid_t pid = -1;
    const AllCpus all_cpus;
    const int reason =
        ::posix_spawn(&pid, shell.c_str(), &actions_, &attributes_, arguments.data(), environment.data());
    if (reason != 0) throw_refused(reason);
    return pid;
  }

private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

/// Whether a failed call found nothing to do, rather than an end.
bool is_momentary(int reason) {
  return reason == EAGAIN || reason == EWOULDBLOCK || reason == EINTR;
}

std::string describe(const siginfo_t& information) {
  if (information.si_code == CLD_EXITED) return "exited with code " + std::to_string(information.si_status);
  return "was ended by signal " + std::to_string(information.si_status) + " (" +
         strsignal(information.si_status) + ")";
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(number_, other.number_);
  return *this;
}

void Descriptor::close() {
  const int number = std::exchange(number_, -1);
  if (number >= 0) ::close(number);
}

ChildProcess::ChildProcess(const std::string& command) {
  Pipe input = make_socket_pair(), output = make_pipe(), errors = make_pipe();
  pid_ = SpawnPlan(input.read.number(), output.write.number(), errors.write.number()).spawn(command);
  input_ = std::move(input.write);
  output_ = std::move(output.read);
  errors_ = std::move(errors.read);
}

ChildProcess::~ChildProcess() {
  if (ending_) return;
  ::kill(-pid_, SIGKILL);
  // A process that waits for a file system which has gone away cannot even be killed; the run goes on.
  ending_by(std::chrono::steady_clock::now() + longest_death);
}

std::optional<std::string> ChildProcess::ending() {
  if (ending_) return ending_;
  siginfo_t information{};
  const int result = ::waitid(P_PID, static_cast<id_t>(pid_), &information, WEXITED | WNOWAIT | WNOHANG);
  const bool runs = result == 0 ? information.si_pid == 0 : errno == EINTR;
  if (runs) return std::nullopt;
  ending_ = result == 0 ? describe(information) : "has ended";
  // The group may outlive its leader; until that is reaped, its number belongs to no other group.
  ::kill(-pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  return ending_;
}

std::optional<std::string> ChildProcess::ending_by(std::chrono::steady_clock::time_point time) {
  while (!ending() && std::chrono::steady_clock::now() < time)
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  return ending_;
}

std::optional<std::size_t> ChildProcess::send(std::string_view text) {
  const ssize_t sent = ::send(input_.number(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) return static_cast<std::size_t>(sent);
  if (is_momentary(errno)) return 0;
  return std::nullopt;
}

ChildProcess::Stream ChildProcess::receive(std::string& text) {
  std::array<char, 1 << 16> piece;
  for (int pieces = 0; pieces < 16; ++pieces) {
    const ssize_t received = ::read(output_.number(), piece.data(), piece.size());
    if (received > 0) {
      text.append(piece.data(), static_cast<std::size_t>(received));
    } else {
      return received < 0 && is_momentary(errno) ? Stream::open : Stream::ended;
    }
  }
  return Stream::open;
}

void ChildProcess::receive_errors() {
  std::array<char, 1 << 16> piece;
  for (int pieces = 0; pieces < 16 && errors_.number() >= 0; ++pieces) {
    const ssize_t received = ::read(errors_.number(), piece.data(), piece.size());
    if (received > 0) {
      error_tail_.append(piece.data(), static_cast<std::size_t>(received));
      if (error_tail_.size() > kept_error_bytes) error_tail_.erase(0, error_tail_.size() - kept_error_bytes);
    } else {
      if (received == 0 || !is_momentary(errno)) errors_.close();
      return;
    }
  }
}

std::string ChildProcess::last_errors() const {
  const std::size_t end = error_tail_.find_last_not_of(" \t\r\n");
  if (end == std::string::npos) return "";
  std::size_t begin = end;
  for (std::size_t lines = 0; begin > 0; --begin) {
    if (error_tail_[begin - 1] == '\n' && ++lines == kept_error_lines) break;
  }
  return error_tail_.substr(begin, end + 1 - begin);
}

}  // namespace ebmpi::simulation
