// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/model_options.hpp"
#include "core/error.hpp"
#include "training/combination.hpp"
#include "training/density_model.hpp"

namespace ebmpi::cli {
namespace {

using training::CombinationKind;

struct ComposeArguments {
  std::vector<std::string> product, mixture;
  std::vector<double> weights, log_z;
  std::string parameters = "ema", output;
  double temperature = 1.0;
  bool own_temperatures = false;

  CombinationKind kind() const {
    return product.empty() ? CombinationKind::mixture : CombinationKind::product;
  }
  const std::vector<std::string>& models() const { return product.empty() ? mixture : product; }
  const char* option() const { return product.empty() ? "--mixture" : "--product"; }
};

void check_count(const ComposeArguments& arguments, const std::vector<double>& values, const char* option) {
  if (values.empty() || values.size() == arguments.models().size()) return;
  throw core::InputError(
      fmt::format("{} has {} numbers for the {} models of {} (each needs its own); give one "
                  "for each, in their order",
                  option, values.size(), arguments.models().size(), arguments.option()));
}

void check_numbers(const ComposeArguments& arguments) {
  check_count(arguments, arguments.weights, "--weights");
  check_count(arguments, arguments.log_z, "--log-z");
  const bool is_mixture = arguments.kind() == CombinationKind::mixture;
  for (const double weight : arguments.weights) {
    if (std::isfinite(weight) && weight != 0.0 && (weight > 0.0 || !is_mixture)) continue;
    throw core::InputError(fmt::format(
        "--weights {} is no weight of a {} ({}); give {}", weight, is_mixture ? "mixture" : "product",
        is_mixture ? "a share of a mixture is above 0" : "an energy of weight 0 has no part in a product",
        is_mixture ? "positive numbers" : "numbers other than 0"));
  }
  if (!arguments.log_z.empty() && !is_mixture) {
    throw core::InputError(
        "--log-z and --product contradict each other (a product needs no log Z of its members); leave "
        "--log-z "
        "out");
  }
}

/// What stands behind the models' names in the given precision.
template <class Scalar>
std::vector<training::Model<Scalar>> read_models(const comm::Communicator& communicator,
                                                 const ComposeArguments& arguments,
                                                 const std::vector<training::FoundModel>& found) {
  const auto which =
      arguments.parameters == "last" ? training::Parameters::last : training::Parameters::average;
  std::vector<training::Model<Scalar>> models;
  for (const training::FoundModel& model : found)
    models.push_back(training::read_model<Scalar>(communicator, model.path, which));
  return models;
}

template <class Scalar>
void check_temperatures(const ComposeArguments& arguments,
                        const std::vector<training::Model<Scalar>>& models) {
  if (arguments.own_temperatures) return;
  const auto& first = models.front();
  for (const auto& model : models) {
    if (model.temperature == first.temperature) continue;
    throw core::InputError(fmt::format(
        "{} is an energy at temperature {:.6g} and {} one at {:.6g} (E/T is what has a density, so that the "
        "energies as they are do not go together); add --own-temperatures to take each at its own, or train "
        "them at one",
        first.checkpoint, first.temperature, model.checkpoint, model.temperature));
  }
}

/// log Z of a member of a mixture, in data units.
template <class Scalar>
double log_z_of(const ComposeArguments& arguments, const training::Model<Scalar>& model, std::size_t number) {
  if (!arguments.log_z.empty()) return arguments.log_z[number];
  if (model.known_log_z != training::KnownLogZ::none) return model.log_z;
  throw core::InputError(fmt::format(
      "a mixture needs the log Z of each model, and that of {} is not known (without it the shares mean "
      "nothing); find it with 'ebmpi evaluate' (log_z) and give --log-z with one number for each model, or "
      "train with noise contrastive estimation, which learns it",
      model.checkpoint));
}

template <class Scalar>
std::vector<training::Member> members_of(const ComposeArguments& arguments,
                                         const std::vector<training::Model<Scalar>>& models) {
  std::vector<training::Member> members;
  for (std::size_t i = 0; i < models.size(); ++i) {
    training::Member member;
    if (!arguments.weights.empty()) member.weight = arguments.weights[i];
    if (arguments.kind() == CombinationKind::mixture) member.log_z = log_z_of(arguments, models[i], i);
    members.push_back(member);
  }
  return members;
}

template <class Scalar>
std::string describe(const ComposeArguments& arguments, const std::vector<training::Model<Scalar>>& models,
                     const std::vector<training::Member>& members) {
  const bool is_mixture = arguments.kind() == CombinationKind::mixture;
  std::string text = is_mixture ? "mixture of" : "product of";
  for (std::size_t i = 0; i < models.size(); ++i) {
    text += fmt::format("{} {} (weight {:.6g}", i == 0 ? "" : ",", models[i].checkpoint, members[i].weight);
    text += is_mixture ? fmt::format(", log Z {:.6g})", members[i].log_z) : ")";
  }
  if (arguments.temperature != 1.0) text += fmt::format(", at temperature {:.6g}", arguments.temperature);
  return text;
}

template <class Scalar>
int compose_models(const comm::Communicator& communicator, const ComposeArguments& arguments,
                   const std::vector<training::FoundModel>& found) {
  const auto models = read_models<Scalar>(communicator, arguments, found);
  check_temperatures(arguments, models);
  const std::vector<training::Member> members = members_of(arguments, models);
  training::Model<Scalar> result = training::combine_models(arguments.kind(), models, members);
  if (arguments.temperature != 1.0) result = training::tempered(result, arguments.temperature);
  const std::string description = describe(arguments, models, members);
  training::write_combination(communicator, arguments.output, result, description);
  if (communicator.is_root()) fmt::print("{}: {}\n", arguments.output, description);
  return static_cast<int>(core::ExitCode::done);
}

/// In double precision where a trained model is; closed forms go along with the others.
int compose(const comm::Communicator& communicator, const ComposeArguments& arguments) {
  check_numbers(arguments);
  std::vector<training::FoundModel> found;
  for (const std::string& model : arguments.models())
    found.push_back(training::find_model(communicator, model));
  const auto is_trained = [](const training::FoundModel& model) {
    return !model.path.starts_with(training::density_prefix);
  };
  const bool some_trained = std::ranges::any_of(found, is_trained);
  const bool is_double = std::ranges::any_of(found, [&](const training::FoundModel& model) {
    return model.precision == config::Precision::double_precision && (is_trained(model) || !some_trained);
  });
  return is_double ? compose_models<double>(communicator, arguments, found)
                   : compose_models<float>(communicator, arguments, found);
}

}  // namespace

void add_compose(CLI::App& program, Action& action) {
  const auto arguments = std::make_shared<ComposeArguments>();
  CLI::App* const command =
      program.add_subcommand("compose", "Combine models into one that every command takes");
  command->footer(
      "A MODEL is a checkpoint, a run folder, a combination, or a density in closed form, as "
      "density:gaussian,dimension=2. The combination is over the same data, at temperature 1: each member "
      "counts as E/T, T its own temperature. The file holds whatever it needs: its members may be removed.");
  auto* const kinds = command->add_option_group("kind", "How to combine");
  kinds
      ->add_option("--product", arguments->product,
                   "E = sum of w E/T: what all agree on; a negative weight means 'and not'. One model alone, "
                   "with --temperature, is that model at another temperature")
      ->type_name("MODEL...");
  kinds
      ->add_option("--mixture", arguments->mixture,
                   "p = sum of w p: what any of them allows; needs the log Z of each")
      ->type_name("MODEL...");
  kinds->require_option(1);
  command->add_option("--weights", arguments->weights,
                      "One number for each model (default: 1); of a mixture in any unit");
  command->add_option(
      "--log-z", arguments->log_z,
      "log Z of each model of a mixture, in data units, as 'ebmpi evaluate' tells it (default: "
      "what noise contrastive estimation has learned)");
  command->add_option("--temperature", arguments->temperature, "Divides the combined energy")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_flag("--own-temperatures", arguments->own_temperatures,
                    "Combine models of different temperatures, each at its own");
  command
      ->add_option("--parameters", arguments->parameters,
                   "ema: the moving average of the parameters; last: those of the last step")
      ->check(CLI::IsMember({"ema", "last"}))
      ->capture_default_str();
  command->add_option("--output", arguments->output, "Model file to write")->required()->type_name("FILE.h5");
  command->callback([arguments, &action] {
    action = [arguments](const comm::Communicator& communicator) {
      return compose(communicator, *arguments);
    };
  });
}

}  // namespace ebmpi::cli
