// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "network/mlp.hpp"

namespace ebmpi::benchmark {

/// An energy network D-H-…-H-1 with SiLU, named "D, H, hidden layers".
struct BenchNetwork {
  int inputs = 2;
  int width = 128;
  int depth = 2;

  std::string name() const;
  std::vector<int> hidden() const { return std::vector<int>(static_cast<std::size_t>(depth), width); }
  network::MlpShape shape() const { return {inputs, hidden()}; }
};

/// The networks that are measured where none is asked for.
const std::vector<BenchNetwork>& bench_networks();

/// The network that "D,H,L" names. Throws core::InputError where it names none.
BenchNetwork parse_network(const std::string& text);

}  // namespace ebmpi::benchmark
