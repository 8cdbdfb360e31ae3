// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ebmpi::evaluation {

/// Mean and standard deviation of arrays of numbers, element by element (Welford 1962,
/// doi:10.1080/00401706.1962.10490022).
class RowMoments {
public:
  /// Of the same length each time.
  void add(const std::vector<double>& values) {
    ++count_;
    mean_.resize(values.size());
    squares_.resize(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double away = values[i] - mean_[i];
      mean_[i] += away / static_cast<double>(count_);
      squares_[i] += away * (values[i] - mean_[i]);
    }
  }

  const std::vector<double>& mean() const { return mean_; }

  /// Unbiased in the square; of a single array 0.
  std::vector<double> deviation() const {
    std::vector<double> result(squares_);
    for (double& value : result)
      value = count_ > 1 ? std::sqrt(value / static_cast<double>(count_ - 1)) : 0.0;
    return result;
  }

private:
  std::int64_t count_ = 0;
  std::vector<double> mean_, squares_;
};

}  // namespace ebmpi::evaluation
