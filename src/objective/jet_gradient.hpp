// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "core/tile_outer.hpp"
#include "network/mlp_tile.hpp"
#include "objective/jet_block.hpp"

namespace ebmpi::objective {

/// Whether a launch adds the gradient to the sums or only the loss terms.
enum class Task { gradient, loss };

/// Terms that every objective has after its own: Σ E² and Σ ‖∇E‖², each lane by its share. The second is
/// known to objectives that evaluate ∇E only.
inline constexpr int common_terms = 2;

namespace detail {

/// Lays a block out in `arena`; with a counting arena, only measures it.
template <class Program, class Scalar>
KOKKOS_FORCEINLINE_FUNCTION JetBlock<Scalar> lay_out(core::ScratchArena& arena, const Program& program,
                                                     const network::MlpView<Scalar>& mlp, int dimension,
                                                     int directions, int lanes) {
  constexpr int size = core::tile_size;
  const auto row = static_cast<std::size_t>(lanes);
  JetBlock<Scalar> b;
  b.dimension = dimension;
  b.inputs = mlp.inputs;
  b.outputs = mlp.outputs;
  b.directions = directions;
  b.lanes = lanes;
  b.group = program.group();
  b.log_normalizer = mlp.log_normalizer;
  b.input = arena.take<Scalar>(mlp.inputs * row);
  b.output = arena.take<Scalar>(mlp.outputs * row);
  b.weights = arena.take<Scalar>(mlp.outputs * row);
  b.gradient = arena.take<Scalar>(static_cast<std::size_t>(mlp.inputs) * size);
  b.terms = arena.take<Scalar>((Program::terms + common_terms) * size);
  b.share = arena.take<Scalar>(size);
  b.slope_square = arena.take<Scalar>(size);
  b.normalizer = arena.take<Scalar>(size);
  b.kept = arena.take<Scalar>(size);
  b.ring =
      arena.take<Scalar>(static_cast<std::size_t>(core::NormalRows<Scalar>::ring_rows(dimension)) * size);
  b.numbers = arena.take<std::int64_t>(size);
  b.lane_numbers = arena.take<std::int64_t>(size);
  return b;
}

/// The answer of a program that does nothing.
template <int terms, class Member, class Scalar>
EBMPI_TILE_FUNCTION void reset(const Member& member, const JetBlock<Scalar>& b) {
  const int streams = b.lanes / b.size;
  core::for_each_lane(member, b.outputs * streams,
                      [=](int row, int lane) { b.weights[row * b.size + lane] = 0; });
  core::for_each_lane(member, terms, [=](int row, int lane) { b.terms[row * b.size + lane] = 0; });
  core::for_each_lane(member, 1, [=](int, int lane) {
    b.share[lane] = 1;
    b.slope_square[lane] = 0;
    b.normalizer[lane] = 0;
  });
}

/// The data rows and their numbers; where lanes are left over, the last row again, so that every lane holds
/// an admissible sample.
template <class Member, class Scalar>
EBMPI_TILE_FUNCTION void load_samples(const Member& member, const JetBlock<Scalar>& b,
                                      const core::Rows<Scalar>& samples) {
  constexpr std::int64_t most_in_group = core::tile_size;
  const auto row_of = [=](int lane) {
    const int row = b.group == 1 ? lane : lane / b.group;
    return row < b.block.count ? row : b.block.count - 1;
  };
  core::for_each(member, b.size, [=](int lane) {
    b.numbers[lane] = b.block.number + row_of(lane);
    b.lane_numbers[lane] = b.numbers[lane] * most_in_group + lane % b.group;
  });
  core::for_each(member, b.dimension * b.size, [=](int item) {
    const int lane = item % b.size;
    b.input_row(item / b.size, 0)[lane] = samples(b.block.first + row_of(lane), item / b.size);
  });
}

/// λE², the same for every objective; and nothing of lanes that hold no sample.
template <int terms, class Member, class Scalar>
EBMPI_TILE_FUNCTION void regularize_and_mask(const Member& member, const JetBlock<Scalar>& b,
                                             const Regularization<Scalar>& regularization) {
  const bool counts_energy = b.pass == 0 && b.outputs == 1;
  Scalar* const energy_square = b.term(terms - 2);
  Scalar* const slope_square = b.term(terms - 1);
  core::for_each_lane(member, 1, [=](int, int lane) {
    const Scalar energy = counts_energy ? b.output[lane] : Scalar(0);
    b.weights[lane] += Scalar(2) * regularization.energy * b.share[lane] * energy;
    energy_square[lane] = b.share[lane] * energy * energy;
    slope_square[lane] = b.share[lane] * b.slope_square[lane];
  });
  const int count = b.count(), streams = b.lanes / b.size;
  if (count == b.size) return;
  const auto mask = [&](Scalar* rows, int number) {
    core::for_each_lane(member, number, [=](int row, int lane) {
      rows[row * core::tile_size + lane] = lane < count ? rows[row * core::tile_size + lane] : Scalar(0);
    });
  };
  mask(b.weights, b.outputs * streams);
  mask(b.terms, terms);
  mask(b.normalizer, 1);
}

/// Runs one pass over one block: samples, jets forward, weights and loss terms, jets in reverse.
template <class Program, class Scalar, class Member>
KOKKOS_FORCEINLINE_FUNCTION void run_pass(const Member& member, core::ScratchArena arena,
                                          const network::MlpView<Scalar>& mlp, const Program& program,
                                          const JetBatch<Scalar>& batch, const SampleBlock& block, int pass,
                                          Task task, const core::FixedPointAdder& adder) {
  constexpr int terms = Program::terms + common_terms;
  const int dimension = static_cast<int>(batch.samples.extent(1));
  const int directions = program.directions(dimension, pass);
  const network::MlpTile<Scalar, Program::order, network::Keep::everything> passes(mlp, directions, arena);
  JetBlock<Scalar> b = lay_out(arena, program, mlp, dimension, directions, passes.lanes());
  b.block = block;
  b.pass = pass;

  reset<terms>(member, b);
  load_samples(member, b, batch.samples);
  program.place(member, b, batch);
  bool carried = false;
  if constexpr (Program::order > 0) {
    if (program.wants_gradient(pass)) {
      passes.forward_value(member, b.input, b.output);
      passes.reverse_value(member, b.share, b.gradient);  // whose numbers are all 1
      program.aim(member, b, batch);
      passes.forward_derivatives(member, b.input, b.output);
      carried = true;
    }
  }
  if (!carried) passes.forward(member, b.input, b.output);
  program.weigh(member, b, batch);
  regularize_and_mask<terms>(member, b, program.regularization);

  const int worker = member.league_rank(), first_term_slot = mlp.tensors;
  if (task == Task::gradient) {
    if constexpr (Program::order > 0) {
      if (carried) passes.add_gradient_after_value(member, b.input, b.weights, adder, worker);
    }
    if (!carried) passes.add_gradient(member, b.input, b.weights, adder, worker);
    if (mlp.log_normalizer) {
      core::add_row_sums(member, b.normalizer, 1, b.size,
                         {adder, worker, first_term_slot - 1, mlp.log_normalizer_index});
    }
  }
  const std::int64_t first_term = adder.values - terms;
  for (int t = 0; t < terms; ++t) {
    core::add_row_sums(member, b.term(t), 1, b.size, {adder, worker, first_term_slot + t, first_term + t});
  }
}

template <class Program, class Scalar>
std::size_t pass_workspace(const network::MlpView<Scalar>& mlp, const Program& program, int dimension) {
  core::ScratchArena arena(nullptr);
  const int directions = program.directions(dimension, 0);
  const network::MlpTile<Scalar, Program::order, network::Keep::everything> passes(mlp, directions, arena);
  lay_out(arena, program, mlp, dimension, directions, passes.lanes());
  return arena.used();
}

}  // namespace detail

/// Adds ∂loss/∂θ, summed over all samples, and the loss terms of all blocks to `adder`, whose slots are the
/// network's tensors followed by `Program::terms` + `common_terms` single numbers. With Task::loss only the
/// latter. Each of FixedPointAdder::busy_workers(workers, blocks) tells the adder's listener when it is done
/// with a layer.
template <class Program, class Scalar>
void add_jet_gradients(const core::ExecutionSpace& space, const network::MlpView<Scalar>& mlp,
                       const Program& program, const JetBatch<Scalar>& batch, Task task,
                       const core::FixedPointAdder& adder, int workers) {
  const auto blocks = static_cast<std::int64_t>(batch.blocks.extent(0));
  if (blocks == 0) return;
  const int dimension = static_cast<int>(batch.samples.extent(1));
  const int teams = core::FixedPointAdder::busy_workers(workers, blocks);
  const std::size_t bytes = detail::pass_workspace(mlp, program, dimension);
  const core::TeamScratch team = core::team_with_scratch<Scalar>(space, teams, bytes);
  const core::ScratchPlan plan = team.plan;
  const int passes = program.passes(dimension);
  Kokkos::parallel_for(
      "ebmpi::objective::add_jet_gradients", team.policy, KOKKOS_LAMBDA(const core::TeamMember& member) {
        const core::ScratchArena arena = core::team_arena(member, plan);
        for (std::int64_t block = member.league_rank(); block < blocks; block += teams) {
          for (int pass = 0; pass < passes; ++pass) {
            core::FixedPointAdder own = adder;
            if (block + teams < blocks || pass + 1 < passes) own.listener = {};  // more will come
            detail::run_pass(member, arena, mlp, program, batch, batch.blocks(block), pass, task, own);
          }
        }
      });
}

}  // namespace ebmpi::objective
