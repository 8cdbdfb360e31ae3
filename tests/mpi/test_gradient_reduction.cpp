// SPDX-License-Identifier: Apache-2.0
#include <mpi.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <cmath>

#include "config/parse.hpp"
#include "support/jet_sums.hpp"
#include "training/gradient_reduction.hpp"
#include "training/make_objective.hpp"
#include "training/settings.hpp"

using namespace ebmpi;
using core::FixedPointSum;
using training::GradientReduction;
using training::Overlap;

namespace {

constexpr int dimension = 5;

/// Two layers that fill a bucket each, one that does not, and a log normaliser behind them.
config::RunConfig network_config() {
  config::RunConfig config = config::parse_config(
      "[data]\ndensity = \"two_moons\"\n[objective]\nkind = \"noise_contrastive_estimation\"", "test");
  config.network.hidden = {112, 96, 88};
  return config;
}

/// Samples that no two ranks share.
core::Rows<float> samples_of_rank(int rank, std::int64_t rows) {
  std::vector<float> values;
  for (std::int64_t i = 0; i < rows * dimension; ++i)
    values.push_back(std::sin(0.37f * static_cast<float>(i) + 1.7f * static_cast<float>(rank)));
  return test::to_rows(values, dimension);
}

/// What a step of training adds up, on this rank.
struct Work {
  explicit Work(int rank, std::int64_t rows)
      : config(network_config()),
        mlp(training::mlp_shape(config, dimension)),
        objective(training::make_objective<float>(config, mlp.shape())),
        batch(test::batch_of(samples_of_rank(rank, rows), test::blocks_of(rows, 64), 0,
                             std::vector<float>(static_cast<std::size_t>(rows), -1.5f))) {
    mlp.initialize(3);
  }

  std::vector<std::int64_t> slot_sizes() const {
    std::vector<std::int64_t> sizes;
    for (const auto& tensor : mlp.layout().tensors()) sizes.push_back(tensor.size());
    sizes.resize(sizes.size() + static_cast<std::size_t>(objective->terms()), 1);
    return sizes;
  }
  void add(const core::FixedPointAdder& adder, int workers) const {
    objective->add(core::ExecutionSpace(), mlp.view(), batch, objective::Task::gradient, adder, workers);
    Kokkos::fence();
  }
  std::int64_t blocks() const { return static_cast<std::int64_t>(batch.blocks.extent(0)); }

  config::RunConfig config;
  network::Mlp<float> mlp;
  std::unique_ptr<objective::Objective<float>> objective;
  objective::JetBatch<float> batch;
};

/// Scales that fit all ranks' addends.
void calibrate(const comm::Communicator& world, const Work& work, FixedPointSum& sums) {
  sums.clear();
  work.add(sums.adder(), sums.workers());
  sums.collect();
  world.max(sums.peaks());
  REQUIRE(sums.judge(1000) == FixedPointSum::Verdict::repeat);
}

}  // namespace

TEST_CASE("buckets of layers add up to the plain sum, bit for bit") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const Overlap overlap = GENERATE(Overlap::always, Overlap::never);
  for (const std::int64_t rows : {64, 200, 700}) {
    const Work work(world.rank(), rows);
    for (const int workers : {1, 2}) {
      FixedPointSum plain(work.slot_sizes(), workers), bucketed(work.slot_sizes(), workers);
      calibrate(world, work, plain);
      bucketed.set_exponents(plain.exponents());
      plain.clear();
      work.add(plain.adder(), plain.workers());
      plain.collect();
      world.sum(plain.sums());

      GradientReduction reduction(world, bucketed, work.mlp.shape().layers(), overlap);
      CHECK(reduction.buckets() ==
            4);  // layers 3 and 2 (8624 numbers), 1 (10848), 0, and the log normaliser with the terms
      for (int repeat = 0; repeat < 2; ++repeat) {
        bucketed.clear();
        work.add(reduction.begin(work.blocks()), bucketed.workers());
        const int early = reduction.sent_early();
        reduction.send_rest();
        reduction.wait();
        INFO(rows << " rows, " << workers << " workers, repeat " << repeat);
        CHECK(std::ranges::equal(bucketed.sums(), plain.sums()));
        CHECK(early <= reduction.buckets() - 1);
        // A single worker is the thread that talks to MPI, so nothing waits for the end of the kernel.
        const bool sees_all = core::FixedPointAdder::own_copies && bucketed.workers() == 1 &&
                              world.size() > 1 && overlap == Overlap::always;
        if (sees_all) CHECK(early == reduction.buckets() - 1);
        if (world.size() == 1 || overlap == Overlap::never) CHECK(early == 0);
      }
    }
  }
}

TEST_CASE("a rank without samples takes part in the sum") {
  const comm::Communicator world(MPI_COMM_WORLD);
  FixedPointSum sums({10000, 4, 9000, 3, 1}, 2);
  GradientReduction reduction(world, sums, 2, Overlap::always);
  sums.clear();
  const core::FixedPointAdder adder = reduction.begin(0);
  if (world.is_root()) adder.add(0, 2, 10004, 1.0f);
  reduction.send_rest();
  reduction.wait();
  CHECK(sums.sums()[10004] == 1);
  CHECK(sums.sums()[0] == 0);
}
