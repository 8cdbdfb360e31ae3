// SPDX-License-Identifier: Apache-2.0
#include "config/cross_checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string_view>

#include "config/densities.hpp"
#include "config/derived.hpp"
#include "config/key_value.hpp"

namespace ebmpi::config {

namespace {

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

private:
  using Names = std::initializer_list<std::string_view>;

  bool usable(std::string_view name) const { return !given_.unusable.contains(&key_named(name)); }
  bool all_usable(Names names) const {
    return std::ranges::all_of(names, [this](std::string_view name) { return usable(name); });
  }
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
    const bool judged = is_given(key) && key.condition.holds && usable(key.condition.controller);
    if (!judged || key.applies(config_)) continue;
    if (two_sources && key.section == "data") continue;  // reported once, by check_data_source
    problems_.add(given_.places.at(&key),
                  fmt::format("{} {} (here {}); {}", key.dotted(), key.condition.statement,
                              describe(key.condition.controller), key.condition.remedy));
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
                       "data.dimension or use gaussian, gaussian_mixture or double_well",
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
}

}  // namespace ebmpi::config
