// SPDX-License-Identifier: Apache-2.0
#include "data/worker.hpp"

#include <pthread.h>
#include <sched.h>

#include <csignal>
#include <string>
#include <system_error>
#include <utility>

#include "core/error.hpp"

namespace ebmpi::data {
namespace {

/// The CPUs of the process, before OpenMP binds the main thread to one of them: a thread that is started
/// later would share that one.
const cpu_set_t cpus_of_process = [] {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  pthread_getaffinity_np(pthread_self(), sizeof(cpus), &cpus);
  return cpus;
}();

/// Threads inherit the mask of the one that starts them: with this they hear no signals, which are the main
/// thread's.
class SignalsBlocked {
public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

private:
  sigset_t before_;
};

}  // namespace

Worker::~Worker() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Worker::start() {
  const SignalsBlocked blocked;
  try {
    thread_ = std::thread([this] { work(); });
  } catch (const std::system_error& error) {
    throw core::InputError(std::string("no thread can be started to read ahead (") + error.what() +
                           "); raise the limit on processes, or set data.window = 0");
  }
}

std::int64_t Worker::add(std::function<void()> job) {
  if (!thread_.joinable()) start();
  const std::lock_guard lock(mutex_);
  jobs_.push_back(std::move(job));
  changed_.notify_all();
  return ++added_;
}

void Worker::wait_for(std::int64_t job) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return done_ >= job || failed_; });
  check();
}

void Worker::check() const {
  if (failed_) std::rethrow_exception(error_);
}

void Worker::work() {
  pthread_setaffinity_np(pthread_self(), sizeof(cpus_of_process), &cpus_of_process);
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (ending_) return;
    const std::function<void()> job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    try {
      job();
    } catch (...) {
      error_ = std::current_exception();
      failed_ = true;
    }
    lock.lock();
    if (!failed_) ++done_;
    changed_.notify_all();
    if (failed_) return;
  }
}

}  // namespace ebmpi::data
