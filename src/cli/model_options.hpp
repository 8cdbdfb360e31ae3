// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/build_info.hpp"
#include "io/file_writer.hpp"
#include "training/model.hpp"

namespace ebmpi::cli {

/// Which model a command works with.
struct ModelArguments {
  std::string model;
  std::string parameters = "ema";
  std::optional<double> sigma;
  std::string sigma_option = "--sigma";  // by which it is given

  training::Parameters which() const {
    return parameters == "last" ? training::Parameters::last : training::Parameters::average;
  }
};

/// Adds MODEL, --parameters and arguments.sigma_option to a subcommand. `arguments` must outlive it.
void add_model_options(CLI::App& command, ModelArguments& arguments);

/// The names of the options of a subcommand that were given.
std::vector<std::string> given_options(const CLI::App& command);

/// The noise level that the arguments ask for. Throws core::InputError where the model is told none.
template <class Scalar>
void apply_sigma(const ModelArguments& arguments, training::Model<Scalar>& model);

/// Collective. `use(model)` on the model that the arguments name.
template <class Use>
auto with_model(const comm::Communicator& communicator, const ModelArguments& arguments, const Use& use) {
  return training::with_model(communicator, arguments.model, arguments.which(), [&](auto model) {
    apply_sigma(arguments, model);
    return use(std::as_const(model));
  });
}

/// The root attributes by which an output file tells what made it.
template <class Scalar>
void write_origin(io::FileWriter& file, const ModelArguments& arguments,
                  const training::Model<Scalar>& model) {
  file.attribute("/", "model", model.checkpoint);
  file.attribute("/", "model_step", model.step);
  file.attribute("/", "parameters", arguments.parameters);
  if (model.sigma > 0.0) file.attribute("/", "sigma", model.sigma);
  file.attribute("/", "program_version", std::string(core::build_info().version));
}

}  // namespace ebmpi::cli
