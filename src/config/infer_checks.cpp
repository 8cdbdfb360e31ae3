// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "config/checker.hpp"
#include "config/derived.hpp"

namespace ebmpi::config {

namespace {

class InferChecker : public Checker {
public:
  using Checker::Checker;

  void check_observations() const;
  void check_simulator() const;
  void check_lengths() const;
  void check_bounds() const;
  void check_widths() const;
  void check_shards() const;
  void check_tail() const;
  void check_pilot() const;

private:
  /// A list of which each parameter has an entry.
  struct ParameterList {
    std::string_view name;
    std::size_t length;
  };

  std::array<ParameterList, 5> parameter_lists() const {
    const ParametersSection& parameters = config().parameters;
    return {{{"parameters.names", parameters.names.size()},
             {"parameters.start", parameters.start.size()},
             {"parameters.lower", parameters.lower.size()},
             {"parameters.upper", parameters.upper.size()},
             {"data.truth", config().data.truth.size()}}};
  }
  /// Entries that one of the lists has; 0 where none is given.
  std::size_t parameter_count() const;
  void check_width(std::string_view name, std::size_t length) const;
  void check_inside(std::string_view name, const std::vector<double>& point) const;
};

void InferChecker::check_observations() const {
  if (!all_usable({"data.file", "data.truth"})) return;
  const bool file = !config().data.file.empty();
  const bool truth = !config().data.truth.empty();
  if (file && truth) {
    report(
        {"data.file", "data.truth"},
        fmt::format("{} and {} are both given (observations come from a file or are simulated); remove one "
                    "of them",
                    describe("data.file"), describe("data.truth")));
  } else if (!file && !truth) {
    report({"data.file", "data.truth"},
           "neither data.file nor data.truth is given (parameters are fitted to observations); add one of "
           "them to [data]");
  }
}

void InferChecker::check_simulator() const {
  if (!usable("simulator.kind")) return;
  const SimulatorSection& simulator = config().simulator;
  if (simulator.kind.empty()) {
    report({}, "simulator.kind is not given (there is nothing to fit); add it to [simulator]");
  }
  if (simulator.kind == "sir" && all_usable({"simulator.infected", "simulator.population"}) &&
      simulator.infected >= simulator.population) {
    report({"simulator.infected", "simulator.population"},
           fmt::format("{} is not less than {} (nobody could be infected); lower it",
                       describe("simulator.infected"), describe("simulator.population")));
  }
  if (simulator.kind != "external") return;
  if (usable("simulator.command") && simulator.command.empty()) {
    report({"simulator.kind"},
           fmt::format("simulator.command is not given beside {} (it is what runs); add it to [simulator]",
                       describe("simulator.kind")));
  }
  if (usable("parameters.names") && config().parameters.names.empty()) {
    report({"simulator.kind"},
           fmt::format("parameters.names is not given beside {} (it tells how many parameters the command "
                       "takes); add it to [parameters]",
                       describe("simulator.kind")));
  }
}

std::size_t InferChecker::parameter_count() const {
  for (const ParameterList& list : parameter_lists()) {
    if (list.length > 0) return list.length;
  }
  return 0;
}

void InferChecker::check_lengths() const {
  const ParameterList* first = nullptr;
  const auto lists = parameter_lists();
  for (const ParameterList& list : lists) {
    if (!usable(list.name) || list.length == 0) continue;
    if (!first) first = &list;
    if (list.length == first->length) continue;
    report({list.name},
           fmt::format("{} has another length than {} (each has an entry for every parameter); make them "
                       "equally long",
                       describe(list.name), describe(first->name)));
  }
}

void InferChecker::check_inside(std::string_view name, const std::vector<double>& point) const {
  if (!usable(name)) return;
  const auto refuse = [&](std::size_t at, std::string_view bound, std::string_view side) {
    report({name, bound}, fmt::format("{} is not {} {} in entry {} (bounds are open); move one of them",
                                      describe(name), side, describe(bound), at));
  };
  const auto& [start, lower, upper, names, transform] = config().parameters;
  for (std::size_t at = 0; at < point.size(); ++at) {
    if (at < lower.size() && point[at] <= lower[at]) return refuse(at, "parameters.lower", "above");
    if (at < upper.size() && point[at] >= upper[at]) return refuse(at, "parameters.upper", "below");
  }
}

void InferChecker::check_bounds() const {
  if (!all_usable({"parameters.lower", "parameters.upper"})) return;
  const auto& [start, lower, upper, names, transform] = config().parameters;
  for (std::size_t at = 0; at < lower.size() && at < upper.size(); ++at) {
    if (lower[at] < upper[at]) continue;
    report({"parameters.lower", "parameters.upper"},
           fmt::format("{} is not below {} in entry {} (nothing is left between); move one of them",
                       describe("parameters.lower"), describe("parameters.upper"), at));
    return;
  }
  check_inside("parameters.start", start);
  check_inside("data.truth", config().data.truth);
}

void InferChecker::check_width(std::string_view name, std::size_t length) const {
  if (!usable(name)) return;
  const std::size_t parameters = parameter_count();
  if (length == 1 || (length > 0 && (parameters == 0 || length == parameters))) return;
  report({name}, fmt::format("{} has {} entries (it must have one, or one for each parameter); change it",
                             describe(name), length));
}

void InferChecker::check_widths() const {
  const InferenceSection& inference = config().inference;
  check_width("inference.width", inference.width.size());
  if (applies("inference.final_width")) check_width("inference.final_width", inference.final_width.size());
  if (applies("inference.pilot_widths") && usable("inference.pilot_widths") &&
      inference.pilot_widths.empty()) {
    report({"inference.pilot_widths"},
           fmt::format("{} is empty (there is no width to try); add one, or use width_rule = \"fixed\"",
                       describe("inference.pilot_widths")));
  }
}

void InferChecker::check_shards() const {
  if (!all_usable({"parallel.shards", "inference.simulations"})) return;
  if (config().parallel.shards <= config().inference.simulations) return;
  report({"parallel.shards", "inference.simulations"},
         fmt::format("{} exceeds {} (every shard needs a simulation of each step); use fewer shards or more "
                     "simulations",
                     describe("parallel.shards"), describe("inference.simulations")));
}

void InferChecker::check_tail() const {
  if (!all_usable({"inference.tail", "run.steps"})) return;
  if (config().run.steps - first_tail_step(config()) >= 2) return;
  report({"inference.tail", "run.steps"},
         fmt::format("{} of {} is less than two steps (the estimate is their mean, and its error their "
                     "scatter); use a larger share or more steps",
                     describe("inference.tail"), describe("run.steps")));
}

void InferChecker::check_pilot() const {
  if (!all_usable({"inference.width_rule", "inference.features"})) return;
  const InferenceSection& inference = config().inference;
  if (inference.width_rule != WidthRule::pilot || inference.features != FeatureKind::neural) return;
  report(
      {"inference.width_rule", "inference.features"},
      fmt::format("{} does not go with {} (the network has not learned anything when widths are compared); "
                  "run a pilot with features = \"quadratic\" and take its width",
                  describe("inference.width_rule"), describe("inference.features")));
}

}  // namespace

void check_infer(const RunConfig& config, const std::string& file_name, const GivenKeys& given,
                 Problems& problems) {
  const InferChecker checker(config, file_name, given, problems);
  const bool two_sources = !config.data.file.empty() && !config.data.truth.empty();
  checker.check_observations();
  checker.check_conditions(two_sources ? "data" : "");
  checker.check_simulator();
  checker.check_lengths();
  checker.check_bounds();
  checker.check_widths();
  checker.check_shards();
  checker.check_tail();
  checker.check_pilot();
}

}  // namespace ebmpi::config
