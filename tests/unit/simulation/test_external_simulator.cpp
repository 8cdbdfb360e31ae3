// SPDX-License-Identifier: Apache-2.0
#include "simulation/external_simulator.hpp"

#include <sched.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <set>
#include <thread>

#include "support/moments.hpp"
#include "worker_settings.hpp"

using namespace ebmpi;
using namespace ebmpi::test;

namespace {

/// What simulate_means gives on a simulator that nothing is wrong with.
std::vector<double> expected_means(std::int64_t rows) {
  const auto simulator = simulation::make_simulator(worker_settings("good"));
  return simulate_means(*simulator, rows);
}

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

}  // namespace

TEST_CASE("Rows reach a simulator with their parameters, and their seeds are spread evenly", "[simulation]") {
  skip_without_python();
  const auto simulator = simulation::make_simulator(worker_settings("good"));
  const std::vector<double> x = simulate_rows(*simulator, {3.0, 2.0}, 5000);
  const std::vector<double> first = column(x, 2, 0), second = column(x, 2, 1);
  CHECK(estimate(first).agrees(3.0));
  CHECK(estimate(second).agrees(-3.0));
  CHECK(estimate(squares_about(first, 3.0)).agrees(4.0));
  CHECK(simulator->tally().restarts == 0);
  CHECK(simulator->parameters()[1].name == "deviation");
  CHECK(simulator->column_names() == std::vector<std::string>{"x_0", "x_1"});
}

TEST_CASE("Seeds are different, of 53 bits, and all of these are used", "[simulation]") {
  std::set<std::uint64_t> seeds;
  std::uint64_t all = 0;
  for (std::uint32_t step = 0; step < 3; ++step) {
    for (std::int64_t number = 0; number < 1000; ++number) {
      const std::uint64_t seed = simulation::seed_of_row(context().key, step, number);
      seeds.insert(seed);
      all |= seed;
    }
  }
  CHECK(seeds.size() == 3000);
  CHECK(all == (std::uint64_t{1} << 53) - 1);
}

TEST_CASE("Results depend neither on workers nor on batches nor on calls", "[simulation]") {
  skip_without_python();
  const std::vector<double> expected = expected_means(40);
  for (const auto& [workers, batch] : {std::pair{1, 1}, {3, 5}, {2, 1000}}) {
    simulation::Settings settings = worker_settings("slow");
    settings.workers = workers;
    settings.batch = batch;
    const auto simulator = simulation::make_simulator(settings);
    std::vector<double> x = simulate_means(*simulator, 15);
    const std::vector<double> rest = simulate_means(*simulator, 25, 15);
    x.insert(x.end(), rest.begin(), rest.end());
    CHECK(x == expected);
    CHECK(simulator->tally().restarts == 0);
  }
}

TEST_CASE("The number of columns is learned from the first answer", "[simulation]") {
  skip_without_python();
  simulation::Settings settings = worker_settings("good");
  settings.columns = 0;
  settings.typical = {1.0, 2.0};
  const auto simulator = simulation::make_simulator(settings);
  CHECK(simulator->columns() == 2);
  CHECK(simulator->parameters()[1].typical == 2.0);
  CHECK(simulate_means(*simulator, 20) == expected_means(20));
}

TEST_CASE("A worker that fails once is replaced, and nobody sees it in the results", "[simulation]") {
  skip_without_python();
  const std::vector<double> expected = expected_means(30);
  for (const std::string mode : {"exit_once ", "hang_once ", "short_once "}) {
    CAPTURE(mode);
    const ScratchName mark;
    simulation::Settings settings = worker_settings(mode + mark.path());
    if (mode == "hang_once ") settings.timeout = 1.0;
    const auto simulator = simulation::make_simulator(settings);
    CHECK(simulate_means(*simulator, 30) == expected);
    CHECK(simulator->tally().restarts == 1);
    CHECK(simulator->tally().timeouts == (mode == "hang_once " ? 1 : 0));
    CHECK(simulate_means(*simulator, 30) == expected);
    CHECK(simulator->tally().restarts == 1);
  }
}

TEST_CASE("A worker that writes a lot to its standard error blocks nobody", "[simulation]") {
  skip_without_python();
  const auto simulator = simulation::make_simulator(worker_settings("chatty"));
  CHECK(simulate_means(*simulator, 20) == expected_means(20));
}

TEST_CASE("Answers longer than any pipe holds arrive whole", "[simulation]") {
  skip_without_python();
  simulation::Settings settings = worker_settings("wide");
  settings.columns = 50000;
  settings.batch = 1000;
  const auto simulator = simulation::make_simulator(settings);
  const std::vector<double> x = simulate_means(*simulator, 30);
  for (std::size_t row = 0; row < 30; ++row) {
    CHECK(x[50000 * row] == static_cast<double>(row));
    CHECK(x[50000 * row + 49999] == 49999.0);
  }
}

TEST_CASE("Nothing is left behind: no process, no zombie, no descriptor", "[simulation]") {
  skip_without_python();
  const std::ptrdiff_t before = open_descriptors();
  const ScratchName file;
  for (const std::string& mode :
       {std::string("good"), std::string("stubborn"), "grandchild " + file.path()}) {
    const auto begin = std::chrono::steady_clock::now();
    {
      const auto simulator = simulation::make_simulator(worker_settings(mode));
      simulate_means(*simulator, 20);
    }
    const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    CHECK(seconds < 10.0);
    CHECK(::waitpid(-1, nullptr, WNOHANG) == -1);  // no child
    CHECK(errno == ECHILD);
    CHECK(open_descriptors() == before);
  }
  std::ifstream stream(file.path());
  pid_t grandchild = 0;
  stream >> grandchild;
  REQUIRE(grandchild > 0);
  // It is a zombie until whoever has adopted it looks.
  const auto state = [&] {
    std::ifstream status("/proc/" + std::to_string(grandchild) + "/stat");
    std::string number, name, letter = "gone";
    status >> number >> name >> letter;
    return letter;
  };
  const auto has_ended = [&] { return state() == "gone" || state() == "Z"; };
  for (int i = 0; i < 100 && !has_ended(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  CHECK(has_ended());
}

TEST_CASE("A simulator does not hear which rank started it", "[simulation]") {
  ::setenv("PMIX_RANK", "3", 1);
  ::setenv("OMPI_COMM_WORLD_RANK", "3", 1);
  ::setenv("EBMPI_TEST_VARIABLE", "5", 1);
  simulation::Settings settings = worker_settings("");
  settings.command =
      "sh -c 'while read -r line; do "
      "echo $EBMPI_TEST_VARIABLE,${PMIX_RANK-0}${OMPI_COMM_WORLD_RANK-0}; done'";
  const auto simulator = simulation::make_simulator(settings);
  CHECK(simulate_means(*simulator, 1) == std::vector<double>{5.0, 0.0});
  ::unsetenv("PMIX_RANK");
  ::unsetenv("OMPI_COMM_WORLD_RANK");
  ::unsetenv("EBMPI_TEST_VARIABLE");
}

TEST_CASE("A simulator may run where any thread may", "[simulation]") {
  cpu_set_t before, one;
  REQUIRE(::sched_getaffinity(0, sizeof(before), &before) == 0);
  std::atomic<bool> done = false;
  std::thread other([&] { done.wait(false); });
  CPU_ZERO(&one);
  for (int cpu = 0; CPU_COUNT(&one) == 0; ++cpu) {
    if (CPU_ISSET(cpu, &before)) CPU_SET(cpu, &one);
  }
  CHECK(::sched_setaffinity(0, sizeof(one), &one) == 0);
  simulation::Settings settings = worker_settings("");
  settings.command = "sh -c 'while read -r line; do echo $(env -u OMP_NUM_THREADS nproc),0; done'";
  settings.workers = 1;
  const std::vector<double> x = simulate_means(*simulation::make_simulator(settings), 1);
  CHECK(x[0] == CPU_COUNT(&before));
  cpu_set_t after;
  CHECK(::sched_getaffinity(0, sizeof(after), &after) == 0);
  CHECK(CPU_EQUAL(&after, &one));
  ::sched_setaffinity(0, sizeof(before), &before);
  done = true;
  done.notify_all();
  other.join();
}

TEST_CASE("The example among the ready inputs counts what it says", "[simulation]") {
  skip_without_python();
  simulation::Settings settings = worker_settings("");
  settings.command = "python3 " EBMPI_TEST_DATA_DIR "/../jobs/inference/external/simulator.py";
  settings.parameter_names = {"activity", "lifetime"};
  settings.columns = 0;
  settings.typical = {50.0, 1.5};
  const auto simulator = simulation::make_simulator(settings);
  REQUIRE(simulator->columns() == 3);
  const std::vector<double> x = simulate_rows(*simulator, {50.0, 1.5}, 2000);
  for (std::size_t time = 0; time < 3; ++time) {
    const double mean = 5.0 + 50.0 * std::exp(-static_cast<double>(time) / 1.5);
    CHECK(estimate(column(x, 3, time)).agrees(mean));
    CHECK(estimate(squares_about(column(x, 3, time), mean)).agrees(mean));
  }
  CHECK(x == simulate_rows(*simulator, {50.0, 1.5}, 2000));
}
