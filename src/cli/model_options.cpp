// SPDX-License-Identifier: Apache-2.0
#include "cli/model_options.hpp"

#include "core/error.hpp"

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
  command
      .add_option("--sigma", arguments.sigma,
                  "Noise level, in standardised units, at which a model that was trained on several is asked "
                  "(default: "
                  "the lowest of them)")
      ->check(CLI::PositiveNumber);
}

std::vector<std::string> given_options(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* const option : command.get_options())
    if (option->count() > 0) names.push_back(option->get_name());
  return names;
}

template <class Scalar>
void apply_sigma(const std::optional<double>& sigma, training::Model<Scalar>& model) {
  if (!sigma) return;
  if (model.sigma == 0.0) {
    throw core::InputError(model.checkpoint +
                           " knows no noise levels, so that --sigma means nothing (it was not trained with "
                           "objective.sigmas); leave --sigma out");
  }
  model.sigma = *sigma;
  model.parts = model.at_noise(*sigma);
}

template void apply_sigma(const std::optional<double>&, training::Model<float>&);
template void apply_sigma(const std::optional<double>&, training::Model<double>&);

}  // namespace ebmpi::cli
