// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "config/run_config.hpp"
#include "training/run_start.hpp"

namespace ebmpi::cli {

/// The arguments of the commands that make a run from a config file.
struct RunArguments {
  std::string config;
  std::vector<std::string> overrides;
  std::string output;
  std::string resume = "auto";
  std::string time_limit;
  std::int64_t steps = 0;
  bool check = false;
};

/// CONFIG and --set, which lists of keys `every_key` has.
void add_config_options(CLI::App& command, RunArguments& arguments, const std::string& every_key);
/// The others, of which `steps` and `check` say what --steps and --check do.
void add_run_options(CLI::App& command, RunArguments& arguments, const std::string& steps,
                     const std::string& check);

/// The config file with all that the command line says on top of it. Collective; throws core::Error.
config::RunConfig read_config(const comm::Communicator& communicator, const RunArguments& arguments,
                              config::Program program);
training::RunOptions run_options(const RunArguments& arguments);

}  // namespace ebmpi::cli
