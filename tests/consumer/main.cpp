// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <ebmpi/core/build_info.hpp>
#include <ebmpi/core/philox.hpp>

int main() {
  const auto block = ebmpi::core::philox({{0, 0, 0, 0}}, {{0, 0}});
  std::printf("%08x %08x %08x %08x\n", block.word[0], block.word[1], block.word[2], block.word[3]);
  return ebmpi::core::build_info().version.empty() ? 1 : 0;
}
