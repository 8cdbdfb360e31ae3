// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>

namespace ebmpi::data {

/// A thread that does the jobs it is given, one after another. It hears no signals, and its jobs may call
/// neither MPI nor Kokkos. The first job that throws is the last one; the caller gets to know at its next
/// question. Destroying it drops the jobs that have not begun and waits for the one that has.
class Worker {
public:
  Worker() = default;
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// Returns the number of the job, from 1. The thread starts with the first one. Throws core::InputError
  /// where the system refuses a thread.
  std::int64_t add(std::function<void()> job);
  /// Waits for a job. Throws what it, or another one, threw.
  void wait_for(std::int64_t job);
  /// Throws what a job threw.
  void check() const;
  /// Whether the worker is being destroyed: a long job looks at it and ends early.
  bool is_ending() const { return ending_; }

private:
  void start();
  void work();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_;
  std::int64_t added_ = 0, done_ = 0;
  std::atomic<bool> ending_ = false, failed_ = false;
  std::exception_ptr error_;  // written before failed_
  std::thread thread_;
};

}  // namespace ebmpi::data
