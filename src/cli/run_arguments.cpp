// SPDX-License-Identifier: Apache-2.0
#include "cli/run_arguments.hpp"

#include <limits>

#include "config/duration.hpp"
#include "config/parse.hpp"
#include "io/text_file.hpp"

namespace ebmpi::cli {

void add_config_options(CLI::App& command, RunArguments& arguments, const std::string& every_key) {
  command.add_option("CONFIG", arguments.config, "TOML file; " + every_key + " lists every key")->required();
  command
      .add_option("--set", arguments.overrides,
                  "section.key=value in place of what the file says; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
}

void add_run_options(CLI::App& command, RunArguments& arguments, const std::string& steps,
                     const std::string& check) {
  command.add_option("--output", arguments.output, "Run folder in place of run.output");
  command
      .add_option("--resume", arguments.resume,
                  "auto: go on where the run folder's newest valid checkpoint left off; never: start, and "
                  "refuse a folder that "
                  "holds checkpoints; FILE: go on from this checkpoint")
      ->type_name("auto|never|FILE")
      ->capture_default_str();
  command.add_option("--steps", arguments.steps, steps)
      ->check(CLI::Range(std::int64_t{1}, std::numeric_limits<std::int64_t>::max()));
  command.add_option(
      "--time-limit", arguments.time_limit,
      "Stop with a checkpoint and exit code 75 before this much time has passed: 3h50m, 90s, 1-02:30:00");
  command.add_flag("--check", arguments.check, check);
}

config::RunConfig read_config(const comm::Communicator& communicator, const RunArguments& arguments,
                              config::Program program) {
  std::vector<std::string> overrides = arguments.overrides;
  if (arguments.steps != 0) overrides.push_back("run.steps=" + std::to_string(arguments.steps));
  const std::string text = io::read_text_file(communicator, arguments.config);
  config::RunConfig config = config::parse_config(text, arguments.config, overrides, program);
  if (!arguments.output.empty()) config.run.output = arguments.output;
  return config;
}

training::RunOptions run_options(const RunArguments& arguments) {
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

}  // namespace ebmpi::cli
