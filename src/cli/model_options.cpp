// SPDX-License-Identifier: Apache-2.0
#include "cli/model_options.hpp"

namespace ebmpi::cli {

void add_model_options(CLI::App& command, ModelArguments& arguments) {
  command
      .add_option("MODEL", arguments.model,
                  "Checkpoint file, or run folder and then its newest valid checkpoint")
      ->required();
  command
      .add_option("--parameters", arguments.parameters,
                  "ema: the moving average of the parameters; last: those of the last step")
      ->check(CLI::IsMember({"ema", "last"}))
      ->capture_default_str();
}

}  // namespace ebmpi::cli
