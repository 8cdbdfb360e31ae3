// SPDX-License-Identifier: Apache-2.0
#include "cli/model_options.hpp"

#include "core/error.hpp"

namespace ebmpi::cli {

void add_model_options(CLI::App& command, ModelArguments& arguments) {
  command
      .add_option(
          "MODEL", arguments.model,
          "Checkpoint or combination file; run folder, and then its newest valid checkpoint; flow: before "
          "either, the flow that was trained there in place of its energy; or a density in closed form, "
          "density:NAME,dimension=D,noise=S")
      ->required();
  command
      .add_option("--parameters", arguments.parameters,
                  "ema: the moving average of the parameters; last: those of the last step")
      ->check(CLI::IsMember({"ema", "last"}))
      ->capture_default_str();
  command
      .add_option(arguments.sigma_option, arguments.sigma,
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
void apply_sigma(const ModelArguments& arguments, training::Model<Scalar>& model) {
  if (!arguments.sigma) return;
  if (model.sigma == 0.0) {
    const std::string& option = arguments.sigma_option;
    throw core::InputError(model.checkpoint + " knows no noise levels, so that " + option +
                           " means nothing (it was not trained with objective.sigmas); leave " + option +
                           " out");
  }
  model.sigma = *arguments.sigma;
  model.parts = model.at_noise(model.sigma);
}

template void apply_sigma(const ModelArguments&, training::Model<float>&);
template void apply_sigma(const ModelArguments&, training::Model<double>&);

}  // namespace ebmpi::cli
