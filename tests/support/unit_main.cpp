// SPDX-License-Identifier: Apache-2.0
// Runs the unit tests of one folder on one rank, with MPI (for MPI_COMM_SELF) and Kokkos started.
#include <mpi.h>

#include <Kokkos_Core.hpp>
#include <catch2/catch_session.hpp>

int main(int argc, char* argv[]) {
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  Kokkos::initialize(argc, argv);
  const int result = Catch::Session().run(argc, argv);
  Kokkos::finalize();
  MPI_Finalize();
  return result;
}
