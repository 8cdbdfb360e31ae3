// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Before a loop with a constant trip count whose variables are to live in registers.
#if defined(__CUDACC__) || defined(__HIPCC__)
#define EBMPI_UNROLL _Pragma("unroll")
#else
#define EBMPI_UNROLL _Pragma("GCC unroll 24")
#endif
