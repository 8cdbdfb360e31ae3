// SPDX-License-Identifier: Apache-2.0
#include "comm/device_memory.hpp"

#include <mpi.h>
#if __has_include(<mpi-ext.h>)
#include <mpi-ext.h>
#endif

#include <Kokkos_Core.hpp>
#include <cstdlib>
#include <cstring>

#include "core/pack.hpp"

namespace ebmpi::comm {
namespace {

/// Long enough to leave the path of the smallest messages, which some libraries copy in another way.
constexpr std::int64_t trial_length = 4096;

bool variable_is_one(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && std::strcmp(value, "1") == 0;
}

/// What the library says of itself. Only a library that says yes may be tried: others end the program with a
/// segmentation fault.
bool library_says_so() {
#if defined(KOKKOS_ENABLE_CUDA)
#if defined(OMPI_HAVE_MPI_EXT_CUDA) || defined(MPIX_CUDA_AWARE_SUPPORT)
  return MPIX_Query_cuda_support() == 1;
#elif defined(MPIX_GPU_SUPPORT_CUDA)
  int supported = 0;
  MPIX_GPU_query_support(MPIX_GPU_SUPPORT_CUDA, &supported);
  return supported != 0;
#endif
#elif defined(KOKKOS_ENABLE_HIP)
#if defined(OMPI_HAVE_MPI_EXT_ROCM) || defined(MPIX_ROCM_AWARE_SUPPORT)
  return MPIX_Query_rocm_support() == 1;
#elif defined(MPIX_GPU_SUPPORT_HIP)
  int supported = 0;
  MPIX_GPU_query_support(MPIX_GPU_SUPPORT_HIP, &supported);
  return supported != 0;
#endif
#endif
  return variable_is_one("MPICH_GPU_SUPPORT_ENABLED");
}

/// Sums rank + i over the ranks, in device memory, and compares.
bool sums_are_right(const Communicator& communicator) {
  const Kokkos::View<std::int64_t*, core::MemorySpace> trial("ebmpi::comm::trial", trial_length);
  const auto host = Kokkos::create_mirror_view(trial);
  for (std::int64_t i = 0; i < trial_length; ++i) host(i) = communicator.rank() + i;
  Kokkos::deep_copy(trial, host);
  communicator.sum(std::span<std::int64_t>(trial.data(), trial.size()));
  Kokkos::deep_copy(host, trial);
  const std::int64_t ranks = communicator.size();
  for (std::int64_t i = 0; i < trial_length; ++i) {
    if (host(i) != ranks * (ranks - 1) / 2 + ranks * i) return false;
  }
  return true;
}

}  // namespace

bool device_memory_is_accepted(const Communicator& communicator) {
  if constexpr (core::is_host_space<core::ExecutionSpace>) {
    return true;
  } else {
    const auto on_all = [&](bool here) {
      auto all = static_cast<std::int64_t>(here);
      communicator.min(std::span(&all, 1));
      return all == 1;
    };
    if (!on_all(library_says_so() && !variable_is_one("EBMPI_STAGE_SUMS"))) return false;
    return on_all(sums_are_right(communicator));
  }
}

}  // namespace ebmpi::comm
