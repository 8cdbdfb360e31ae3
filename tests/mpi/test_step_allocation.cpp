// SPDX-License-Identifier: Apache-2.0
// Replaces the global operator new, so that it stands alone in its program.
#include <mpi.h>

#include <atomic>
#include <catch2/catch_test_macros.hpp>
#include <cstdlib>
#include <new>
#include <string>

#include "config/derived.hpp"
#include "config/parse.hpp"
#include "training/trainer.hpp"

namespace {

std::atomic<std::int64_t> live_allocations{0};
std::atomic<std::size_t> largest_allocation{0};
std::atomic<std::int64_t> view_allocations{0};

void* counted(std::size_t bytes) {
  ++live_allocations;
  std::size_t largest = largest_allocation;
  while (bytes > largest && !largest_allocation.compare_exchange_weak(largest, bytes)) {
  }
  if (void* const memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}

void release(void* memory) {
  if (memory == nullptr) return;
  --live_allocations;
  std::free(memory);
}

}  // namespace

void* operator new(std::size_t bytes) {
  return counted(bytes);
}
void* operator new[](std::size_t bytes) {
  return counted(bytes);
}
void operator delete(void* memory) noexcept {
  release(memory);
}
void operator delete[](void* memory) noexcept {
  release(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, std::size_t) noexcept {
  release(memory);
}

using namespace ebmpi;

TEST_CASE("a step of training allocates no array and keeps no memory") {
  // Kokkos copies the label of each kernel to a string of its own; nothing of the size of data may come with
  // it.
  constexpr std::size_t longest_label = 128;
  const comm::Communicator world(MPI_COMM_WORLD);
  Kokkos::Tools::Experimental::set_allocate_data_callback(
      [](Kokkos_Profiling_SpaceHandle, const char*, const void*, std::uint64_t) { ++view_allocations; });
  const std::string persistent = "persistent_contrastive_divergence\"\n[sampler]\nkind = \"";
  for (const std::string& kind :
       {std::string("contrastive_divergence"), std::string("persistent_contrastive_divergence"),
        std::string("score_matching"), std::string("sliced_score_matching"),
        std::string("denoising_score_matching"), std::string("noise_contrastive_estimation"),
        std::string("energy_discrepancy"), std::string("flow_contrastive_estimation"),
        std::string("flow_maximum_likelihood"), persistent + "mala\"\nbox = 0.1\nadapt_steps = 5",
        persistent + "hmc", persistent + "parallel_tempering\"\nexchange_every = 1\nadapt_steps = 5"}) {
    config::RunConfig config = config::parse_config(
        std::string("[data]\ndensity = \"two_moons\"\ncount = 4000\n[objective]\nkind = \"") + kind +
            (kind.ends_with("5") ? "" : "\"") + "\n[optimizer]\nbatch_size = 512\ngradient_clip = 1.0",
        "test");
    config.sampler.steps = 2;
    config.run.validate_every = 0;
    const comm::ShardMap shards(config::resolved_shards(config), world.size(), world.rank());
    training::Trainer<float> trainer(world, shards, config, *training::open_source(world, config));
    for (int step = 0; step < 3; ++step) trainer.step(training::StopReason::none);
    const std::int64_t live = live_allocations;
    largest_allocation = 0;
    view_allocations = 0;
    for (int step = 0; step < 3; ++step) trainer.step(training::StopReason::none);
    const std::int64_t kept = live_allocations - live, views = view_allocations;
    const std::size_t largest = largest_allocation;
    INFO(kind);
    CHECK(kept == 0);
    CHECK(views == 0);
    CHECK(largest <= longest_label);
  }
  Kokkos::Tools::Experimental::set_allocate_data_callback(nullptr);
}
