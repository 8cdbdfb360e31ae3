// SPDX-License-Identifier: Apache-2.0
#include "data/worker.hpp"

#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>
#include <vector>

#include "core/error.hpp"

using namespace ebmpi;

TEST_CASE("Jobs are done one after another, in their order", "[data]") {
  data::Worker worker;
  std::vector<int> done;
  for (int i = 0; i < 100; ++i) worker.add([&done, i] { done.push_back(i); });
  const std::int64_t last = worker.add([&done] { done.push_back(100); });
  worker.wait_for(last);
  REQUIRE(done.size() == 101);
  for (int i = 0; i <= 100; ++i) CHECK(done[i] == i);
  CHECK_NOTHROW(worker.wait_for(1));
  CHECK_NOTHROW(worker.check());
}

TEST_CASE("The error of a job reaches whoever asks, and no job follows it", "[data]") {
  data::Worker worker;
  bool went_on = false;
  const std::int64_t good = worker.add([] {});
  worker.wait_for(good);
  const std::int64_t bad = worker.add([] { throw core::FileError("gone"); });
  const std::int64_t later = worker.add([&went_on] { went_on = true; });
  CHECK_THROWS_AS(worker.wait_for(later), core::FileError);
  CHECK_THROWS_AS(worker.wait_for(bad), core::FileError);
  CHECK_THROWS_AS(worker.check(), core::FileError);
  CHECK_FALSE(went_on);
}

TEST_CASE("The end of a worker waits for the job at hand and drops the others", "[data]") {
  bool ended = false, dropped = true;
  std::atomic<bool> begun = false;
  {
    data::Worker worker;
    worker.add([&] {
      begun = true;
      while (!worker.is_ending()) std::this_thread::yield();
      ended = true;
    });
    worker.add([&] { dropped = false; });
    while (!begun) std::this_thread::yield();
  }
  CHECK(ended);
  CHECK(dropped);
  { data::Worker idle; }  // one without jobs ends as well
}

TEST_CASE("A worker leaves signals to the main thread", "[data]") {
  data::Worker worker;
  bool blocked = false;
  worker.wait_for(worker.add([&blocked] {
    sigset_t mask;
    pthread_sigmask(SIG_BLOCK, nullptr, &mask);
    blocked = sigismember(&mask, SIGUSR1) == 1 && sigismember(&mask, SIGTERM) == 1;
  }));
  CHECK(blocked);
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  CHECK(sigismember(&mask, SIGUSR1) == 0);
}
