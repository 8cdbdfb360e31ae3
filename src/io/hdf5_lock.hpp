// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>

namespace ebmpi::io {

/// Held by whoever calls HDF5: a library with MPI allows one thread at a time, and keeps one error stack for
/// all of them. A thread may hold it more than once. It is held across MPI calls of the thread that trains,
/// so the thread that reads ahead must make none.
class Hdf5Lock {
public:
  Hdf5Lock() : lock_(mutex()) {}

private:
  static std::recursive_mutex& mutex() {
    static std::recursive_mutex the_one;
    return the_one;
  }

  std::lock_guard<std::recursive_mutex> lock_;
};

}  // namespace ebmpi::io
