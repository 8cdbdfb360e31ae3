// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include "comm/exact_sum.hpp"
#include "core/noise.hpp"
#include "objective/contrastive_divergence.hpp"
#include "selftest/groups.hpp"
#include "selftest/measure.hpp"

namespace ebmpi::selftest {
namespace {

using core::ExecutionSpace;

struct KnownAnswer {
  core::PhiloxBlock counter, answer;
  core::PhiloxKey key;
};

/// Philox4x32-10 in a kernel: the published known answers (Salmon et al. 2011, doi:10.1145/2063384.2063405;
/// kat_vectors of Random123).
void check_philox(CheckList& list) {
  constexpr std::uint32_t ones = 0xffffffffu;
  const auto known = to_device(std::vector<KnownAnswer>{
      {{{0, 0, 0, 0}}, {{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u}}, {{0, 0}}},
      {{{ones, ones, ones, ones}}, {{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu}}, {{ones, ones}}},
      {{{0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}},
       {{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u}},
       {{0xa4093822u, 0x299f31d0u}}}});
  int wrong = 0;
  const Kokkos::RangePolicy<ExecutionSpace> policy(0, known.extent(0));
  Kokkos::parallel_reduce(
      "ebmpi::selftest::philox", policy,
      KOKKOS_LAMBDA(std::int64_t i, int& sum) {
        const core::PhiloxBlock found = core::philox(known(i).counter, known(i).key);
        for (int word = 0; word < 4; ++word) sum += found.word[word] != known(i).answer.word[word] ? 1 : 0;
      },
      wrong);
  list.compare("random numbers: known answers of Philox, wrong words", wrong, 0.0, exact());
}

/// Normal numbers (rows, D) of the kernels' generator, row i of sample number i.
core::Rows<float> kernel_normals(core::PhiloxKey key, std::uint32_t step, std::int64_t rows, int dimension) {
  const core::Rows<float> result("ebmpi::selftest::normals", rows, dimension);
  constexpr int size = core::tile_size;
  const int ring_rows = core::NormalRows<float>::ring_rows(dimension);
  core::ScratchArena counting(nullptr);
  counting.take<float>(static_cast<std::size_t>(ring_rows) * size);
  counting.take<std::int64_t>(size);
  core::for_each_tile<float>(
      ExecutionSpace(), "ebmpi::selftest::normals", rows, counting.used(),
      KOKKOS_LAMBDA(const core::TeamMember& member, const core::ScratchArena& arena, std::int64_t first) {
        core::ScratchArena own = arena;
        float* const ring = own.take<float>(static_cast<std::size_t>(ring_rows) * size);
        std::int64_t* const numbers = own.take<std::int64_t>(size);
        core::for_each(member, size, [&](int lane) { numbers[lane] = first + lane; });
        core::NormalRows<float> normal(key, step, numbers, ring, dimension);
        normal.advance(member);
        const std::int64_t left = rows - first;
        const int count = left < size ? static_cast<int>(left) : size;
        core::for_each(member, dimension * count, [&](int item) {
          result(first + item / dimension, item % dimension) = normal.row(item % dimension)[item / dimension];
        });
      });
  return result;
}

/// The same from the definition (Box and Muller 1958), in double precision, of the kernels' uniform numbers.
std::vector<double> defined_normals(core::PhiloxKey key, std::uint32_t step, std::int64_t rows,
                                    int dimension) {
  std::vector<double> values;
  for (std::int64_t row = 0; row < rows; ++row) {
    for (int d = 0; d < dimension; ++d) {
      const core::PhiloxBlock bits =
          core::draw(key, static_cast<std::uint64_t>(row), step, static_cast<std::uint32_t>(d / 4));
      const int pair = d % 4 / 2;
      const auto first = static_cast<double>(core::uniform<float>(bits.word[2 * pair])),
                 second = static_cast<double>(core::uniform<float>(bits.word[2 * pair + 1]));
      const double angle = 2.0 * std::numbers::pi * second;
      values.push_back(std::sqrt(-2.0 * std::log(first)) * (d % 2 == 0 ? std::cos(angle) : std::sin(angle)));
    }
  }
  return values;
}

void check_normals(CheckList& list) {
  constexpr std::int64_t rows = 4096;
  constexpr int dimension = 32;
  // √(2 · 24 log 2): uniform numbers have 23 bits.
  constexpr double largest = 5.77;
  const core::PhiloxKey key = key_of(core::Purpose::chain_noise);
  const std::vector<double> normals = to_host(kernel_normals(key, 1, rows, dimension));
  // Logarithm, sine and cosine, root and product have 2, 4 and 1 units in the last place.
  list.compare("random numbers: normal numbers are Box and Muller's", normals,
               defined_normals(key, 1, rows, dimension), roundings(10, largest));
  const auto count = static_cast<double>(normals.size());
  // E[x^2k] of a standard normal number is 1·3·5···(2k - 1): 1, 3, 15, 105.
  const double moments[] = {0.0, 1.0, 0.0, 3.0}, variances[] = {1.0, 2.0, 15.0, 96.0};
  for (int power = 1; power <= 4; ++power) {
    double sum = 0;
    for (const double value : normals) sum += std::pow(value, power);
    list.compare(fmt::format("random numbers: moment {} of normal numbers", power), sum / count,
                 moments[power - 1], standard_errors(std::sqrt(variances[power - 1] / count)));
  }
}

/// Numbers that differ.
double differing(const std::vector<std::int64_t>& left, const std::vector<std::int64_t>& right) {
  double count = 0;
  for (std::size_t i = 0; i < left.size(); ++i) count += left[i] != right[i] ? 1 : 0;
  return count;
}

/// The sums of a gradient: the same bits for any order of the blocks, any number of teams, and cut into one
/// piece for each rank.
void check_sums(CheckList& list, const comm::Communicator& communicator) {
  constexpr int dimension = 5, hidden = 24;
  constexpr std::int64_t rows = 33 * core::tile_size + 7;
  const auto objective = objective::make_contrastive_divergence<float>({});
  const Samples samples(dimension, normal_rows(Draw::data, rows, dimension),
                        normal_rows(Draw::negatives, rows, dimension, 1.5));
  network::Mlp<float> mlp({dimension, {hidden}});
  mlp.initialize(1);
  const std::vector<objective::SampleBlock> blocks = blocks_of(samples, 1);
  const BlockSums whole = sum_blocks(*objective, mlp, samples, blocks, 1);
  const auto bits_of = [&](const std::vector<objective::SampleBlock>& some, int workers) {
    return sum_blocks(*objective, mlp, samples, some, workers, whole.exponents).bits;
  };
  list.compare("exact sums: blocks in reverse order, numbers that differ",
               differing(bits_of({blocks.rbegin(), blocks.rend()}, 1), whole.bits), 0.0, exact());
  for (const int workers : {2, 7})
    list.compare(fmt::format("exact sums: {} teams, numbers that differ", workers),
                 differing(bits_of(blocks, workers), whole.bits), 0.0, exact());
  std::vector<objective::SampleBlock> own;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (static_cast<int>(i) % communicator.size() == communicator.rank()) own.push_back(blocks[i]);
  }
  std::vector<std::int64_t> pieces = bits_of(own, 2);
  communicator.sum(std::span<std::int64_t>(pieces));
  list.compare("exact sums: pieces of all ranks, numbers that differ", differing(pieces, whole.bits), 0.0,
               exact());
}

/// Sums of numbers that are no sums of few powers of two, over shards that the ranks share.
void check_shards(CheckList& list, const comm::Communicator& communicator) {
  constexpr std::int64_t shards = 12;
  constexpr std::size_t length = 3;
  const comm::ShardMap map(shards, communicator.size(), communicator.rank());
  const auto partial = [](std::int64_t shard) {
    return std::vector<double>{1.0 / (1.0 + static_cast<double>(shard)),
                               std::sqrt(static_cast<double>(shard)), -1e-9 * static_cast<double>(shard)};
  };
  std::vector<double> wanted(length, 0.0);
  std::vector<std::vector<double>> own;
  for (std::int64_t shard = 0; shard < shards; ++shard) {
    for (std::size_t i = 0; i < length; ++i) wanted[i] += partial(shard)[i];
    if (shard >= map.owned().first && shard < map.owned().last) own.push_back(partial(shard));
  }
  // The plain sum that it is compared with makes 12 roundings to double, of numbers below 32.
  list.compare("exact sums: over shards", comm::sum_over_shards(communicator, map, length, own), wanted,
               {shards * 32.0 * 0x1p-53, fmt::format("{} roundings to double", shards)});
}

}  // namespace

CheckList core_checks(const comm::Communicator& communicator) {
  CheckList list;
  check_philox(list);
  check_normals(list);
  check_sums(list, communicator);
  check_shards(list, communicator);
  return list;
}

}  // namespace ebmpi::selftest
