// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ebmpi::core {

/// Bytes per second between the execution space and its memory, from the triad a = b + s·c on arrays that no
/// cache holds; the bytes read and written by the program are counted, as STREAM does (McCalpin 1995,
/// https://www.cs.virginia.edu/stream). Takes about `seconds`.
double measured_bandwidth(double seconds);

}  // namespace ebmpi::core
