// SPDX-License-Identifier: Apache-2.0
#include "config/cross_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <string_view>
#include <vector>

#include "config/checker.hpp"
#include "config/densities.hpp"
#include "config/derived.hpp"
#include "config/key_value.hpp"

namespace ebmpi::config {

namespace {

bool is_score_matching(ObjectiveKind kind) {
  return kind == ObjectiveKind::score_matching || kind == ObjectiveKind::sliced_score_matching ||
         kind == ObjectiveKind::denoising_score_matching;
}

class TrainChecker : public Checker {
public:
  using Checker::Checker;

  void check_data_source() const;
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
};

void TrainChecker::check_data_source() const {
  if (!all_usable({"data.file", "data.density"})) return;
  const bool file = !config().data.file.empty();
  const bool density = !config().data.density.empty();
  if (file && density) {
    report({"data.file", "data.density"},
           fmt::format("{} and {} are both given (a run has one source of data); remove one of them",
                       describe("data.file"), describe("data.density")));
  } else if (!file && !density) {
    report({"data.file", "data.density"},
           "neither data.file nor data.density is given (a run needs data); add one of them to [data]");
  }
}

void TrainChecker::check_shards() const {
  if (!all_usable({"parallel.shards", "optimizer.batch_size"})) return;
  if (config().parallel.shards <= config().optimizer.batch_size) return;
  report({"parallel.shards", "optimizer.batch_size"},
         fmt::format(
             "{} exceeds {} (every shard needs a sample of each batch); use fewer shards or a larger batch",
             describe("parallel.shards"), describe("optimizer.batch_size")));
}

void TrainChecker::check_population() const {
  if (!all_usable({"sampler.population", "optimizer.batch_size", "parallel.shards", "objective.kind"}))
    return;
  if (config().objective.kind != ObjectiveKind::persistent_contrastive_divergence) return;
  // With population >= batch_size every shard has its share of a batch, since both are cut into balanced
  // slices of which the longer ones come first.
  if (config().sampler.population < config().optimizer.batch_size) {
    report(
        {"sampler.population", "optimizer.batch_size"},
        fmt::format(
            "{} is less than {} (a step advances as many different chains as the batch has samples); use a "
            "larger population or a smaller batch",
            describe("sampler.population"), describe("optimizer.batch_size")));
  } else if (config().sampler.population < resolved_shards(config())) {
    report(
        {"sampler.population", "parallel.shards"},
        fmt::format("{} is less than {} (every shard needs a chain); use a larger population or fewer shards",
                    describe("sampler.population"), describe("parallel.shards")));
  }
}

void TrainChecker::check_dimension() const {
  if (!all_usable({"data.density", "data.dimension", "data.pca", "data.file"})) return;
  const DataSection& data = config().data;
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

void TrainChecker::check_warmup() const {
  if (!all_usable({"optimizer.warmup_steps", "run.steps"})) return;
  if (config().optimizer.warmup_steps <= config().run.steps) return;
  report({"optimizer.warmup_steps", "run.steps"},
         fmt::format("{} exceeds {} (the learning rate would never be reached); shorten the warm-up",
                     describe("optimizer.warmup_steps"), describe("run.steps")));
}

void TrainChecker::check_smoothness() const {
  const Names names = {"network.activation", "objective.kind", "objective.gradient_penalty", "network.kind"};
  if (!all_usable(names) || core::is_smooth(config().network.activation)) return;
  // A score network gives denoising the score itself, and no derivative of it enters the loss.
  const bool kind_needs_it =
      is_score_matching(config().objective.kind) &&
      (has_energy(config()) || config().objective.kind != ObjectiveKind::denoising_score_matching);
  const bool penalty_needs_it = has_energy(config()) && config().objective.gradient_penalty > 0.0;
  if (!kind_needs_it && !penalty_needs_it) return;
  report(names, fmt::format("{} does not go with {} (the second derivative of that activation is zero almost "
                            "everywhere, so that the loss would be silently wrong); use a smooth one: silu, "
                            "tanh, softplus, gelu, sin or quadratic",
                            describe("network.activation"),
                            describe(kind_needs_it ? "objective.kind" : "objective.gradient_penalty")));
}

void TrainChecker::check_score_network() const {
  if (!all_usable({"network.kind", "objective.kind"})) return;
  if (has_energy(config()) || is_score_matching(config().objective.kind)) return;
  report({"network.kind", "objective.kind"},
         fmt::format("{} does not go with {} (a score network has no energy that could be contrasted); use "
                     "network.kind = \"mlp\", or objective.kind = \"score_matching\", "
                     "\"sliced_score_matching\" or \"denoising_score_matching\"",
                     describe("network.kind"), describe("objective.kind")));
}

void TrainChecker::check_ladder() const {
  if (!all_usable({"objective.sigmas", "objective.kind"}) || !is_noise_conditional(config())) return;
  const std::vector<double>& sigmas = config().objective.sigmas;
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

void TrainChecker::check_noise_ratio() const {
  constexpr double most_of_its_own = 63.0;  // with the datum itself they fill one tile
  if (!all_usable({"objective.noise_ratio", "objective.contrast", "objective.kind"})) return;
  if (!applies("objective.noise_ratio")) return;
  const double ratio = config().objective.noise_ratio;
  if (config().objective.contrast != NoiseContrast::binary) {
    if (ratio == std::floor(ratio) && ratio >= 1.0 && ratio <= most_of_its_own) return;
    report({"objective.noise_ratio", "objective.contrast"},
           fmt::format("{} does not go with {} (each datum is compared with that many samples of its own); "
                       "use a whole number from 1 to {}",
                       describe("objective.noise_ratio"), describe("objective.contrast"), most_of_its_own));
    return;
  }
  if (!all_usable({"optimizer.batch_size", "parallel.shards"})) return;
  const auto batch_size = static_cast<double>(config().optimizer.batch_size);
  if (ratio * batch_size >= static_cast<double>(resolved_shards(config()))) return;
  report({"objective.noise_ratio", "optimizer.batch_size", "parallel.shards"},
         fmt::format("{} with {} gives fewer noise samples than the {} shards (every shard needs one); use a "
                     "larger ratio, a larger batch or fewer shards",
                     describe("objective.noise_ratio"), describe("optimizer.batch_size"),
                     resolved_shards(config())));
}

void TrainChecker::check_patience() const {
  if (!all_usable({"run.patience", "run.validate_every", "data.validation_fraction"})) return;
  if (config().run.patience == 0) return;
  const auto needs = [this](std::string_view other, std::string_view reason) {
    report({"run.patience", other},
           fmt::format("{} does not go with {} ({}); give a larger {}, or patience = 0",
                       describe("run.patience"), describe(other), reason, other));
  };
  if (config().run.validate_every == 0) needs("run.validate_every", "there would be no validation to count");
  if (config().data.validation_fraction == 0.0) {
    needs("data.validation_fraction", "there would be no rows to validate on");
  }
  if (!usable("network.activation") || !usable("objective.kind")) return;
  if (is_validated_by_score(config()) && !core::is_smooth(config().network.activation)) {
    report({"run.patience", "network.activation"},
           fmt::format(
               "{} does not go with {} (this objective is validated by score matching, which needs a "
               "smooth activation); use one of silu, tanh, softplus, gelu, sin, quadratic, or patience = 0",
               describe("run.patience"), describe("network.activation")));
  }
}

void TrainChecker::check_window() const {
  if (!all_usable({"data.window", "optimizer.batch_size"}) || config().data.window == 0) return;
  if (config().data.window / 2 >= config().optimizer.batch_size) return;
  report({"data.window", "optimizer.batch_size"},
         fmt::format("{} is less than twice {} (half of it is drawn from while the other half is read, and "
                     "holds a batch at least); use a larger window, or 0 to keep all rows in memory",
                     describe("data.window"), describe("optimizer.batch_size")));
}

void TrainChecker::check_sampler() const {
  if (!all_usable({"sampler.kind", "objective.kind", "network.kind"})) return;
  const SamplerKind kind = config().sampler.kind;
  if (kind == SamplerKind::parallel_tempering && !is_persistent(config())) {
    report({"sampler.kind", "objective.kind"},
           fmt::format("{} does not go with {} (replicas have to stay for their exchanges to matter); use "
                       "objective.kind = \"persistent_contrastive_divergence\", or another sampler.kind",
                       describe("sampler.kind"), describe("objective.kind")));
  } else if (kind == SamplerKind::annealed_langevin && !is_contrastive_divergence(config())) {
    report({"sampler.kind", "objective.kind"},
           fmt::format("{} does not go with {} (only negative chains are annealed); remove it",
                       describe("sampler.kind"), describe("objective.kind")));
  } else if (!has_energy(config()) && !is_untested(config())) {
    report({"sampler.kind", "network.kind"},
           fmt::format("{} does not go with {} (a Metropolis test compares energies, and a score network has "
                       "none); use sampler.kind = \"langevin\"",
                       describe("sampler.kind"), describe("network.kind")));
  }
}

/// A coupling moves some coordinates by what the others are.
void TrainChecker::check_flow() const {
  const Names columns = {"data.density", "data.dimension", "data.pca", "objective.kind"};
  if (all_usable(columns) && has_flow(config())) {
    const bool is_line = !config().data.density.empty() && config().data.dimension == 1;
    if (config().data.pca == 1 || is_line) {
      report(
          {is_line ? "data.dimension" : "data.pca", "objective.kind"},
          fmt::format("{} does not go with {} (a coupling moves some coordinates by what the others are, so "
                      "that it needs two); use another objective",
                      describe(is_line ? "data.dimension" : "data.pca"), describe("objective.kind")));
    }
  }
  if (!all_usable({"objective.noise", "objective.noise_flow", "objective.kind"})) return;
  if (!applies("objective.noise_flow")) return;
  if (config().objective.noise_flow.empty()) {
    report({"objective.noise"}, fmt::format("{} needs a flow (none is named); give objective.noise_flow",
                                            describe("objective.noise")));
  }
  if (all_usable({"data.pca"}) && config().data.pca > 0) {
    report({"data.pca", "objective.noise"},
           fmt::format("{} does not go with {} (the flow is a density of all columns); use data.pca = 0, or "
                       "another noise",
                       describe("data.pca"), describe("objective.noise")));
  }
}

}  // namespace

void check_contradictions(const RunConfig& config, const std::string& file_name, const GivenKeys& given,
                          Problems& problems) {
  if (config.program == Program::infer) return check_infer(config, file_name, given, problems);
  const TrainChecker checker(config, file_name, given, problems);
  const bool two_sources = !config.data.file.empty() && !config.data.density.empty();
  checker.check_data_source();
  checker.check_conditions(two_sources ? "data" : "");
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
