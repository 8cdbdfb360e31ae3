// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/sample_source.hpp"

namespace ebmpi::test {

/// Samples from memory, row-major (N, D); all finite.
class ArraySource : public data::SampleSource {
public:
  ArraySource(std::vector<double> values, std::int64_t columns)
      : values_(std::move(values)), columns_(columns) {}

  std::string name() const override { return "array"; }
  std::int64_t rows() const override { return static_cast<std::int64_t>(values_.size()) / columns_; }
  std::int64_t columns() const override { return columns_; }
  std::int64_t row_bytes() const override { return columns_ * static_cast<std::int64_t>(sizeof(double)); }
  void read(std::int64_t first, std::int64_t count, std::span<double> values) const override {
    std::copy_n(values_.begin() + first * columns_, count * columns_, values.begin());
  }
  void check_finite(std::int64_t, std::span<const double>) const override {}
  std::unique_ptr<data::RowReader> make_reader() const override;

private:
  std::vector<double> values_;
  std::int64_t columns_;
};

/// Reads from its own copy of the source.
class ArrayReader : public data::RowReader {
public:
  explicit ArrayReader(ArraySource source) : source_(std::move(source)) {}

  void read(std::int64_t first, std::int64_t count, std::span<double> values) override {
    source_.read(first, count, values);
  }

private:
  ArraySource source_;
};

inline std::unique_ptr<data::RowReader> ArraySource::make_reader() const {
  return std::make_unique<ArrayReader>(*this);
}

/// One column in which each row holds its number.
inline ArraySource numbered_rows(std::int64_t rows) {
  std::vector<double> values;
  for (std::int64_t row = 0; row < rows; ++row) values.push_back(static_cast<double>(row));
  return {values, 1};
}

}  // namespace ebmpi::test
