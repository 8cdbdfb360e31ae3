// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/run_arguments.hpp"
#include "inference/run.hpp"
#include "io/text_file.hpp"

namespace ebmpi::cli {
namespace {

struct SimulateArguments {
  RunArguments run;
  std::vector<double> parameters;
  std::int64_t count = 1000;
  std::int64_t seed = -1;
  std::string output;
};

int simulate(const comm::Communicator& communicator, const SimulateArguments& arguments) {
  const config::RunConfig config = read_config(communicator, arguments.run, config::Program::infer);
  io::require_writable(communicator, arguments.output);
  const std::int64_t seed = arguments.seed >= 0 ? arguments.seed : config.run.seed;
  inference::write_simulations(communicator, config, arguments.parameters, arguments.count,
                               static_cast<std::uint64_t>(seed), arguments.output);
  if (communicator.is_root()) fmt::print("{} rows; {}\n", arguments.count, arguments.output);
  return static_cast<int>(core::ExitCode::done);
}

}  // namespace

void add_simulate(CLI::App& program, Action& action) {
  const auto arguments = std::make_shared<SimulateArguments>();
  CLI::App* const command = program.add_subcommand(
      "simulate", "Draw data from the simulator of a config file, at given parameters");
  add_config_options(*command, arguments->run, "jobs/annotated_infer.toml");
  command
      ->add_option("--parameters", arguments->parameters,
                   "Parameters, one number for each; without it parameters.start")
      ->delimiter(',');
  command->add_option("--count", arguments->count, "Rows")
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()))
      ->capture_default_str();
  command->add_option("--seed", arguments->seed, "Seed in place of run.seed")
      ->check(CLI::Range(std::int64_t{0}, std::numeric_limits<std::int64_t>::max()));
  command->add_option("--output", arguments->output, "HDF5 file; the rows are its /x")->required();
  command->callback([arguments, &action] {
    action = [arguments](const comm::Communicator& communicator) {
      return simulate(communicator, *arguments);
    };
  });
}

}  // namespace ebmpi::cli
