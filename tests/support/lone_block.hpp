// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "objective/jet_gradient.hpp"
#include "support/one_team.hpp"
#include "support/views.hpp"

namespace ebmpi::test {

/// What a program's `place` makes of one block, row-major on the host.
template <class Scalar>
struct PlacedBlock {
  std::vector<Scalar> input;     // (tile_size, inputs, streams)
  std::vector<Scalar> gradient;  // (tile_size, inputs), which score networks keep z in
  std::vector<Scalar> kept;      // (tile_size)
  int streams = 1;
};

/// Runs one pass of `program` over one block up to `place`, for a network of `inputs` inputs.
template <class Scalar, class Program>
PlacedBlock<Scalar> place_block(const Program& program, const core::Rows<Scalar>& samples,
                                const objective::SampleBlock& block, std::uint32_t step, int pass = 0,
                                int inputs = 0) {
  constexpr int size = core::tile_size;
  const int dimension = static_cast<int>(samples.extent(1));
  const int directions = program.directions(dimension, pass);
  const int streams = Program::order == 0 ? 1 : Program::order + directions;
  network::MlpView<Scalar> mlp;
  mlp.inputs = inputs > 0 ? inputs : dimension;
  const objective::JetBatch<Scalar> batch{samples, {}, step};
  const core::Rows<Scalar> input("ebmpi::test::input", size, mlp.inputs * streams);
  const core::Rows<Scalar> gradient("ebmpi::test::gradient", size, mlp.inputs);
  const Buffer<Scalar> kept("ebmpi::test::kept", size);
  const auto body = KOKKOS_LAMBDA(const TeamMember& member, core::ScratchArena arena) {
    auto b = objective::detail::lay_out(arena, program, mlp, dimension, directions, streams * size);
    b.block = block;
    b.pass = pass;
    objective::detail::reset<Program::terms + objective::common_terms>(member, b);
    objective::detail::load_samples(member, b, samples);
    program.place(member, b, batch);
    core::store_tile(member, b.input, input, 0, size);
    core::store_tile(member, b.gradient, gradient, 0, size);
    core::for_each(member, size, [&](int lane) { kept(lane) = b.kept[lane]; });
  };
  core::ScratchArena arena(nullptr);
  objective::detail::lay_out(arena, program, mlp, dimension, directions, streams * size);
  on_one_team<Scalar>(arena.used(), body);
  return {from_rows(input), from_rows(gradient), to_host(kept), streams};
}

}  // namespace ebmpi::test
