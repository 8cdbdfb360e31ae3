// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>

#include "benchmark/bench_network.hpp"
#include "core/error.hpp"

using namespace ebmpi;
using benchmark::parse_network;

TEST_CASE("a network is named by inputs, width and depth") {
  const benchmark::BenchNetwork network = parse_network("64, 256,3");
  CHECK(network.name() == "64, 256, 3");
  CHECK(network.shape().hidden == std::vector<int>{256, 256, 256});
  // 64·256 + 2·256² + 256
  CHECK(network.shape().weights() == 147712);
  CHECK(parse_network(network.name()).name() == network.name());
}

TEST_CASE("what names no network is refused") {
  for (const char* text :
       {"", "2", "2,128", "2,128,", "2,128,2,1", "2,128,0", "-2,128,2", "2,128,2x", "a,b,c"}) {
    INFO(text);
    CHECK_THROWS_AS(parse_network(text), core::InputError);
  }
}
