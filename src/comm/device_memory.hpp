// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "comm/communicator.hpp"

namespace ebmpi::comm {

/// Whether MPI may be handed pointers to core::MemorySpace. On a build for CPUs that is host memory, and
/// always true. On a GPU the MPI library has to say so (MPIX_Query_cuda_support, MPIX_Query_rocm_support,
/// MPIX_GPU_query_support; of Cray's, MPICH_GPU_SUPPORT_ENABLED=1), and then to get a small sum in device
/// memory right; where it does not, or EBMPI_STAGE_SUMS=1 is set, sums are to go through page-locked host
/// memory. Collective, and the same on every rank; Kokkos must have been started. Costs one small reduction:
/// ask once.
bool device_memory_is_accepted(const Communicator& communicator);

}  // namespace ebmpi::comm
