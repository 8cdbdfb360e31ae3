// SPDX-License-Identifier: Apache-2.0
#include "benchmark/shares.hpp"

#include <algorithm>

#include "benchmark/bench_objective.hpp"
#include "benchmark/chain_work.hpp"
#include "benchmark/kernels.hpp"
#include "benchmark/rate.hpp"
#include "core/noise.hpp"
#include "core/tile_outer.hpp"
#include "core/tile_rows.hpp"
#include "network/activation_derivatives.hpp"

namespace ebmpi::benchmark {
namespace {

using core::ExecutionSpace;
using core::ScratchArena;
using core::TeamMember;

/// How often a kernel does what, for one tile of samples.
struct TileCounts {
  std::string kernel;
  int order = 0;          // of its jets
  int streams = 1;        // of them
  int noise_rows = 0;     // normal numbers of a sample
  int activations = 1;    // passes over all hidden units
  int gradients = 1;      // parameter gradients
  std::int64_t rows = 0;  // samples of a rank
};

/// Standard normal numbers, `count` of each of `rows` samples.
void draw_noise(std::int64_t rows, int count) {
  const int dimension = std::min(count, 64), rounds = (count + dimension - 1) / dimension;
  const core::PhiloxKey key = core::stream_key(1, core::Purpose::chain_noise);
  const std::size_t bytes =
      (core::NormalRows<Scalar>::ring_rows(dimension) + 4) * core::tile_size * sizeof(Scalar) +
      core::tile_size * sizeof(std::int64_t);
  core::for_each_tile<Scalar>(
      ExecutionSpace(), "ebmpi::benchmark::noise", rows, bytes,
      KOKKOS_LAMBDA(const TeamMember& member, ScratchArena arena, std::int64_t first) {
        Scalar* const ring =
            arena.take<Scalar>(core::NormalRows<Scalar>::ring_rows(dimension) * core::tile_size);
        std::int64_t* const numbers = arena.take<std::int64_t>(core::tile_size);
        core::for_each(member, core::tile_size, [=](int lane) { numbers[lane] = first + lane; });
        core::NormalRows<Scalar> noise(key, 0, numbers, ring, dimension);
        for (int round = 0; round < rounds; ++round) noise.advance(member);
      });
}

/// φ and its derivatives up to order `Order` + 1 of `units` numbers of each sample, as MlpTile keeps them.
template <int Order>
void activate(std::int64_t rows, int units, int passes) {
  const std::size_t row_bytes = core::tile_size * sizeof(Scalar);
  const std::size_t bytes = static_cast<std::size_t>(units) * (Order + 2) * row_bytes + 256;
  core::for_each_tile<Scalar>(
      ExecutionSpace(), "ebmpi::benchmark::activations", rows, bytes,
      KOKKOS_LAMBDA(const TeamMember& member, ScratchArena arena, std::int64_t first) {
        constexpr int size = core::tile_size;
        Scalar* const value = arena.take<Scalar>(units * size);
        Scalar* const slopes = arena.take<Scalar>(units * (Order + 1) * size);
        const Scalar start = static_cast<Scalar>(first % 7) * Scalar(0.1);
        core::for_each_lane(member, units, [=](int row, int lane) { value[row * size + lane] = start; });
        for (int pass = 0; pass < passes; ++pass) {
          core::for_each_lane(member, units, [=](int row, int lane) {
            Scalar phi[Order + 2];
            network::activation_derivatives<network::Activation::silu>(value[row * size + lane], phi);
            value[row * size + lane] = phi[0];
            for (int k = 0; k <= Order; ++k) slopes[(row * (Order + 1) + k) * size + lane] = phi[k + 1];
          });
        }
      });
}

/// As many numbers as the weights, converted and added once for each tile of samples.
void add_fixed_point(std::int64_t rows, std::int64_t weights, const core::FixedPointAdder& adder,
                     int workers) {
  const std::int64_t tiles = core::tile_count(rows);
  const int teams = core::FixedPointAdder::busy_workers(workers, tiles);
  const std::size_t bytes = core::tile_size * sizeof(Scalar);
  const core::TeamScratch team = core::team_with_scratch<Scalar>(ExecutionSpace(), teams, bytes);
  const core::ScratchPlan plan = team.plan;
  Kokkos::parallel_for(
      "ebmpi::benchmark::fixed_point", team.policy, KOKKOS_LAMBDA(const TeamMember& member) {
        Scalar* const values = core::team_arena(member, plan).template take<Scalar>(core::tile_size);
        core::for_each(member, core::tile_size, [=](int lane) { values[lane] = Scalar(0.01) * lane; });
        for (std::int64_t tile = member.league_rank(); tile < tiles; tile += teams) {
          core::for_each(member, static_cast<int>(weights / core::tile_size), [=](int piece) {
            auto peak = core::magnitude_bits(Scalar(0));
            adder.add_row(member.league_rank(), 0, static_cast<std::int64_t>(piece) * core::tile_size, values,
                          core::tile_size, peak);
            adder.note_peak<Scalar>(member.league_rank(), 0, peak);
          });
        }
      });
}

/// Rows to a tile and back, and the input of every layer transposed where there is a gradient.
void copy_tiles(const core::Rows<Scalar>& samples, const BenchNetwork& network, int streams, int gradients) {
  const int widest = std::max(network.inputs, network.width), lanes = streams * core::tile_size;
  const int inputs = network.inputs, width = network.width, hidden_layers = network.depth;
  const std::size_t numbers = static_cast<std::size_t>(2 * widest + 64) * static_cast<std::size_t>(lanes);
  const auto rows = static_cast<std::int64_t>(samples.extent(0));
  const std::size_t bytes = numbers * sizeof(Scalar) + 256;
  core::for_each_tile<Scalar>(
      ExecutionSpace(), "ebmpi::benchmark::copies", rows, bytes,
      KOKKOS_LAMBDA(const TeamMember& member, ScratchArena arena, std::int64_t first) {
        Scalar* const tile = arena.take<Scalar>(static_cast<std::size_t>(widest) * lanes);
        Scalar* const transposed = arena.take<Scalar>(static_cast<std::size_t>(widest + 63) * lanes);
        const int count = rows - first < core::tile_size ? static_cast<int>(rows - first) : core::tile_size;
        core::load_tile(member, samples, first, count, tile);
        for (int gradient = 0; gradient < gradients; ++gradient) {
          core::transpose_tile(member, tile, inputs, transposed, lanes);
          for (int layer = 0; layer < hidden_layers; ++layer)
            core::transpose_tile(member, tile, width, transposed, lanes);
        }
        if (gradients == 0) core::store_tile(member, tile, samples, first, count);
      });
}

void activate_to_order(int order, std::int64_t rows, int units, int passes) {
  if (order == 0) return activate<0>(rows, units, passes);
  if (order == 1) return activate<1>(rows, units, passes);
  activate<2>(rows, units, passes);
}

/// The shares of `counts` in `seconds_of_kernel`.
ShareRow shares_of(const comm::Communicator& communicator, const BenchNetwork& network,
                   const TileCounts& counts, double seconds_of_kernel, double seconds) {
  const core::Rows<Scalar> samples("ebmpi::benchmark::share_samples", counts.rows, network.inputs);
  const std::int64_t weights = network.shape().weights();
  core::FixedPointSum sums({weights}, ExecutionSpace().concurrency());
  const auto share = [&](const std::function<void()>& launch) {
    const double own = seconds_of(communicator, launch, seconds) / seconds_of_kernel;
    return sum_over_ranks(communicator, own) / communicator.size();
  };
  ShareRow row{counts.kernel, network.name()};
  if (counts.noise_rows > 0) row.noise = share([&] { draw_noise(counts.rows, counts.noise_rows); });
  row.activations = share([&] {
    activate_to_order(counts.order, counts.rows, network.width * network.depth, counts.activations);
  });
  if (counts.gradients > 0) {
    row.fixed_point = share([&] { add_fixed_point(counts.rows, weights, sums.adder(), sums.workers()); });
  }
  row.copies = share([&] { copy_tiles(samples, network, counts.streams, counts.gradients); });
  return row;
}

}  // namespace

std::vector<ShareRow> measure_shares(const comm::Communicator& communicator, const BenchNetwork& network,
                                     std::int64_t samples, double seconds) {
  std::vector<ShareRow> rows;
  ChainWork chains(network, samples);
  const int dimension = network.inputs;
  const TileCounts langevin{"langevin", 0, 1, dimension * chain_steps, chain_steps, 0, samples};
  const double chain_seconds = seconds_of(
      communicator, [&] { chains.langevin(chain_steps); }, seconds);
  rows.push_back(shares_of(communicator, network, langevin, chain_seconds, seconds));
  const std::vector<TileCounts> objectives = {{"contrastive_divergence", 0, 1, 0, 1, 1, 2 * samples},
                                              {"denoising", 1, 2, dimension, 1, 1, samples},
                                              {"sliced", 2, 3, 0, 1, 1, samples},
                                              {"exact", 2, dimension + 2, 0, 1, 1, samples}};
  for (const TileCounts& counts : objectives) {
    const auto objective = std::ranges::find(bench_objectives(), counts.kernel, &BenchObjective::name);
    if (!objective->suits(network)) continue;
    ObjectiveWork work(*objective, network, samples);
    const double kernel_seconds = seconds_of(communicator, std::ref(work), seconds);
    rows.push_back(shares_of(communicator, network, counts, kernel_seconds, seconds));
  }
  return rows;
}

}  // namespace ebmpi::benchmark
