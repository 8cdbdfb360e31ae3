// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>

#include "io/hdf5_lock.hpp"

namespace ebmpi::io {

/// Owner of an HDF5 identifier (hid_t is a 64-bit integer; other folders need not see hdf5.h for it).
class Handle {
public:
  using Close = int (*)(std::int64_t);

  Handle() = default;
  /// A negative `id` is HDF5's sign of failure and is not closed.
  Handle(std::int64_t id, Close close) : id_(id), close_(close) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Handle() { close(); }

  std::int64_t id() const { return id_; }
  explicit operator bool() const { return id_ >= 0; }

  /// Closes now; a negative result is HDF5's sign of failure.
  int close() {
    const std::int64_t id = std::exchange(id_, -1);
    if (id < 0) return 0;
    const Hdf5Lock lock;
    return close_(id);
  }

private:
  std::int64_t id_ = -1;
  Close close_ = nullptr;
};

}  // namespace ebmpi::io
