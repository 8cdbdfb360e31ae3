// SPDX-License-Identifier: Apache-2.0
#include "simulation/file_exchange.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include "core/error.hpp"
#include "io/file_reader.hpp"
#include "io/file_writer.hpp"
#include "worker_settings.hpp"

using namespace ebmpi;
using namespace ebmpi::test;
using Catch::Matchers::ContainsSubstring;

namespace {

/// What a simulator with x = (2 θ_0, seed mod 1000, 7) answers to a file of rows.
void answer(const comm::Communicator& alone, const std::string& input, const std::string& output) {
  const io::FileReader reader(alone, input);
  const io::Array<double> theta = reader.read_replicated<double>("/theta");
  const io::Array<std::int64_t> seed = reader.read_replicated<std::int64_t>("/seed");
  std::vector<float> x;
  for (std::size_t row = 0; row < seed.values.size(); ++row) {
    x.push_back(static_cast<float>(2.0 * theta.values[2 * row]));
    x.push_back(static_cast<float>(seed.values[row] % 1000));
    x.push_back(7.0f);
  }
  io::FileWriter writer(alone, output);
  writer.write_replicated("/x", {seed.shape[0], 3}, x);
  writer.commit();
}

}  // namespace

TEST_CASE("Rows travel in files and back", "[simulation]") {
  const comm::Communicator alone(MPI_COMM_SELF);
  const ScratchName folder;
  {
    simulation::FileExchange exchange(0, folder.path());
    const std::vector<std::uint64_t> seeds = {9007199254740991, 5};
    const std::vector<double> theta = {0.5, 1.0, 1.5, 2.0};
    const std::string line = exchange.ask({2, seeds, theta, {}});
    REQUIRE(line.ends_with("\n"));
    const std::size_t tab = line.find('\t');
    REQUIRE(tab != std::string::npos);
    const std::string input = line.substr(0, tab), output = line.substr(tab + 1, line.size() - tab - 2);
    answer(alone, input, output);
    std::vector<double> x(6);
    const simulation::Request request{2, seeds, theta, x};
    CHECK(exchange.take(request, 0, "finished")->what.find("'finished' is not done") != std::string::npos);
    CHECK_FALSE(exchange.take(request, 0, "done"));
    CHECK(exchange.columns() == 3);
    CHECK(x == std::vector<double>{1.0, 991.0, 7.0, 3.0, 5.0, 7.0});
    CHECK_FALSE(std::filesystem::exists(input));
    CHECK_FALSE(std::filesystem::exists(output));
    CHECK(exchange.take(request, 0, "done")->what.find("its file cannot be used") != std::string::npos);
    answer(alone, (exchange.ask({2, seeds, theta, {}}), input), output);
    const std::vector<std::uint64_t> three = {seeds[0], 5, 6};
    const std::vector<double> longer(6);
    CHECK(exchange.take({2, three, longer, {}}, 0, "done")->what.find("(2, 3)") != std::string::npos);
  }
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("A worker that answers with files is asked and replaced like the others", "[simulation]") {
  const comm::Communicator alone(MPI_COMM_SELF);
  const ScratchName folder, prepared, mark;
  {
    const std::vector<double> x = {1.0, 2.0, 3.0};
    io::FileWriter writer(alone, prepared.path());
    writer.write_replicated("/x", {1, 3}, x);
    writer.commit();
  }
  simulation::Settings settings = worker_settings("");
  settings.exchange = simulation::Exchange::hdf5;
  settings.columns = 0;
  settings.batch = 1;
  settings.scratch_folder = folder.path();
  // It does nothing the first time.
  settings.command = "sh -c 'while IFS=\"\t\" read -r theta x; do test -e " + mark.path() + " && cp " +
                     prepared.path() + " \"$x\"; touch " + mark.path() + "; echo done; done'";
  const auto simulator = simulation::make_simulator(settings);
  CHECK(simulator->columns() == 3);
  CHECK(simulator->tally().restarts == 1);
  CHECK(simulate_rows(*simulator, {0.0, 1.0}, 2) == std::vector<double>{1.0, 2.0, 3.0, 1.0, 2.0, 3.0});
}

TEST_CASE("A folder that cannot be made is told", "[simulation]") {
  simulation::Settings settings = worker_settings("good");
  settings.exchange = simulation::Exchange::hdf5;
  settings.scratch_folder = "/proc/nowhere";
  try {
    simulation::make_simulator(settings);
    FAIL("it was made");
  } catch (const core::InputError& error) {
    CHECK_THAT(error.what(), ContainsSubstring("simulator.scratch_folder"));
  }
}
