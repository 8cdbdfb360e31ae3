// SPDX-License-Identifier: Apache-2.0
#include "objective/directed_program.hpp"

#include <algorithm>
#include <numeric>

namespace ebmpi::objective {

int directions_in_pass(const network::MlpShape& shape, int directions) {
  // Numbers of a sample that a direction adds to: hidden units, their rates, two layers of adjoints, a
  // transposed layer; a layer is at most all hidden units.
  constexpr int most_numbers = 32768, fewest = 4, most = 32;
  const int hidden_units = std::accumulate(shape.hidden.begin(), shape.hidden.end(), 0);
  const int numbers = 3 * hidden_units + shape.inputs;
  const int chosen = std::clamp(most_numbers / std::max(1, numbers), fewest, most);
  const int passes = (directions + chosen - 1) / chosen;
  return (directions + passes - 1) / passes;
}

}  // namespace ebmpi::objective
