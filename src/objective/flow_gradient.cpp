// SPDX-License-Identifier: Apache-2.0
#include "objective/flow_gradient.hpp"

#include "network/flow_density.hpp"
#include "network/mlp_energy.hpp"
#include "objective/noise_contrast.hpp"

namespace ebmpi::objective {
namespace {

using network::FlowView;

template <class Scalar>
using Tile = network::FlowTile<Scalar, network::Keep::everything>;
template <class Scalar>
using EnergyTile = typename network::MlpEnergy<Scalar>::Tile;

/// Rows of one block, beside the workspaces of both networks.
template <class Scalar>
struct FlowBlock {
  static constexpr int size = core::tile_size;

  SampleBlock block;
  int dimension;
  Scalar* x;                // (D, tile_size), samples
  Scalar* z;                // (D, tile_size)
  Scalar* slope;            // (D, tile_size), ∇E, then what is pulled back
  Scalar* log_density;      // (tile_size), log q
  Scalar* energy;           // (tile_size)
  Scalar* log_det_adjoint;  // (tile_size)
  Scalar* terms;            // (flow_terms, tile_size)
  Scalar* ring;
  std::int64_t* numbers;  // (tile_size)

  KOKKOS_FORCEINLINE_FUNCTION FlowBlock(int dimension_of_samples, core::ScratchArena& arena)
      : dimension(dimension_of_samples) {
    const auto rows = static_cast<std::size_t>(dimension) * size;
    x = arena.take<Scalar>(rows);
    z = arena.take<Scalar>(rows);
    slope = arena.take<Scalar>(rows);
    log_density = arena.take<Scalar>(size);
    energy = arena.take<Scalar>(size);
    log_det_adjoint = arena.take<Scalar>(size);
    terms = arena.take<Scalar>(static_cast<std::size_t>(flow_terms) * size);
    ring =
        arena.take<Scalar>(static_cast<std::size_t>(core::NormalRows<Scalar>::ring_rows(dimension)) * size);
    numbers = arena.take<std::int64_t>(size);
  }

  KOKKOS_FORCEINLINE_FUNCTION Scalar* term(FlowTerm which) const {
    return terms + static_cast<int>(which) * size;
  }
};

/// The data, or samples from their normal; log q of them. Where lanes are left over, the last row again.
template <class Scalar, class Member>
KOKKOS_FORCEINLINE_FUNCTION void pass_forward(const Member& member, const FlowView<Scalar>& flow,
                                              const FlowBlock<Scalar>& b, const Tile<Scalar>& tile,
                                              const JetBatch<Scalar>& batch, core::PhiloxKey key) {
  const int count = b.block.count;
  if (b.block.is_data()) {
    core::load_tile(member, batch.samples, b.block.first, count, b.x);
    tile.normalize(member, b.x, b.z, b.log_density);
    network::add_normal_log_density(member, flow.dimension, b.z, b.log_density);
    return;
  }
  core::for_each(member, b.size,
                 [&](int lane) { b.numbers[lane] = b.block.number + (lane < count ? lane : count - 1); });
  network::draw_normal(member, key, batch.step, b.numbers, flow.dimension, b.ring, b.z);
  tile.generate(member, b.z, b.x, b.log_density);
  core::for_each_lane(member, 1, [=](int, int lane) { b.log_density[lane] = -b.log_density[lane]; });
  network::add_normal_log_density(member, flow.dimension, b.z, b.log_density);
}

/// The terms, and the derivatives that the sweep starts from: those of the loss with respect to log q of
/// data, or to x and log|det ∂x/∂z| of samples.
template <class Scalar, class Member>
KOKKOS_FORCEINLINE_FUNCTION void weigh(const Member& member, const FlowBlock<Scalar>& b,
                                       const Scalar* log_normalizer) {
  const bool is_data = b.block.is_data(), contrasts = log_normalizer != nullptr;
  const Scalar sign = is_data ? Scalar(1) : Scalar(-1);
  const Scalar c = contrasts ? *log_normalizer : Scalar(0);
  const int count = b.block.count;
  core::for_each_lane(member, flow_terms, [=](int row, int lane) { b.terms[row * b.size + lane] = 0; });
  core::for_each_lane(member, 1, [=](int, int lane) {
    const Scalar present = lane < count ? Scalar(1) : Scalar(0);
    Scalar loss = -b.log_density[lane], weight = Scalar(-1);
    if (contrasts) {
      // h of samples and 1 - h of data are the chances of a wrong guess.
      const Scalar u = sign * (c - b.energy[lane] - b.log_density[lane]);
      Scalar wrong;
      loss = softplus_and_slope(-u, wrong);
      weight = -wrong;
      b.term(is_data ? FlowTerm::energy_data : FlowTerm::energy_noise)[lane] = present * b.energy[lane];
      b.term(is_data ? FlowTerm::hits_data : FlowTerm::hits_noise)[lane] =
          u > Scalar(0) ? present : Scalar(0);
    }
    b.log_det_adjoint[lane] = present * weight;
    b.term(FlowTerm::loss)[lane] = present * loss;
    b.term(FlowTerm::volume_weight)[lane] = sign * present * weight;
    if (is_data) b.term(FlowTerm::log_density)[lane] = present * b.log_density[lane];
  });
  // ∂log N(z)/∂z = -z; ∂V/∂x = h ∇E.
  const Scalar* const from = is_data ? b.z : b.slope;
  core::for_each_lane(member, b.dimension, [=](int row, int lane) {
    b.slope[row * b.size + lane] = -b.log_det_adjoint[lane] * from[row * b.size + lane];
  });
}

/// The workspaces of both networks; the flow's is the last to be taken.
template <class Scalar>
struct Players {
  EnergyTile<Scalar> energy;
  Tile<Scalar> flow;

  KOKKOS_FORCEINLINE_FUNCTION Players(const network::MlpEnergy<Scalar>& rival,
                                      const FlowView<Scalar>& flow_view, core::ScratchArena& arena)
      : energy(rival, arena), flow(flow_view, arena) {}
};

template <class Scalar, class Member>
KOKKOS_FORCEINLINE_FUNCTION void add_block(const Member& member, core::ScratchArena arena,
                                           const FlowView<Scalar>& flow,
                                           const network::MlpEnergy<Scalar>& rival,
                                           const JetBatch<Scalar>& batch, const SampleBlock& block,
                                           core::PhiloxKey key, Task task,
                                           const core::FixedPointAdder& adder) {
  if (block.is_background() || (!rival.mlp.layers && !block.is_data())) return;
  FlowBlock<Scalar> b(flow.dimension, arena);
  b.block = block;
  const Players<Scalar> players(rival, flow, arena);
  pass_forward(member, flow, b, players.flow, batch, key);
  if (rival.mlp.layers && b.block.is_data()) players.energy.evaluate(member, b.x, b.energy);
  if (rival.mlp.layers && !b.block.is_data()) players.energy.evaluate(member, b.x, b.energy, b.slope);
  weigh(member, b, rival.mlp.log_normalizer);
  const int worker = member.league_rank();
  if (task == Task::gradient && b.block.is_data())
    players.flow.add_gradient(member, b.slope, b.log_det_adjoint, adder, worker);
  if (task == Task::gradient && !b.block.is_data())
    players.flow.add_path_gradient(member, b.slope, b.log_det_adjoint, adder, worker);
  const std::int64_t first_term = adder.values - flow_terms;
  for (int t = 0; t < flow_terms; ++t) {
    core::add_row_sums(member, b.terms + t * b.size, 1, b.size,
                       {adder, worker, flow.tensors + t, first_term + t});
  }
}

template <class Scalar>
std::size_t workspace(const FlowView<Scalar>& flow, const network::MlpEnergy<Scalar>& rival) {
  core::ScratchArena arena(nullptr);
  const FlowBlock<Scalar> block(flow.dimension, arena);
  const Players<Scalar> players(rival, flow, arena);
  return arena.used();
}

}  // namespace

template <class Scalar>
void add_flow_gradients(const core::ExecutionSpace& space, const FlowView<Scalar>& flow,
                        const Rival<Scalar>* rival, const JetBatch<Scalar>& batch, core::PhiloxKey key,
                        Task task, const core::FixedPointAdder& adder, int workers) {
  const auto blocks = static_cast<std::int64_t>(batch.blocks.extent(0));
  if (blocks == 0) return;
  const network::MlpEnergy<Scalar> energy{rival ? *rival : Rival<Scalar>{}};
  const int teams = core::FixedPointAdder::busy_workers(workers, blocks);
  const core::TeamScratch team = core::team_with_scratch<Scalar>(space, teams, workspace(flow, energy));
  const core::ScratchPlan plan = team.plan;
  Kokkos::parallel_for(
      "ebmpi::objective::add_flow_gradients", team.policy, KOKKOS_LAMBDA(const core::TeamMember& member) {
        const core::ScratchArena arena = core::team_arena(member, plan);
        for (std::int64_t block = member.league_rank(); block < blocks; block += teams)
          add_block(member, arena, flow, energy, batch, batch.blocks(block), key, task, adder);
      });
}

LossReport report_flow_contrast(std::span<const double> sums, double rows) {
  const auto mean = [&](FlowTerm which) { return sums[static_cast<std::size_t>(which)] / rows; };
  return {mean(FlowTerm::loss),
          {{"energy_data", mean(FlowTerm::energy_data)},
           {"energy_noise", mean(FlowTerm::energy_noise)},
           {"accuracy", 0.5 * (mean(FlowTerm::hits_data) + mean(FlowTerm::hits_noise))}}};
}

LossReport report_flow_likelihood(std::span<const double> sums, double rows) {
  return {sums[static_cast<std::size_t>(FlowTerm::loss)] / rows, {}};
}

template void add_flow_gradients(const core::ExecutionSpace&, const FlowView<float>&, const Rival<float>*,
                                 const JetBatch<float>&, core::PhiloxKey, Task, const core::FixedPointAdder&,
                                 int);
template void add_flow_gradients(const core::ExecutionSpace&, const FlowView<double>&, const Rival<double>*,
                                 const JetBatch<double>&, core::PhiloxKey, Task, const core::FixedPointAdder&,
                                 int);

}  // namespace ebmpi::objective
