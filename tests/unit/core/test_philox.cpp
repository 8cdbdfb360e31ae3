// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <cstdint>
#include <limits>

#include "core/philox.hpp"
#include "core/random.hpp"

using namespace ebmpi::core;

namespace {
std::array<std::uint32_t, 4> words(const PhiloxBlock& block) {
  return {block.word[0], block.word[1], block.word[2], block.word[3]};
}
using Words = std::array<std::uint32_t, 4>;
}  // namespace

// The vectors "philox4x32 10" of kat_vectors in the Random123 distribution (Salmon et al. 2011).
TEST_CASE("Philox4x32-10 gives the published known answers", "[core][random]") {
  constexpr std::uint32_t ones = 0xffffffffu;
  CHECK(words(philox({{0, 0, 0, 0}}, {{0, 0}})) == Words{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u});
  CHECK(words(philox({{ones, ones, ones, ones}}, {{ones, ones}})) ==
        Words{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu});
  CHECK(words(philox({{0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}}, {{0xa4093822u, 0x299f31d0u}})) ==
        Words{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u});
}

// Computed with a Philox written in Python from the paper. They pin which word holds what: old runs must stay
// repeatable.
TEST_CASE("draws and stream keys keep their places in the counter", "[core][random]") {
  CHECK(words(draw({{1, 2}}, 0x300000004u, 5, 6)) ==
        Words{0x750a4c21u, 0x5bc1f563u, 0x1c7dddf6u, 0xc5892e49u});
  const PhiloxKey key = stream_key(0x123456789abcdef0u, Purpose::chain_noise);
  CHECK(key.word[0] == 0x98232391u);
  CHECK(key.word[1] == 0x44630820u);
}

TEST_CASE("the numbers of the purposes are never changed", "[core][random]") {
  const std::array purposes{Purpose::initial_parameters, Purpose::initial_chains, Purpose::chain_noise,
                            Purpose::chain_restart,      Purpose::batch_order,    Purpose::validation_split,
                            Purpose::synthetic_data,     Purpose::sample_start,   Purpose::sample_noise,
                            Purpose::bootstrap};
  for (std::size_t i = 0; i < purposes.size(); ++i) CHECK(static_cast<std::size_t>(purposes[i]) == i + 1);
}

TEST_CASE("uniform numbers lie strictly between zero and one, at the middle of their cells",
          "[core][random]") {
  CHECK(uniform<double>(0u) == 0x1p-33);
  CHECK(uniform<double>(0xffffffffu) == 1.0 - 0x1p-33);
  CHECK(uniform<double>(0x80000000u) == 0.5 + 0x1p-33);
  CHECK(uniform<float>(0u) == 0x1p-24f);
  CHECK(uniform<float>(0xffffffffu) == 1.0f - 0x1p-24f);
  CHECK(uniform<float>(0x80000000u) == 0.5f + 0x1p-24f);
  CHECK(uniform<float>(0x1ffu) == uniform<float>(0u));
  CHECK(uniform<float>(0x200u) == 0x1.8p-23f);
}

TEST_CASE("normal pairs follow Box and Muller", "[core][random]") {
  double first = 0, second = 0;
  // u0 = e^(-2) makes the radius 2; u1 = 1/8 makes the angle 45 degrees.
  normal_pair(static_cast<std::uint32_t>(std::exp(-2.0) * 0x1p32), 0x20000000u, first, second);
  CHECK(std::abs(first - std::sqrt(2.0)) < 1e-8);
  CHECK(std::abs(second - std::sqrt(2.0)) < 1e-8);
  normal_pair(0xffffffffu, 0x40000000u, first, second);  // u0 next to 1: next to the origin; a quarter turn
  CHECK(std::abs(first) < 1e-8);
  CHECK(second > 0);
  CHECK(second < 2e-5);
}
