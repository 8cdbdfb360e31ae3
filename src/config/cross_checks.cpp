// SPDX-License-Identifier: Apache-2.0
#include "config/cross_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "config/densities.hpp"
#include "config/derived.hpp"
#include "config/key_value.hpp"

namespace ebmpi::config {

namespace {

bool is_score_matching(ObjectiveKind kind) {
  return kind == ObjectiveKind::score_matching || kind == ObjectiveKind::sliced_score_matching ||
         kind == ObjectiveKind::denoising_score_matching;
}

class Checker {
public:
  Checker(const RunConfig& config, const std::string& file_name, const GivenKeys& given, Problems& problems)
      : config_(config), file_name_(file_name), given_(given), problems_(problems) {}

  void check_data_source() const;
  void check_conditions() const;
  void check_shards() const;
  void check_population() const;
  void check_dimension() const;
  void check_warmup() const;
  void check_smoothness() const;
  void check_score_network() const;
  void check_ladder() const;
  void check_noise_ratio() const;
  void check_patience() const;
  void check_window() const;
  void check_sampler() const;
  void check_flow() const;

private:
  using Names = std::initializer_list<std::string_view>;

  bool usable(std::string_view name) const { return !given_.unusable.contains(&key_named(name)); }
  bool all_usable(Names names) const {
    return std::ranges::all_of(names, [this](std::string_view name) { return usable(name); });
  }
  bool applies(std::string_view name) const { return key_named(name).applies(config_); }
  bool is_given(const Key& key) const {
    return given_.places.contains(&key) && !given_.unusable.contains(&key);
  }

  /// `optimizer.batch_size = 256 (run.toml:9)`
  std::string describe(std::string_view name) const;
  /// Reports at the first of `names` that was given.
  void report(Names names, const std::string& text) const;

  const RunConfig& config_;
  const std::string& file_name_;
  const GivenKeys& given_;
  Problems& problems_;
};

std::string Checker::describe(std::string_view name) const {
  const auto place = given_.places.find(&key_named(name));
  return fmt::format("{} = {} ({})", name, format_value(key_named(name).value, config_),
                     place == given_.places.end() ? "the default" : place->second.text);
}

void Checker::report(Names names, const std::string& text) const {
  for (const std::string_view name : names) {
    const auto place = given_.places.find(&key_named(name));
    if (place != given_.places.end()) return problems_.add(place->second, text);
  }
  problems_.add(Place::in_file(file_name_), text);
}

void Checker::check_data_source() const {
  if (!all_usable({"data.file", "data.density"})) return;
  const bool file = !config_.data.file.empty();
  const bool density = !config_.data.density.empty();
  if (file && density) {
    report({"data.file", "data.density"},
           fmt::format("{} and {} are both given (a run has one source of data); remove one of them",
                       describe("data.file"), describe("data.density")));
  } else if (!file && !density) {
    report({"data.file", "data.density"},
           "neither data.file nor data.density is given (a run needs data); add one of them to [data]");
  }
}

void Checker::check_conditions() const {
  const bool two_sources = !config_.data.file.empty() && !config_.data.density.empty();
  for (const Key& key : key_table()) {
    if (!is_given(key)) continue;
    if (two_sources && key.section == "data") continue;  // reported once, by check_data_source
    const auto broken = std::ranges::find_if(key.conditions, [this](const Condition& condition) {
      return usable(condition.controller) && !condition.holds(config_);
    });
    if (broken == key.conditions.end()) continue;
    problems_.add(given_.places.at(&key), fmt::format("{} {} (here {}); {}", key.dotted(), broken->statement,
                                                      describe(broken->controller), broken->remedy));
  }
}

void Checker::check_shards() const {
  if (!all_usable({"parallel.shards", "optimizer.batch_size"})) return;
  if (config_.parallel.shards <= config_.optimizer.batch_size) return;
  report({"parallel.shards", "optimizer.batch_size"},
         fmt::format(
             "{} exceeds {} (every shard needs a sample of each batch); use fewer shards or a larger batch",
             describe("parallel.shards"), describe("optimizer.batch_size")));
}

void Checker::check_population() const {
  if (!all_usable({"sampler.population", "optimizer.batch_size", "parallel.shards", "objective.kind"}))
    return;
  if (config_.objective.kind != ObjectiveKind::persistent_contrastive_divergence) return;
  // With population >= batch_size every shard has its share of a batch, since both are cut into balanced
  // slices of which the longer ones come first.
  if (config_.sampler.population < config_.optimizer.batch_size) {
    report(
        {"sampler.population", "optimizer.batch_size"},
        fmt::format(
            "{} is less than {} (a step advances as many different chains as the batch has samples); use a "
            "larger population or a smaller batch",
            describe("sampler.population"), describe("optimizer.batch_size")));
  } else if (config_.sampler.population < resolved_shards(config_)) {
    report(
        {"sampler.population", "parallel.shards"},
        fmt::format("{} is less than {} (every shard needs a chain); use a larger population or fewer shards",
                    describe("sampler.population"), describe("parallel.shards")));
  }
}

void Checker::check_dimension() const {
  if (!all_usable({"data.density", "data.dimension", "data.pca", "data.file"})) return;
  const DataSection& data = config_.data;
  if (data.density.empty() || !data.file.empty()) return;
  if (data.dimension != 2 && !density_has_any_dimension(data.density)) {
    report({"data.dimension"},
           fmt::format("{} does not fit {} (that density exists in two dimensions only); remove "
                       "data.dimension or use gaussian, gaussian_mixture, double_well or funnel",
                       describe("data.dimension"), describe("data.density")));
  }
  if (data.pca > data.dimension) {
    report({"data.pca", "data.dimension"},
           fmt::format("{} exceeds {} (there are no more components than columns); use fewer components",
                       describe("data.pca"), describe("data.dimension")));
  }
}

void Checker::check_warmup() const {
  if (!all_usable({"optimizer.warmup_steps", "run.steps"})) return;
  if (config_.optimizer.warmup_steps <= config_.run.steps) return;
  report({"optimizer.warmup_steps", "run.steps"},
         fmt::format("{} exceeds {} (the learning rate would never be reached); shorten the warm-up",
                     describe("optimizer.warmup_steps"), describe("run.steps")));
}

void Checker::check_smoothness() const {
  const Names names = {"network.activation", "objective.kind", "objective.gradient_penalty", "network.kind"};
  if (!all_usable(names) || core::is_smooth(config_.network.activation)) return;
  // A score network gives denoising the score itself, and no derivative of it enters the loss.
  const bool kind_needs_it =
      is_score_matching(config_.objective.kind) &&
      (has_energy(config_) || config_.objective.kind != ObjectiveKind::denoising_score_matching);
  const bool penalty_needs_it = has_energy(config_) && config_.objective.gradient_penalty > 0.0;
  if (!kind_needs_it && !penalty_needs_it) return;
  report(names, fmt::format("{} does not go with {} (the second derivative of that activation is zero almost "
                            "everywhere, so that the loss would be silently wrong); use a smooth one: silu, "
                            "tanh, softplus, gelu, sin or quadratic",
                            describe("network.activation"),
                            describe(kind_needs_it ? "objective.kind" : "objective.gradient_penalty")));
}

void Checker::check_score_network() const {
  if (!all_usable({"network.kind", "objective.kind"})) return;
  if (has_energy(config_) || is_score_matching(config_.objective.kind)) return;
  report({"network.kind", "objective.kind"},
         fmt::format("{} does not go with {} (a score network has no energy that could be contrasted); use "
                     "network.kind = \"mlp\", or objective.kind = \"score_matching\", "
                     "\"sliced_score_matching\" or \"denoising_score_matching\"",
                     describe("network.kind"), describe("objective.kind")));
}

void Checker::check_ladder() const {
  if (!all_usable({"objective.sigmas", "objective.kind"}) || !is_noise_conditional(config_)) return;
  const std::vector<double>& sigmas = config_.objective.sigmas;
  if (sigmas.size() < 2) {
    report({"objective.sigmas"},
           fmt::format("{} has one entry (a ladder has at least two); add another, or give sigma instead",
                       describe("objective.sigmas")));
  } else if (std::ranges::adjacent_find(sigmas, std::less_equal{}) != sigmas.end()) {
    report({"objective.sigmas"},
           fmt::format("{} does not fall from each entry to the next (the ladder goes from the largest noise "
                       "to the smallest); order the entries, each once",
                       describe("objective.sigmas")));
  }
}

void Checker::check_noise_ratio() const {
  constexpr double most_of_its_own = 63.0;  // with the datum itself they fill one tile
  if (!all_usable({"objective.noise_ratio", "objective.contrast", "objective.kind"})) return;
  if (!applies("objective.noise_ratio")) return;
  const double ratio = config_.objective.noise_ratio;
  if (config_.objective.contrast != NoiseContrast::binary) {
    if (ratio == std::floor(ratio) && ratio >= 1.0 && ratio <= most_of_its_own) return;
    report({"objective.noise_ratio", "objective.contrast"},
           fmt::format("{} does not go with {} (each datum is compared with that many samples of its own); "
                       "use a whole number from 1 to {}",
                       describe("objective.noise_ratio"), describe("objective.contrast"), most_of_its_own));
    return;
  }
  if (!all_usable({"optimizer.batch_size", "parallel.shards"})) return;
  const auto batch_size = static_cast<double>(config_.optimizer.batch_size);
  if (ratio * batch_size >= static_cast<double>(resolved_shards(config_))) return;
  report({"objective.noise_ratio", "optimizer.batch_size", "parallel.shards"},
         fmt::format("{} with {} gives fewer noise samples than the {} shards (every shard needs one); use a "
                     "larger ratio, a larger batch or fewer shards",
                     describe("objective.noise_ratio"), describe("optimizer.batch_size"),
                     resolved_shards(config_)));
}

void Checker::check_patience() const {
  if (!all_usable({"run.patience", "run.validate_every", "data.validation_fraction"})) return;
  if (config_.run.patience == 0) return;
  const auto needs = [this](std::string_view other, std::string_view reason) {
    report({"run.patience", other},
           fmt::format("{} does not go with {} ({}); give a larger {}, or patience = 0",
                       describe("run.patience"), describe(other), reason, other));
  };
  if (config_.run.validate_every == 0) needs("run.validate_every", "there would be no validation to count");
  if (config_.data.validation_fraction == 0.0) {
    needs("data.validation_fraction", "there would be no rows to validate on");
  }
  if (!usable("network.activation") || !usable("objective.kind")) return;
  if (is_validated_by_score(config_) && !core::is_smooth(config_.network.activation)) {
    report({"run.patience", "network.activation"},
           fmt::format(
               "{} does not go with {} (this objective is validated by score matching, which needs a "
               "smooth activation); use one of silu, tanh, softplus, gelu, sin, quadratic, or patience = 0",
               describe("run.patience"), describe("network.activation")));
  }
}

void Checker::check_window() const {
  if (!all_usable({"data.window", "optimizer.batch_size"}) || config_.data.window == 0) return;
  if (config_.data.window / 2 >= config_.optimizer.batch_size) return;
  report({"data.window", "optimizer.batch_size"},
         fmt::format("{} is less than twice {} (half of it is drawn from while the other half is read, and "
                     "holds a batch at least); use a larger window, or 0 to keep all rows in memory",
                     describe("data.window"), describe("optimizer.batch_size")));
}

void Checker::check_sampler() const {
  if (!all_usable({"sampler.kind", "objective.kind", "network.kind"})) return;
  const SamplerKind kind = config_.sampler.kind;
  if (kind == SamplerKind::parallel_tempering && !is_persistent(config_)) {
    report({"sampler.kind", "objective.kind"},
           fmt::format("{} does not go with {} (replicas have to stay for their exchanges to matter); use "
                       "objective.kind = \"persistent_contrastive_divergence\", or another sampler.kind",
                       describe("sampler.kind"), describe("objective.kind")));
  } else if (kind == SamplerKind::annealed_langevin && !is_contrastive_divergence(config_)) {
    report({"sampler.kind", "objective.kind"},
           fmt::format("{} does not go with {} (only negative chains are annealed); remove it",
                       describe("sampler.kind"), describe("objective.kind")));
  } else if (!has_energy(config_) && !is_untested(config_)) {
    report({"sampler.kind", "network.kind"},
           fmt::format("{} does not go with {} (a Metropolis test compares energies, and a score network has "
                       "none); use sampler.kind = \"langevin\"",
                       describe("sampler.kind"), describe("network.kind")));
  }
}

/// A coupling moves some coordinates by what the others are.
void Checker::check_flow() const {
  const Names columns = {"data.density", "data.dimension", "data.pca", "objective.kind"};
  if (all_usable(columns) && has_flow(config_)) {
    const bool is_line = !config_.data.density.empty() && config_.data.dimension == 1;
    if (config_.data.pca == 1 || is_line) {
      report(
          {is_line ? "data.dimension" : "data.pca", "objective.kind"},
          fmt::format("{} does not go with {} (a coupling moves some coordinates by what the others are, so "
                      "that it needs two); use another objective",
                      describe(is_line ? "data.dimension" : "data.pca"), describe("objective.kind")));
    }
  }
  if (!all_usable({"objective.noise", "objective.noise_flow", "objective.kind"})) return;
  if (!applies("objective.noise_flow")) return;
  if (config_.objective.noise_flow.empty()) {
    report({"objective.noise"}, fmt::format("{} needs a flow (none is named); give objective.noise_flow",
                                            describe("objective.noise")));
  }
  if (all_usable({"data.pca"}) && config_.data.pca > 0) {
    report({"data.pca", "objective.noise"},
           fmt::format("{} does not go with {} (the flow is a density of all columns); use data.pca = 0, or "
                       "another noise",
                       describe("data.pca"), describe("objective.noise")));
  }
}

}  // namespace

void check_contradictions(const RunConfig& config, const std::string& file_name, const GivenKeys& given,
                          Problems& problems) {
  const Checker checker(config, file_name, given, problems);
  checker.check_data_source();
  checker.check_conditions();
  checker.check_shards();
  checker.check_population();
  checker.check_dimension();
  checker.check_warmup();
  checker.check_smoothness();
  checker.check_score_network();
  checker.check_ladder();
  checker.check_noise_ratio();
  checker.check_patience();
  checker.check_window();
  checker.check_sampler();
  checker.check_flow();
}

}  // namespace ebmpi::config
