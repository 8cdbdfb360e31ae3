// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
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

/// Jets (N, D, streams), row-major, from the samples of each stream (N, D).
template <class Scalar>
core::Rows<Scalar> jet_rows(const std::vector<std::vector<double>>& streams, std::size_t dimension) {
  std::vector<Scalar> jets;
  for (std::size_t i = 0; i < streams[0].size(); ++i) {
    for (const auto& stream : streams) jets.push_back(static_cast<Scalar>(stream[i]));
  }
  return to_rows(jets, dimension * streams.size());
}

/// Every `streams`-th number from `stream` on: one stream (N, units) of jets (N, units, streams).
template <class Scalar>
std::vector<Scalar> stream_of(const std::vector<Scalar>& jets, int stream, int streams) {
  std::vector<Scalar> result;
  for (auto i = static_cast<std::size_t>(stream); i < jets.size(); i += static_cast<std::size_t>(streams))
    result.push_back(jets[i]);
  return result;
}

/// What the passes over one tile of at most tile_size samples give, row-major on the host.
template <class Scalar>
struct TileResult {
  std::vector<Scalar> jets;         // (N, outputs, streams)
  std::vector<Scalar> jets_in_two;  // the same, value first and then the derivatives; empty at order 0
  std::vector<Scalar>
      value_gradient;  // (N, inputs), the value weights by reverse_value between the two; zero at order 0
  std::vector<Scalar> input_adjoint;  // (N, inputs, streams)
  std::vector<double> gradient;       // (P)
};

/// The jets (N, outputs, streams) of MlpTile::forward at `input` (N, inputs · streams).
template <int Order, class Scalar>
std::vector<Scalar> forward_jets(const network::Mlp<Scalar>& mlp, int directions,
                                 const core::Rows<Scalar>& input) {
  using Tile = network::MlpTile<Scalar, Order, network::Keep::everything>;
  const auto view = mlp.view();
  const int count = static_cast<int>(input.extent(0)), columns = static_cast<int>(input.extent(1));
  const int out_columns = view.outputs * Tile::streams_of(directions);
  const core::Rows<Scalar> jets("ebmpi::test::jets", count, out_columns);
  const auto body = KOKKOS_LAMBDA(const TeamMember& member, core::ScratchArena arena) {
    const Tile passes(view, directions, arena);
    Scalar* const in = arena.take<Scalar>(columns * core::tile_size);
    Scalar* const out = arena.take<Scalar>(out_columns * core::tile_size);
    core::load_tile(member, input, 0, count, in);
    passes.forward(member, in, out);
    core::store_tile(member, out, jets, 0, count);
  };
  core::ScratchArena arena(nullptr);
  Tile(view, directions, arena);
  on_one_team<Scalar>(arena.used() + (columns + out_columns) * core::tile_size * sizeof(Scalar), body);
  return from_rows(jets);
}

/// Both passes of MlpTile<Scalar, Order, Keep::everything> at `input` (N, inputs · streams) with weights
/// (N, outputs · streams).
template <int Order, class Scalar>
TileResult<Scalar> run_tile(const network::Mlp<Scalar>& mlp, int directions, const core::Rows<Scalar>& input,
                            const core::Rows<Scalar>& weights) {
  using Tile = network::MlpTile<Scalar, Order, network::Keep::everything>;
  constexpr int size = core::tile_size;
  const auto view = mlp.view();
  const int count = static_cast<int>(input.extent(0)), columns = static_cast<int>(input.extent(1));
  const int streams = Tile::streams_of(directions), out_columns = view.outputs * streams;
  const core::Rows<Scalar> jets("ebmpi::test::jets", count, out_columns);
  const core::Rows<Scalar> jets_in_two("ebmpi::test::jets", Order > 0 ? count : 0, out_columns);
  const core::Rows<Scalar> gradients("ebmpi::test::gradients", count, view.inputs);
  const core::Rows<Scalar> adjoints("ebmpi::test::adjoints", count, columns);
  std::vector<std::int64_t> slot_sizes;
  for (const auto& tensor : mlp.layout().tensors()) slot_sizes.push_back(tensor.size());
  core::FixedPointSum sum(slot_sizes, 1);
  const core::FixedPointAdder adder = sum.adder();
  const auto body = KOKKOS_LAMBDA(const TeamMember& member, core::ScratchArena arena) {
    const Tile passes(view, directions, arena);
    Scalar* const in = arena.take<Scalar>(columns * size);
    Scalar* const adjoint = arena.take<Scalar>(columns * size);
    Scalar* const out = arena.take<Scalar>(out_columns * size);
    Scalar* const seed = arena.take<Scalar>(out_columns * size);
    Scalar* const value_seed = arena.take<Scalar>(view.outputs * size);
    core::load_tile(member, input, 0, count, in);
    core::for_each(member, out_columns * size,
                   [&](int i) { seed[i] = i % size < count ? weights(i % size, i / size) : Scalar(0); });
    core::for_each(member, view.outputs * size,
                   [&](int i) { value_seed[i] = seed[i / size * streams * size + i % size]; });
    if constexpr (Order > 0) {
      passes.forward_value(member, in, out);
      passes.reverse_value(member, value_seed, adjoint);
      core::store_tile(member, adjoint, gradients, 0, count);
      passes.forward_derivatives(member, in, out);
      core::store_tile(member, out, jets_in_two, 0, count);
    }
    passes.forward(member, in, out);
    core::store_tile(member, out, jets, 0, count);
    passes.reverse(member, seed, adjoint);
    core::store_tile(member, adjoint, adjoints, 0, count);
    passes.add_gradient(member, in, seed, adder, 0);
  };
  core::ScratchArena arena(nullptr);
  Tile(view, directions, arena);
  const int numbers = 2 * columns + 2 * out_columns + view.outputs;
  const std::size_t bytes = arena.used() + numbers * size * sizeof(Scalar);
  for (int attempt = 0; attempt < 2; ++attempt) {
    sum.clear();
    on_one_team<Scalar>(bytes, body);
    sum.collect();
    if (sum.judge(1) != core::FixedPointSum::Verdict::good) continue;
    TileResult<Scalar> result{
        from_rows(jets), from_rows(jets_in_two), from_rows(gradients), from_rows(adjoints), {}};
    for (std::int64_t i = 0; i < mlp.layout().size(); ++i) result.gradient.push_back(sum.value(i));
    return result;
  }
  throw std::runtime_error("the fixed-point sums did not become good");
}

/// The parameter gradient (P) that run_tile gives, by MlpTile::add_gradient_after_value.
template <int Order, class Scalar>
std::vector<double> gradient_after_value(const network::Mlp<Scalar>& mlp, int directions,
                                         const core::Rows<Scalar>& input, const core::Rows<Scalar>& weights) {
  using Tile = network::MlpTile<Scalar, Order, network::Keep::everything>;
  constexpr int size = core::tile_size;
  const auto view = mlp.view();
  const int count = static_cast<int>(input.extent(0)), columns = static_cast<int>(input.extent(1));
  const int out_columns = view.outputs * Tile::streams_of(directions);
  std::vector<std::int64_t> slot_sizes;
  for (const auto& tensor : mlp.layout().tensors()) slot_sizes.push_back(tensor.size());
  core::FixedPointSum sum(slot_sizes, 1);
  const core::FixedPointAdder adder = sum.adder();
  const auto body = KOKKOS_LAMBDA(const TeamMember& member, core::ScratchArena arena) {
    const Tile passes(view, directions, arena);
    Scalar* const in = arena.take<Scalar>(columns * size);
    Scalar* const adjoint = arena.take<Scalar>(columns * size);
    Scalar* const out = arena.take<Scalar>(out_columns * size);
    Scalar* const seed = arena.take<Scalar>(out_columns * size);
    Scalar* const ones = arena.take<Scalar>(view.outputs * size);
    core::load_tile(member, input, 0, count, in);
    core::for_each(member, out_columns * size,
                   [&](int i) { seed[i] = i % size < count ? weights(i % size, i / size) : Scalar(0); });
    core::for_each(member, view.outputs * size, [&](int i) { ones[i] = 1; });
    passes.forward_value(member, in, out);
    passes.reverse_value(member, ones, adjoint);
    passes.forward_derivatives(member, in, out);
    passes.add_gradient_after_value(member, in, seed, adder, 0);
  };
  core::ScratchArena arena(nullptr);
  Tile(view, directions, arena);
  const std::size_t bytes =
      arena.used() + (2 * columns + 2 * out_columns + view.outputs) * size * sizeof(Scalar);
  std::vector<double> gradient;
  for (int attempt = 0; attempt < 2; ++attempt) {
    sum.clear();
    on_one_team<Scalar>(bytes, body);
    sum.collect();
    if (sum.judge(1) != core::FixedPointSum::Verdict::good) continue;
    for (std::int64_t i = 0; i < mlp.layout().size(); ++i) gradient.push_back(sum.value(i));
    return gradient;
  }
  throw std::runtime_error("the fixed-point sums did not become good");
}

/// E (N) and ∇E (N, D) of at most tile_size samples, as a sampler evaluates them.
template <class Scalar>
struct EnergyAndGradient {
  std::vector<Scalar> energy, gradient, energy_alone;
};

template <class Scalar>
EnergyAndGradient<Scalar> run_energy(const network::MlpEnergy<Scalar>& energy, const core::Rows<Scalar>& x) {
  using Energy = network::MlpEnergy<Scalar>;
  constexpr int size = core::tile_size;
  const int count = static_cast<int>(x.extent(0)), dimension = static_cast<int>(x.extent(1));
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

template <class Scalar>
EnergyAndGradient<Scalar> run_energy(const network::Mlp<Scalar>& mlp, const core::Rows<Scalar>& x) {
  return run_energy(network::MlpEnergy<Scalar>{mlp.view()}, x);
}

}  // namespace ebmpi::test
