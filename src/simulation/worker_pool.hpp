// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulation/child_process.hpp"
#include "simulation/exchange.hpp"

namespace ebmpi::simulation {

/// External simulators that wait for rows, as many as `Settings::workers`, each started when it is first
/// needed and replaced when it fails. One thread looks after all of them: it waits for whichever has
/// something to say, never longer than the time that an answer may take.
class WorkerPool {
public:
  explicit WorkerPool(const Settings& settings);
  /// Closes the workers' standard inputs, gives them 2 s to end, and ends those that have not.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Fills x of a request of any length. Which worker computes a row depends on their speed, what it is asked
  /// does not. Throws core::InputError after Settings::retries further failures on the same rows; all workers
  /// are ended then.
  void answer(const Request& request);

  std::size_t columns() const { return exchange_->columns(); }
  const Tally& tally() const { return tally_; }

private:
  using Clock = std::chrono::steady_clock;

  /// Rows of the request; how often they have failed.
  struct Range {
    std::size_t first, count;
    std::int64_t failures = 0;
  };
  struct Worker {
    std::unique_ptr<ChildProcess> process;
    bool proven = false;         ///< has answered one row, and then been silent
    std::optional<Range> range;  ///< that it is at work on
    std::optional<Range> last;   ///< of this request, that it has answered last
    std::string unsent, received;
    std::size_t lines = 0;                  ///< of the answer, so far
    Clock::time_point last_line, deadline;  ///< of the last line; of the next one, or of the silence
    Clock::duration slowest{};              ///< longest time between two lines of this answer
  };
  /// Why a worker is replaced; each has its own advice.
  enum class Trouble { ended, late, answer, surplus };

  Request part(const Range& range) const;
  bool is_complete(const Worker& worker) const;
  bool is_at_work() const;
  void work_through();
  void give_work(Worker& worker);
  Range take_range(std::size_t most);
  void listen(Clock::time_point until);
  void wait(Clock::time_point until) const;
  void serve(Worker& worker);
  void read_lines(Worker& worker);
  void on_deadline(Worker& worker);
  void on_end(Worker& worker);
  void finish(Worker& worker);
  void replace(Worker& worker, Trouble trouble, const AnswerFault& fault);
  [[noreturn]] void throw_failed(const Range& range, Trouble trouble, const AnswerFault& fault,
                                 const std::string& errors) const;
  void end_workers();

  Settings settings_;
  Clock::duration timeout_;
  std::unique_ptr<RowExchange> exchange_;
  std::vector<Worker> workers_;
  Request request_{};  ///< that answer() is at work on
  std::deque<Range> waiting_;
  Clock::time_point silent_until_{};  ///< for whatever nobody asked for
  Tally tally_;
};

}  // namespace ebmpi::simulation
