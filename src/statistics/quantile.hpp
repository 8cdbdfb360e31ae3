// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <vector>

namespace ebmpi::statistics {

/// The quantile of ascending `sorted`, not empty, at `probability` in [0, 1], by linear interpolation between
/// the values at the whole ranks around probability · (n - 1), counted from 0 (type 7 of Hyndman and Fan
/// 1996, doi:10.1080/00031305.1996.10473566). `value(element)` is what is sorted.
template <class Element, class Value = std::identity>
double sorted_quantile(const std::vector<Element>& sorted, double probability, const Value& value = {}) {
  const double rank = probability * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return std::lerp(value(sorted[below]), value(sorted[above]), rank - static_cast<double>(below));
}

}  // namespace ebmpi::statistics
