// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "network/mlp_energy.hpp"
#include "network/mlp_tile.hpp"
#include "support/one_team.hpp"
#include "support/views.hpp"

namespace ebmpi::test {

/// A network with the given flat parameters, ready for kernels.
template <class Scalar>
network::Mlp<Scalar> mlp_with(const network::MlpShape& shape, const std::vector<double>& parameters) {
  network::Mlp<Scalar> mlp(shape);
  copy_to(converted<Scalar>(parameters), mlp.parameters());
  mlp.pack();
  return mlp;
}

/// What one tile of at most tile_size samples gives, row-major on the host.
template <class Scalar>
struct TileResult {
  std::vector<Scalar> jets;           // (N, streams): E, Ė, Ë
  std::vector<Scalar> input_adjoint;  // (N, streams, D)
};

/// Runs both passes of MlpTile<Scalar, Order, Keep::everything> at samples x (N, D) along directions v (N,
/// D), with the same weights (α, β, γ) for every sample.
template <int Order, class Scalar>
TileResult<Scalar> run_tile(const network::Mlp<Scalar>& mlp, const core::Rows<Scalar>& x,
                            const core::Rows<Scalar>& v, const std::vector<Scalar>& weights) {
  using Tile = network::MlpTile<Scalar, Order, network::Keep::everything>;
  constexpr int streams = Tile::streams, lanes = Tile::lanes, size = core::tile_size;
  const int count = static_cast<int>(x.extent(0)), dimension = static_cast<int>(x.extent(1));
  const auto view = mlp.view();
  const auto seeds = to_device(weights);
  const core::Rows<Scalar> jets("ebmpi::test::jets", count, streams);
  const core::Rows<Scalar> adjoints("ebmpi::test::adjoints", count, streams * dimension);
  const auto body = KOKKOS_LAMBDA(const TeamMember& member, core::ScratchArena arena) {
    const Tile passes(view, arena);
    Scalar* const input = arena.take<Scalar>(dimension * lanes);
    Scalar* const adjoint = arena.take<Scalar>(dimension * lanes);
    Scalar* const energy = arena.take<Scalar>(lanes);
    Scalar* const seed = arena.take<Scalar>(lanes);
    core::for_each(member, dimension * lanes, [&](int i) { input[i] = 0; });
    core::load_tile(member, x, 0, count, input, lanes);
    if constexpr (Order > 0) core::load_tile(member, v, 0, count, input + size, lanes);
    core::for_each(member, lanes, [&](int i) { seed[i] = seeds(i / size); });
    passes.forward(member, input, energy);
    passes.reverse(member, seed, adjoint);
    core::for_each(member, count * streams, [&](int i) {
      const int row = i / streams, stream = i % streams;
      jets(row, stream) = energy[stream * size + row];
      for (int d = 0; d < dimension; ++d) {
        adjoints(row, stream * dimension + d) = adjoint[d * lanes + stream * size + row];
      }
    });
  };
  core::ScratchArena arena(nullptr);
  Tile(view, arena);
  on_one_team<Scalar>(arena.used() + (2 * dimension + 2) * lanes * sizeof(Scalar) + 256, body);
  return {from_rows(jets), from_rows(adjoints)};
}

/// E (N) and ∇E (N, D) of at most tile_size samples, as a sampler evaluates them.
template <class Scalar>
struct EnergyAndGradient {
  std::vector<Scalar> energy, gradient, energy_alone;
};

template <class Scalar>
EnergyAndGradient<Scalar> run_energy(const network::Mlp<Scalar>& mlp, const core::Rows<Scalar>& x) {
  using Energy = network::MlpEnergy<Scalar>;
  constexpr int size = core::tile_size;
  const int count = static_cast<int>(x.extent(0)), dimension = static_cast<int>(x.extent(1));
  const Energy energy{mlp.view()};
  const core::Rows<Scalar> gradients("ebmpi::test::gradients", count, dimension);
  const Buffer<Scalar> energies("ebmpi::test::energies", count), alone("ebmpi::test::alone", count);
  const auto body = KOKKOS_LAMBDA(const TeamMember& member, core::ScratchArena arena) {
    Scalar* const input = arena.take<Scalar>(dimension * size);
    Scalar* const gradient = arena.take<Scalar>(dimension * size);
    Scalar* const values = arena.take<Scalar>(size);
    const typename Energy::Tile tile(energy, arena);
    core::load_tile(member, x, 0, count, input);
    tile.evaluate(member, input, values, gradient);
    core::for_each(member, count, [&](int lane) { energies(lane) = values[lane]; });
    core::store_tile(member, gradient, gradients, 0, count);
    tile.evaluate(member, input, values);
    core::for_each(member, count, [&](int lane) { alone(lane) = values[lane]; });
  };
  core::ScratchArena arena(nullptr);
  typename Energy::Tile(energy, arena);
  on_one_team<Scalar>(arena.used() + (2 * dimension + 1) * size * sizeof(Scalar), body);
  return {to_host(energies), from_rows(gradients), to_host(alone)};
}

}  // namespace ebmpi::test
