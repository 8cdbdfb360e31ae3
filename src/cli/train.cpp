// SPDX-License-Identifier: Apache-2.0
#include <memory>

#include "cli/command.hpp"
#include "cli/run_arguments.hpp"
#include "training/run.hpp"

namespace ebmpi::cli {
namespace {

int train(const comm::Communicator& communicator, const RunArguments& arguments) {
  const config::RunConfig config = read_config(communicator, arguments, config::Program::train);
  const training::RunOptions options = run_options(arguments);
  if (arguments.check) {
    training::check_training(communicator, config);
    return static_cast<int>(core::ExitCode::done);
  }
  return static_cast<int>(training::run_training(communicator, config, options));
}

}  // namespace

void add_train(CLI::App& program, Action& action) {
  const auto arguments = std::make_shared<RunArguments>();
  CLI::App* const command =
      program.add_subcommand("train", "Train an energy-based model as a config file says");
  add_config_options(*command, *arguments, "jobs/annotated.toml");
  add_run_options(*command, *arguments, "Parameter updates in place of run.steps",
                  "Validate everything, print parameters, memory and work of a step, and quit");
  command->callback([arguments, &action] {
    action = [arguments](const comm::Communicator& communicator) { return train(communicator, *arguments); };
  });
}

}  // namespace ebmpi::cli
