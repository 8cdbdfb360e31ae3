// SPDX-License-Identifier: Apache-2.0
#include "benchmark/chain_work.hpp"

#include <numeric>

#include "core/random.hpp"
#include "core/to_device.hpp"
#include "network/evaluate.hpp"
#include "network/mlp_energy.hpp"
#include "sampling/langevin.hpp"
#include "sampling/transitions.hpp"

namespace ebmpi::benchmark {

ChainWork::ChainWork(const BenchNetwork& network, std::int64_t samples)
    : mlp_(network.shape()),
      x_("ebmpi::benchmark::x", samples, network.inputs),
      energies_("ebmpi::benchmark::energies", samples),
      gradients_("ebmpi::benchmark::gradients", samples, network.inputs) {
  mlp_.initialize(1);
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(samples));
  std::iota(numbers.begin(), numbers.end(), 0);
  numbers_ = core::to_device<std::int64_t>(numbers, "ebmpi::benchmark::numbers");
}

void ChainWork::energy() {
  network::evaluate(core::ExecutionSpace(), network::MlpEnergy<Scalar>{mlp_.view()}, x_, energies_);
}

void ChainWork::langevin(int steps) {
  sampling::LangevinSettings settings;
  settings.steps = steps;
  sampling::run_langevin(core::ExecutionSpace(), network::MlpEnergy<Scalar>{mlp_.view()}, settings,
                         core::stream_key(1, core::Purpose::chain_noise), 0u, {x_, numbers_});
}

void ChainWork::transitions(int count, int leapfrogs) {
  constexpr double step_size = 0.1;
  sampling::run_transitions(core::ExecutionSpace(), network::MlpEnergy<Scalar>{mlp_.view()}, {},
                            {sampling::Proposal::trajectory, leapfrogs, 0.0}, count, step_size,
                            sampling::transition_keys(1, core::Purpose::chain_noise), 0u,
                            {x_, gradients_, energies_, numbers_});
}

}  // namespace ebmpi::benchmark
