// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace ebmpi::optimizer {

/// A weight matrix in a flat buffer of parameters: row-major (rows, columns) = (out, in), from `offset` on.
struct MatrixSlice {
  std::int64_t offset = 0;
  std::int64_t rows = 0;
  std::int64_t columns = 0;
};

}  // namespace ebmpi::optimizer
