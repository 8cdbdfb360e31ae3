// SPDX-License-Identifier: Apache-2.0
#include "simulation/worker_pool.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <Kokkos_Core.hpp>
#include <algorithm>
#include <thread>
#include <utility>

#include "core/error.hpp"

namespace ebmpi::simulation {

namespace {

constexpr std::size_t longest_line = std::size_t{1} << 24;

/// How long a new worker must be silent after its first answer. Lines that nobody asked for would be taken
/// for answers to the next rows.
constexpr std::chrono::milliseconds silence_at_first(20);

/// The same after the last answer of a request, in terms of the longest time between two of its lines: with a
/// line too many, that is when the true last one comes.
constexpr int silent_lines = 2;
constexpr std::chrono::milliseconds least_silence(5), most_silence(200);

/// What a command may take to end once its standard input has, and after it has closed its output.
constexpr std::chrono::milliseconds time_to_end(2000), time_to_exit(200);

std::size_t count_workers(const Settings& settings) {
  if (settings.workers > 0) return static_cast<std::size_t>(settings.workers);
  return static_cast<std::size_t>(std::max(1, Kokkos::DefaultHostExecutionSpace().concurrency()));
}

/// A day is as good as forever, and no clock overflows.
std::chrono::steady_clock::duration duration_of(double seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(std::min(seconds, 1e8)));
}

}  // namespace

WorkerPool::WorkerPool(const Settings& settings)
    : settings_(settings),
      timeout_(duration_of(settings.timeout)),
      exchange_(make_exchange(settings)),
      workers_(count_workers(settings)) {}

WorkerPool::~WorkerPool() {
  end_workers();
}

void WorkerPool::end_workers() {
  for (Worker& worker : workers_) {
    if (worker.process) worker.process->close_input();
  }
  const Clock::time_point end = Clock::now() + time_to_end;
  for (Worker& worker : workers_) {
    while (worker.process && !worker.process->ending() && Clock::now() < end) {
      worker.process->receive(worker.received);
      worker.process->receive_errors();
      worker.received.clear();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    worker = {};
  }
}

Request WorkerPool::part(const Range& range) const {
  const std::size_t columns = exchange_->columns();
  return {request_.width, request_.seeds.subspan(range.first, range.count),
          request_.theta.subspan(range.first * request_.width, range.count * request_.width),
          request_.x.empty() ? request_.x : request_.x.subspan(range.first * columns, range.count * columns)};
}

void WorkerPool::answer(const Request& request) {
  request_ = request;
  waiting_.clear();
  if (request.rows() > 0) waiting_.push_back({0, request.rows()});
  for (Worker& worker : workers_) worker.last.reset();
  try {
    work_through();
  } catch (...) {
    // What is under way would be taken for the answer to something else.
    for (Worker& worker : workers_) worker = {};
    throw;
  }
}

bool WorkerPool::is_at_work() const {
  return !waiting_.empty() ||
         std::ranges::any_of(workers_, [](const Worker& w) { return w.range.has_value(); });
}

void WorkerPool::work_through() {
  while (is_at_work()) {
    for (Worker& worker : workers_) {
      if (!worker.range && !waiting_.empty()) give_work(worker);
    }
    Clock::time_point until = Clock::time_point::max();
    for (const Worker& worker : workers_) {
      if (worker.range) until = std::min(until, worker.deadline);
    }
    listen(until);
    while (!is_at_work() && Clock::now() < silent_until_) listen(silent_until_);
  }
}

void WorkerPool::listen(Clock::time_point until) {
  wait(until);
  for (Worker& worker : workers_) {
    if (worker.process) serve(worker);
  }
}

WorkerPool::Range WorkerPool::take_range(std::size_t most) {
  Range& front = waiting_.front();
  const Range taken{front.first, std::min(front.count, most), front.failures};
  front.first += taken.count;
  front.count -= taken.count;
  if (front.count == 0) waiting_.pop_front();
  return taken;
}

void WorkerPool::give_work(Worker& worker) {
  if (worker.process) serve(worker);  // what it has written unasked must not pass for an answer
  if (!worker.process) worker.process = std::make_unique<ChildProcess>(settings_.command);
  const std::size_t share = (waiting_.front().count + workers_.size() - 1) / workers_.size();
  worker.range = take_range(worker.proven ? std::min(share, static_cast<std::size_t>(settings_.batch)) : 1);
  worker.unsent = exchange_->ask(part(*worker.range));
  worker.lines = 0;
  worker.slowest = Clock::duration::zero();
  worker.last_line = Clock::now();
  worker.deadline = worker.last_line + timeout_;
}

void WorkerPool::wait(Clock::time_point until) const {
  std::vector<pollfd> descriptors;
  for (const Worker& worker : workers_) {
    if (!worker.process) continue;
    descriptors.push_back({worker.process->output(), POLLIN, 0});
    if (worker.process->errors() >= 0) descriptors.push_back({worker.process->errors(), POLLIN, 0});
    if (!worker.unsent.empty()) descriptors.push_back({worker.process->input(), POLLOUT, 0});
  }
  constexpr std::chrono::milliseconds longest(60000);
  const Clock::duration left =
      std::clamp<Clock::duration>(until - Clock::now(), Clock::duration::zero(), longest);
  const auto milliseconds = std::chrono::ceil<std::chrono::milliseconds>(left);
  ::poll(descriptors.data(), descriptors.size(), static_cast<int>(milliseconds.count()));
}

bool WorkerPool::is_complete(const Worker& worker) const {
  return worker.lines == exchange_->answer_lines(part(*worker.range));
}

void WorkerPool::serve(Worker& worker) {
  worker.process->receive_errors();
  if (!worker.unsent.empty()) {
    const std::optional<std::size_t> sent = worker.process->send(worker.unsent);
    // Where nobody reads, the end of the output or the clock will tell.
    worker.unsent.erase(0, sent.value_or(worker.unsent.size()));
  }
  const ChildProcess::Stream stream = worker.process->receive(worker.received);
  read_lines(worker);
  if (worker.process && stream == ChildProcess::Stream::ended) on_end(worker);
  if (worker.process && worker.range && Clock::now() >= worker.deadline) on_deadline(worker);
}

void WorkerPool::read_lines(Worker& worker) {
  std::size_t begin = 0;
  while (worker.range && !is_complete(worker)) {
    const std::size_t end = worker.received.find('\n', begin);
    if (end == std::string::npos) break;
    const std::string_view line = std::string_view(worker.received).substr(begin, end - begin);
    const std::optional<AnswerFault> fault = exchange_->take(part(*worker.range), worker.lines, line);
    if (fault) return replace(worker, Trouble::answer, *fault);
    begin = end + 1;
    ++worker.lines;
    const Clock::time_point now = Clock::now();
    worker.slowest = std::max(worker.slowest, now - std::exchange(worker.last_line, now));
    worker.deadline = now + (is_complete(worker) ? Clock::duration(silence_at_first) : timeout_);
    if (is_complete(worker) && worker.proven) finish(worker);
  }
  worker.received.erase(0, begin);
  if (worker.received.empty()) return;
  if (!worker.range || is_complete(worker))
    return replace(worker, Trouble::surplus,
                   {0, fmt::format("wrote more than it was asked for: {}", quote(worker.received))});
  if (worker.received.size() > longest_line)
    replace(worker, Trouble::answer,
            {worker.lines, fmt::format("writes a line without an end: {}", quote(worker.received))});
}

void WorkerPool::on_deadline(Worker& worker) {
  if (is_complete(worker)) {
    worker.proven = true;
    finish(worker);
  } else {
    replace(worker, Trouble::late,
            {worker.lines, fmt::format("wrote no complete line for {} s", settings_.timeout)});
  }
}

void WorkerPool::on_end(Worker& worker) {
  const std::optional<std::string> ending = worker.process->ending_by(Clock::now() + time_to_exit);
  if (worker.range) {
    replace(worker, Trouble::ended, {worker.lines, ending.value_or("closed its standard output")});
  } else {
    ++tally_.restarts;  // between two requests: nothing is lost
    worker = {};
  }
}

void WorkerPool::finish(Worker& worker) {
  worker.last = std::exchange(worker.range, std::nullopt);
  const auto silence =
      std::clamp<Clock::duration>(silent_lines * worker.slowest, least_silence, most_silence);
  silent_until_ = std::max(silent_until_, worker.last_line + silence);
}

void WorkerPool::replace(Worker& worker, Trouble trouble, const AnswerFault& fault) {
  ++tally_.restarts;
  if (trouble == Trouble::late) ++tally_.timeouts;
  // Surplus lines may have come before the answer that was taken from among them.
  std::optional<Range> range = worker.range ? worker.range : worker.last;
  if (worker.process->ending_by(Clock::now())) worker.process->receive_errors();
  const std::string errors = worker.process->last_errors();
  worker = {};
  if (!range) throw_failed({0, 0, 0}, trouble, fault, errors);
  if (++range->failures > settings_.retries) throw_failed(*range, trouble, fault, errors);
  waiting_.push_front(*range);
}

void WorkerPool::throw_failed(const Range& range, Trouble trouble, const AnswerFault& fault,
                              const std::string& errors) const {
  std::string text = fmt::format("the simulator {} fails (", quote(settings_.command));
  if (range.count > 0) {
    const std::size_t row = range.first + std::min(fault.row, range.count - 1);
    text += fmt::format("asked {} times for ", range.failures);
    for (std::size_t i = 0; i < request_.width; ++i)
      text +=
          fmt::format("{} = {}, ", settings_.parameter_names[i], request_.theta[row * request_.width + i]);
    text += fmt::format("seed = {}, the last time ", request_.seeds[row]);
  }
  text += trouble == Trouble::answer && fault.what.starts_with("its ") ? fault.what : "it " + fault.what;
  if (!errors.empty()) text += "; the end of its standard error: " + errors;
  switch (trouble) {
    case Trouble::ended:
      text += "); simulate that row by hand; it must go on reading lines until its standard input ends";
      break;
    case Trouble::late:
      text +=
          "); raise simulator.timeout, or let it read line by line and flush its standard output after each "
          "answer";
      break;
    case Trouble::answer:
      text += "); let it answer every row with the same number of finite numbers, or narrow the parameters";
      break;
    case Trouble::surplus:
      text += "); let it write nothing but answers to its standard output, messages belong on standard error";
      break;
  }
  throw core::InputError(text);
}

}  // namespace ebmpi::simulation
