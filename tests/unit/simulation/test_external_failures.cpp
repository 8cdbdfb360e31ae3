// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <chrono>
#include <thread>

#include "core/error.hpp"
#include "simulation/exchange.hpp"
#include "worker_settings.hpp"

using namespace ebmpi;
using namespace ebmpi::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// The message with which 20 rows, one of them with mean 13, fail. Not before long, whatever happens.
std::string failure(const simulation::Settings& settings) {
  const auto begin = std::chrono::steady_clock::now();
  std::string message = "it did not fail";
  try {
    const auto simulator = simulation::make_simulator(settings);
    simulate_means(*simulator, 20);
  } catch (const core::InputError& error) {
    message = error.what();
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  CHECK(spent.count() < 10.0);
  return message;
}

std::string failure(const std::string& mode) {
  return failure(worker_settings(mode));
}

}  // namespace

TEST_CASE("A crash is told with its code, the row, the seed and the last words", "[simulation]") {
  skip_without_python();
  const std::string text = failure("exit");
  CHECK_THAT(text, ContainsSubstring("simulator_worker.py exit'") && ContainsSubstring("exited with code 3"));
  CHECK_THAT(text, ContainsSubstring("asked 2 times for mean = 13, deviation = 1, seed = "));
  CHECK_THAT(text, ContainsSubstring("about to give up"));
  CHECK_THAT(failure("signal"), ContainsSubstring("was ended by signal 11"));
}

TEST_CASE("Silence is told, and ends in time", "[simulation]") {
  skip_without_python();
  for (const char* mode : {"hang", "half_line"}) {
    simulation::Settings settings = worker_settings(mode);
    settings.timeout = 0.5;
    const std::string text = failure(settings);
    CHECK_THAT(text, ContainsSubstring("mean = 13") && ContainsSubstring("no complete line for 0.5 s") &&
                         ContainsSubstring("simulator.timeout"));
  }
  CHECK_THAT(failure("close"),
             ContainsSubstring("mean = 13") && ContainsSubstring("closed its standard output"));
}

TEST_CASE("What is no answer is told with the line", "[simulation]") {
  skip_without_python();
  struct Lie {
    const char* mode;
    const char* text;
  };
  const Lie lies[] = {{"short", "its line '1' has 1 numbers where 2 are expected"},
                      {"long", "its line '1,2,3' has 3 numbers where 2 are expected"},
                      {"nan", "its line '1,nan' has nan as number 2, which is not finite"},
                      {"inf", "its line 'inf,1' has inf as number 1"},
                      {"word", "its line '1,two' is not numbers"},
                      {"empty", "its line '' is not numbers"},
                      {"semicolons", "its line '1;2' is not numbers"},
                      {"bytes", "its line '\?\?garbage' is not numbers"}};
  for (const Lie& lie : lies) {
    const std::string text = failure(lie.mode);
    CHECK_THAT(text, ContainsSubstring(lie.text) && ContainsSubstring("mean = 13"));
  }
  CHECK_THAT(failure("banner"), ContainsSubstring("its line 'welcome' is not numbers"));
}

TEST_CASE("More lines than rows are noticed", "[simulation]") {
  skip_without_python();
  // Two lines for each row: the first row of a new worker shows it.
  simulation::Settings settings = worker_settings("");
  settings.command = "sh -c 'while read -r line; do echo 1,2; echo 3,4; done'";
  CHECK_THAT(failure(settings), ContainsSubstring("more than it was asked for: '3,4"));
  // A single one somewhere shows at the end of the request, or on a busy machine, where the true last line
  // takes longer than anybody waits, before the next.
  const auto simulator = simulation::make_simulator(worker_settings("extra"));
  std::string message;
  for (int call = 0; call < 2 && message.empty(); ++call) {
    try {
      simulate_means(*simulator, 20);
      std::this_thread::sleep_for(std::chrono::milliseconds(500));
    } catch (const core::InputError& error) {
      message = error.what();
    }
  }
  CHECK_THAT(message, ContainsSubstring("more than it was asked for"));
}

TEST_CASE("A simulator must stay for more than a row", "[simulation]") {
  skip_without_python();
  CHECK_THAT(failure("one_shot"), ContainsSubstring("exited with code 0") &&
                                      ContainsSubstring("go on reading lines until its standard input ends"));
}

TEST_CASE("A command that is none is told with the shell's words", "[simulation]") {
  simulation::Settings settings = worker_settings("");
  settings.command = "/nowhere/simulator --fast";
  const std::string text = failure(settings);
  CHECK_THAT(text, ContainsSubstring("exited with code 127") && ContainsSubstring("not found"));
  settings.command = "true";
  CHECK_THAT(failure(settings), ContainsSubstring("exited with code 0"));
  settings.columns = 0;
  CHECK_THAT(failure(settings), ContainsSubstring("mean = 0"));
}

TEST_CASE("After a failure the simulator can be asked again", "[simulation]") {
  skip_without_python();
  const auto simulator = simulation::make_simulator(worker_settings("exit"));
  CHECK_THROWS_AS(simulate_means(*simulator, 20), core::InputError);
  const std::vector<double> x = simulate_means(*simulator, 10);
  CHECK(x == simulate_means(*simulation::make_simulator(worker_settings("good")), 10));
}

TEST_CASE("Numbers are read as any language prints them", "[simulation]") {
  simulation::CsvExchange exchange(0);
  const std::vector<std::uint64_t> seeds = {9007199254740991};
  const std::vector<double> theta = {0.1, -1e300};
  std::vector<double> x(6);
  const simulation::Request request{2, seeds, theta, x};
  CHECK(exchange.ask(request) == "9007199254740991,0.1,-1e+300\n");
  CHECK_FALSE(exchange.take(request, 0, " +1.5e0 ,-0, 1E-3,.5,1e-400,2\r"));
  CHECK(exchange.columns() == 6);
  CHECK(x == std::vector<double>{1.5, 0.0, 0.001, 0.5, 0.0, 2.0});
  CHECK(exchange.take(request, 0, "1,2,3,4,5,1e400")->what.find("not finite") != std::string::npos);
  CHECK(exchange.take(request, 0, "1,2,3,4,5,"));
  CHECK(exchange.take(request, 0, "1,2,3,4,5,6 7"));
  CHECK(exchange.take(request, 0, "1,2,3,4,5,0x10"));
}
