// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "core/fixed_point.hpp"
#include "core/noise.hpp"
#include "core/tile_rows.hpp"

namespace ebmpi::objective {

/// Roles of the samples of an objective that contrasts them. Background: negatives beyond those that are
/// compared with the data one to one, whose energies and hits do not count in the figures.
enum class Role : int { data = 0, negative = 1, background = 2 };

/// A block of samples: rows [first, first + count) of the batch buffer, in one role. Its membership is fixed
/// by the config, since sums inside it are taken in floating point.
struct SampleBlock {
  std::int64_t first = 0;
  int count = 0;
  int role = 0;
  std::int64_t number = 0;  ///< global number of the first row: random draws for a row are a function of it

  KOKKOS_FORCEINLINE_FUNCTION bool is_data() const { return role == static_cast<int>(Role::data); }
  KOKKOS_FORCEINLINE_FUNCTION bool is_background() const {
    return role == static_cast<int>(Role::background);
  }
};

/// What an objective reads: all samples of this rank, and which of them make a block.
template <class Scalar>
struct JetBatch {
  core::Rows<Scalar> samples;                                     // (N, D): data, then negatives
  Kokkos::View<const SampleBlock*, core::MemorySpace> blocks;     // (blocks)
  std::uint32_t step = 0;                                         ///< of training, from 1; 0 in a validation
  std::int64_t first_negative = 0;                                ///< row of `samples`
  Kokkos::View<const Scalar*, core::MemorySpace> log_noise = {};  // (N), log p_n of each sample, or empty
};

/// One pass over a block, in the hands of an objective's program. A lane is a sample; rows of tile_size
/// numbers have one for each lane.
template <class Scalar>
struct JetBlock {
  SampleBlock block;
  int dimension = 0;   // D
  int inputs = 0;      // D, and one more where the network is told σ
  int outputs = 1;     // of the network
  int directions = 0;  // K
  int lanes = 0;       // numbers in a row of jets: streams · tile_size
  int pass = 0;
  int group = 1;  // neighbouring lanes that belong to one data row

  Scalar* input = nullptr;         // (inputs, streams, tile_size)
  Scalar* output = nullptr;        // (outputs, streams, tile_size), after the forward pass
  Scalar* weights = nullptr;       // (outputs, streams, tile_size), the program's answer; zero at first
  Scalar* gradient = nullptr;      // (inputs, tile_size), ∇E where the program asked for it
  Scalar* terms = nullptr;         // (terms, tile_size), addends to the loss terms; zero at first
  Scalar* share = nullptr;         // (tile_size), weight of a lane in means over its role; 1 at first
  Scalar* slope_square = nullptr;  // (tile_size), ‖∇E‖² where it is known; zero at first
  Scalar* normalizer = nullptr;    // (tile_size), ∂loss/∂c; zero at first
  Scalar* kept = nullptr;          // (tile_size), what the program wants to keep between its calls
  const Scalar* log_normalizer = nullptr;  // c, where the network learns it
  Scalar* ring = nullptr;                  // scratch of core::NormalRows
  std::int64_t* numbers = nullptr;         // (tile_size), global number of each lane's data row
  std::int64_t* lane_numbers = nullptr;    // (tile_size), another one for each lane of a group

  static constexpr int size = core::tile_size;

  /// Lanes that hold a sample.
  KOKKOS_FORCEINLINE_FUNCTION int count() const { return block.count * group; }
  /// Coordinate `row` of the input, (tile_size), in the stream of the value (0), a direction (1 … K) or, at
  /// order 2, the last one.
  KOKKOS_FORCEINLINE_FUNCTION Scalar* input_row(int row, int stream) const {
    return input + row * lanes + stream * size;
  }
  KOKKOS_FORCEINLINE_FUNCTION Scalar* term(int number) const { return terms + number * size; }
};

/// λ of λ(mean E² over data + over negatives) and μ of μ(mean ‖∇E‖² over data + over negatives); both >= 0.
template <class Scalar>
struct Regularization {
  Scalar energy = 0;
  Scalar gradient = 0;
};

/// What a program that says nothing else does. A program is an objective as add_jet_gradients sees it:
/// `order` of the jets, number of loss `terms`, and the steps below, each called by all threads of the team.
template <class Scalar>
struct ProgramDefaults {
  Regularization<Scalar> regularization;

  /// Lanes for one data row: the row itself and its own negatives.
  KOKKOS_FORCEINLINE_FUNCTION int group() const { return 1; }
  /// Passes that a block needs, and directions in one of them (the first has the most).
  KOKKOS_FORCEINLINE_FUNCTION int passes(int) const { return 1; }
  KOKKOS_FORCEINLINE_FUNCTION int directions(int, int) const { return 1; }
  /// Whether `aim` wants ∇E at the samples before derivatives are carried forward.
  KOKKOS_FORCEINLINE_FUNCTION bool wants_gradient(int) const { return false; }
  /// Moves the samples and sets the input's other streams. Each lane has its data row in the value stream.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void place(const Member&, const JetBlock<Scalar>&,
                                         const JetBatch<Scalar>&) const {}
  /// Sets the input's other streams from `gradient`.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void aim(const Member&, const JetBlock<Scalar>&,
                                       const JetBatch<Scalar>&) const {}
  // template <class Member> void weigh(member, block, batch) const:
  // sets `weights` and `terms` from `output`; lanes beyond `count()` are ignored.
};

}  // namespace ebmpi::objective
