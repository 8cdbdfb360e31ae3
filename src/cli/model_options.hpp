// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "core/build_info.hpp"
#include "io/file_writer.hpp"
#include "training/model.hpp"

namespace ebmpi::cli {

/// Which model a command works with.
struct ModelArguments {
  std::string model;
  std::string parameters = "ema";

  training::Parameters which() const {
    return parameters == "last" ? training::Parameters::last : training::Parameters::average;
  }
};

/// Adds MODEL and --parameters to a subcommand. `arguments` must outlive it.
void add_model_options(CLI::App& command, ModelArguments& arguments);

/// The root attributes by which an output file tells what made it.
template <class Scalar>
void write_origin(io::FileWriter& file, const ModelArguments& arguments,
                  const training::Model<Scalar>& model) {
  file.attribute("/", "model", model.checkpoint);
  file.attribute("/", "model_step", model.step);
  file.attribute("/", "parameters", arguments.parameters);
  file.attribute("/", "program_version", std::string(core::build_info().version));
}

}  // namespace ebmpi::cli
