// SPDX-License-Identifier: Apache-2.0
// What the profiler of a user sees: every kernel, fence, region and View of a training step has a name that
// leads to its source.
#include <Kokkos_Core.hpp>
#include <catch2/catch_template_test_macros.hpp>
#include <catch2/catch_test_macros.hpp>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "unit/training/small_run.hpp"

using namespace ebmpi;
namespace tools = Kokkos::Tools::Experimental;

namespace {

/// What Kokkos reported since the last look. The callbacks of Kokkos Tools are plain functions, hence the
/// global.
struct Heard {
  std::set<std::string> kernels, fences, views;
  std::vector<std::string> allocations;
};
Heard heard;

void hear_kernel(const char* name, std::uint32_t, std::uint64_t*) {
  heard.kernels.insert(name);
}
void hear_fence(const char* name, std::uint32_t, std::uint64_t*) {
  heard.fences.insert(name);
}
void hear_allocation(Kokkos_Profiling_SpaceHandle, const char* label, const void*, std::uint64_t) {
  heard.allocations.emplace_back(label);
  heard.views.insert(label);
}
void hear_copy(Kokkos_Profiling_SpaceHandle, const char* to, const void*, Kokkos_Profiling_SpaceHandle,
               const char* from, const void*, std::uint64_t) {
  heard.views.insert({to, from});
}

/// Listens to Kokkos as long as it lives.
class Listener {
public:
  Listener() {
    heard = {};
    tools::set_begin_parallel_for_callback(hear_kernel);
    tools::set_begin_parallel_reduce_callback(hear_kernel);
    tools::set_begin_parallel_scan_callback(hear_kernel);
    tools::set_begin_fence_callback(hear_fence);
    tools::set_allocate_data_callback(hear_allocation);
    tools::set_begin_deep_copy_callback(hear_copy);
  }
  ~Listener() { tools::set_callbacks(tools::EventSet{}); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
};

/// Labels that neither read ebmpi::<folder>::<what> nor are Kokkos' own, which its internal work carries and
/// no caller can choose. A kernel without a label goes by the type of its lambda, which has brackets in it;
/// Kokkos says "Unnamed" of a fence without a label, and "(none)" or "Scalar" of the source where it copies
/// one value.
std::vector<std::string> foreign(const std::set<std::string>& labels) {
  static const std::regex own("ebmpi(::[a-z0-9_]+){2,}");
  std::vector<std::string> found;
  for (const std::string& label : labels) {
    const bool is_internal = label.starts_with("Kokkos::") && label.find("Unnamed") == std::string::npos;
    if (!std::regex_match(label, own) && !is_internal && label != "(none)" && label != "Scalar")
      found.push_back(label);
  }
  return found;
}

config::RunConfig with_chains_from(config::ChainStart start) {
  config::RunConfig config = test::small_config();
  config.objective.kind = config::ObjectiveKind::contrastive_divergence;
  config.sampler.start = start;
  return config;
}

config::RunConfig with_objective(config::ObjectiveKind kind) {
  config::RunConfig config = test::small_config();
  config.objective.kind = kind;
  return config;
}

/// Between them every objective, regulariser and kind of negative.
std::vector<config::RunConfig> kinds_of_run() {
  using config::ObjectiveKind;
  std::vector<config::RunConfig> runs = {test::small_config(), with_chains_from(config::ChainStart::noise),
                                         with_chains_from(config::ChainStart::data)};
  runs.back().optimizer.kind = config::OptimizerKind::sgd;
  for (const ObjectiveKind kind :
       {ObjectiveKind::score_matching, ObjectiveKind::sliced_score_matching,
        ObjectiveKind::denoising_score_matching, ObjectiveKind::noise_contrastive_estimation,
        ObjectiveKind::energy_discrepancy}) {
    runs.push_back(with_objective(kind));
  }
  runs[3].network.spectral_norm = true;
  runs[4].optimizer.weight_decay = 0.01;
  runs[5].objective.sigmas = {1.0, 0.1};
  runs[6].objective.noise = config::NoiseKind::mixture;
  runs[6].objective.gradient_penalty = 0.01;
  runs.push_back(with_objective(ObjectiveKind::noise_contrastive_estimation));
  runs.back().objective.contrast = config::NoiseContrast::ranking;
  runs.push_back(with_objective(ObjectiveKind::denoising_score_matching));
  runs.back().data.window = 200;
  runs.push_back(with_objective(ObjectiveKind::flow_contrastive_estimation));
  runs.back().objective.accuracy_threshold = 0.5;  // so that both have turns
  for (const config::SamplerKind kind : {config::SamplerKind::mala, config::SamplerKind::annealed_langevin,
                                         config::SamplerKind::parallel_tempering}) {
    runs.push_back(test::small_config());
    runs.back().sampler.kind = kind;
    runs.back().sampler.gradient_clip = 0.0;
    runs.back().sampler.adapt_steps = config::is_untested(runs.back()) ? 0 : 6;
    runs.back().sampler.box = 0.1;
  }
  return runs;
}

bool has_chains(const config::RunConfig& config) {
  return config::is_contrastive_divergence(config);
}

}  // namespace

TEMPLATE_TEST_CASE("Every kernel, fence and View of a run has a label of ebmpi", "[training][labels]", float,
                   double) {
  const std::vector<std::string> none;
  for (const config::RunConfig& config : kinds_of_run()) {
    const Listener listener;
    test::LoneTrainer<TestType> trainer(config);
    for (int step = 0; step < 3; ++step) trainer->step(training::StopReason::none);
    trainer->measure();
    trainer->validate();
    CHECK(foreign(heard.kernels) == none);
    CHECK(foreign(heard.fences) == none);
    CHECK(foreign(heard.views) == none);
    const char* const draw = config.data.window == 0 ? "ebmpi::data::draw" : "ebmpi::data::draw_streamed";
    for (const char* const kernel :
         {draw, "ebmpi::objective::add_jet_gradients", "ebmpi::core::collect_sums", "ebmpi::network::pack"}) {
      CHECK(heard.kernels.contains(kernel));  // the listener does hear
    }
    CHECK(heard.kernels.contains("ebmpi::network::draw_flow") == config::has_flow(config));
    const bool untested = has_chains(config) && config::is_untested(config);
    CHECK(heard.kernels.contains("ebmpi::sampling::langevin") == untested);
    CHECK(heard.kernels.contains("ebmpi::sampling::transitions") == (has_chains(config) && !untested));
    CHECK(heard.views.contains("ebmpi::network::parameters"));
  }
}

TEMPLATE_TEST_CASE("No memory is allocated in a training step after the first", "[training][labels]", float,
                   double) {
  for (const config::RunConfig& config : kinds_of_run()) {
    test::LoneTrainer<TestType> trainer(config);
    trainer->step(training::StopReason::none);
    trainer->measure();
    const Listener listener;
    for (int step = 0; step < 12; ++step)
      trainer->step(training::StopReason::none);  // 540 rows in batches of 90: two epochs
    CHECK(heard.kernels.contains("ebmpi::objective::add_jet_gradients"));
    CHECK(heard.allocations == std::vector<std::string>());
  }
}
