// SPDX-License-Identifier: Apache-2.0
#include "benchmark/bench_network.hpp"

#include <fmt/format.h>

#include <cstdio>

#include "core/error.hpp"

namespace ebmpi::benchmark {

std::string BenchNetwork::name() const {
  return fmt::format("{}, {}, {}", inputs, width, depth);
}

const std::vector<BenchNetwork>& bench_networks() {
  static const std::vector<BenchNetwork> all = {
      {2, 64, 2}, {2, 128, 2}, {8, 256, 3}, {64, 256, 3}, {784, 512, 2}};
  return all;
}

BenchNetwork parse_network(const std::string& text) {
  constexpr int largest = 65536;
  BenchNetwork network;
  int read = 0;
  const int numbers =
      std::sscanf(text.c_str(), "%d , %d , %d %n", &network.inputs, &network.width, &network.depth, &read);
  const auto fits = [](int number) { return number >= 1 && number <= largest; };
  if (numbers == 3 && static_cast<std::size_t>(read) == text.size() && fits(network.inputs) &&
      fits(network.width) && fits(network.depth)) {
    return network;
  }
  throw core::InputError(
      fmt::format("'{}' is not a network (a benchmark's network has D inputs and L hidden layers of H units, "
                  "each number from 1 to {}); write it as D,H,L, for example --network 2,128,2",
                  text, largest));
}

}  // namespace ebmpi::benchmark
