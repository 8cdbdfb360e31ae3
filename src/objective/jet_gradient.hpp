// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/fixed_point.hpp"
#include "core/tile_outer.hpp"
#include "core/tile_rows.hpp"
#include "network/mlp_tile.hpp"

namespace ebmpi::objective {

/// A block of samples: rows [first, first + count) of the batch buffer, in one role (data, chains, noise, …).
/// Its membership is fixed by the config, since sums inside it are taken in floating point.
struct SampleBlock {
  std::int64_t first = 0;
  int count = 0;
  int role = 0;
};

/// What add_jet_gradients reads: samples, and for orders above 0 a direction for each.
template <class Scalar>
struct JetBatch {
  core::Rows<Scalar> samples;                                  // (N, D)
  core::Rows<Scalar> directions;                               // (N, D), v; empty at order 0
  Kokkos::View<const SampleBlock*, core::MemorySpace> blocks;  // (blocks)
};

namespace detail {

/// One block: jets forward, weights and loss terms of each sample, jets in reverse.
template <class Weigher, class Scalar, class Member>
KOKKOS_FORCEINLINE_FUNCTION void add_block(const Member& member, core::ScratchArena arena,
                                           const network::MlpView<Scalar>& mlp, const Weigher& weigher,
                                           const JetBatch<Scalar>& batch, const SampleBlock& block,
                                           const core::FixedPointAdder& adder, int first_term_slot) {
  constexpr int order = Weigher::order, terms = Weigher::terms, streams = order + 1, size = core::tile_size;
  constexpr int lanes = streams * size;
  const network::MlpTile<Scalar, order, network::Keep::everything> passes(mlp, arena);
  Scalar* const input = arena.take<Scalar>(static_cast<std::size_t>(mlp.inputs) * lanes);
  Scalar* const jets = arena.take<Scalar>(lanes);
  Scalar* const weights = arena.take<Scalar>(lanes);
  Scalar* const term_rows = arena.take<Scalar>(terms * size);

  core::load_tile(member, batch.samples, block.first, block.count, input, lanes);
  if constexpr (order > 0)
    core::load_tile(member, batch.directions, block.first, block.count, input + size, lanes);
  if constexpr (order > 1) {
    core::for_each_lane(member, mlp.inputs,
                        [=](int row, int lane) { input[row * lanes + 2 * size + lane] = 0; });
  }
  passes.forward(member, input, jets);
  const int role = block.role, count = block.count;
  core::for_each_lane(member, 1, [=](int, int lane) {
    Scalar jet[streams], weight[streams] = {}, term[terms] = {};
    for (int k = 0; k < streams; ++k) jet[k] = jets[k * size + lane];
    weigher(role, jet, weight, term);
    const bool present = lane < count;
    for (int k = 0; k < streams; ++k) weights[k * size + lane] = present ? weight[k] : Scalar(0);
    for (int t = 0; t < terms; ++t) term_rows[t * size + lane] = present ? term[t] : Scalar(0);
  });
  passes.add_gradient(member, input, weights, adder, member.league_rank());
  const std::int64_t first_term = adder.values - terms;
  for (int t = 0; t < terms; ++t) {
    core::add_row_sums(member, term_rows + t * size, 1, size,
                       {adder, member.league_rank(), first_term_slot + t, first_term + t});
  }
}

template <class Weigher, class Scalar>
std::size_t block_workspace(const network::MlpView<Scalar>& mlp) {
  constexpr int lanes = (Weigher::order + 1) * core::tile_size;
  core::ScratchArena arena(nullptr);
  network::MlpTile<Scalar, Weigher::order, network::Keep::everything>(mlp, arena);
  arena.take<Scalar>(static_cast<std::size_t>(mlp.inputs) * lanes);
  arena.take<Scalar>(lanes);
  arena.take<Scalar>(lanes);
  arena.take<Scalar>(Weigher::terms * core::tile_size);
  return arena.used();
}

}  // namespace detail

/// Adds ∂/∂θ Σ_b [α_b E_b + β_b Ė_b + γ_b Ë_b] and the loss terms of all blocks to `adder`, whose slots are
/// the network's tensors followed by `Weigher::terms` single numbers. An objective is a `Weigher`: its
/// `order`, its number of `terms`, and a call (role, jet, weight, term) that reads a sample's (E, Ė, Ë) and
/// sets its (α, β, γ) and its addends to the terms.
template <class Weigher, class Scalar>
void add_jet_gradients(const core::ExecutionSpace& space, const network::MlpView<Scalar>& mlp,
                       const Weigher& weigher, const JetBatch<Scalar>& batch,
                       const core::FixedPointAdder& adder, int workers) {
  const auto blocks = static_cast<std::int64_t>(batch.blocks.extent(0));
  if (blocks == 0) return;
  const int teams =
      static_cast<int>(core::FixedPointAdder::own_copies && workers < blocks ? workers : blocks);
  const std::size_t bytes = detail::block_workspace<Weigher, Scalar>(mlp);
  const core::TeamScratch team = core::team_with_scratch<Scalar>(space, teams, bytes);
  const int level = team.level;
  const int first_term_slot = 2 * mlp.layer_count;
  Kokkos::parallel_for(
      "ebmpi::objective::add_jet_gradients", team.policy, KOKKOS_LAMBDA(const core::TeamMember& member) {
        const core::ScratchArena arena = core::team_arena(member, level, bytes);
        for (std::int64_t block = member.league_rank(); block < blocks; block += teams) {
          detail::add_block(member, arena, mlp, weigher, batch, batch.blocks(block), adder, first_term_slot);
        }
      });
}

}  // namespace ebmpi::objective
