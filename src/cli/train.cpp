// SPDX-License-Identifier: Apache-2.0
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "config/duration.hpp"
#include "config/parse.hpp"
#include "io/text_file.hpp"
#include "training/run.hpp"

namespace ebmpi::cli {
namespace {

struct TrainArguments {
  std::string config;
  std::vector<std::string> overrides;
  std::string output;
  std::string resume = "auto";
  std::string time_limit;
  std::int64_t steps = 0;
  bool check = false;
};

/// The config file with all that the command line says on top of it.
config::RunConfig read_config(const comm::Communicator& communicator, const TrainArguments& arguments) {
  std::vector<std::string> overrides = arguments.overrides;
  if (arguments.steps != 0) overrides.push_back("run.steps=" + std::to_string(arguments.steps));
  const std::string text = io::read_text_file(communicator, arguments.config);
  config::RunConfig config = config::parse_config(text, arguments.config, overrides);
  if (!arguments.output.empty()) config.run.output = arguments.output;
  return config;
}

training::RunOptions run_options(const TrainArguments& arguments) {
  training::RunOptions options;
  if (!arguments.time_limit.empty())
    options.time_limit_seconds = config::parse_duration(arguments.time_limit);
  if (arguments.resume == "never") {
    options.resume = training::ResumeMode::never;
  } else if (arguments.resume != "auto") {
    options.resume = training::ResumeMode::from_file;
    options.resume_file = arguments.resume;
  }
  return options;
}

int train(const comm::Communicator& communicator, const TrainArguments& arguments) {
  const config::RunConfig config = read_config(communicator, arguments);
  const training::RunOptions options = run_options(arguments);
  if (arguments.check) {
    training::check_training(communicator, config);
    return static_cast<int>(core::ExitCode::done);
  }
  return static_cast<int>(training::run_training(communicator, config, options));
}

}  // namespace

void add_train(CLI::App& program, Action& action) {
  const auto arguments = std::make_shared<TrainArguments>();
  CLI::App* const command =
      program.add_subcommand("train", "Train an energy-based model as a config file says");
  command->add_option("CONFIG", arguments->config, "TOML file; jobs/annotated.toml lists every key")
      ->required();
  command
      ->add_option("--set", arguments->overrides,
                   "section.key=value in place of what the file says; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command->add_option("--output", arguments->output, "Run folder in place of run.output");
  command
      ->add_option("--resume", arguments->resume,
                   "auto: go on where the run folder's newest valid checkpoint left off; never: start, and "
                   "refuse a folder that "
                   "holds checkpoints; FILE: go on from this checkpoint")
      ->type_name("auto|never|FILE")
      ->capture_default_str();
  command->add_option("--steps", arguments->steps, "Parameter updates in place of run.steps")
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  command->add_option(
      "--time-limit", arguments->time_limit,
      "Stop with a checkpoint and exit code 75 before this much time has passed: 3h50m, 90s, 1-02:30:00");
  command->add_flag("--check", arguments->check,
                    "Validate everything, print parameters, memory and work of a step, and quit");
  command->callback([arguments, &action] {
    action = [arguments](const comm::Communicator& communicator) { return train(communicator, *arguments); };
  });
}

}  // namespace ebmpi::cli
