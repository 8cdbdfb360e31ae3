// SPDX-License-Identifier: Apache-2.0
#include "selftest/samples.hpp"

namespace ebmpi::selftest {

core::PhiloxKey key_of(core::Purpose purpose) {
  return core::stream_key(1, purpose);
}

std::vector<float> normal_rows(Draw draw, std::int64_t rows, int dimension, double scale) {
  const core::PhiloxKey key = key_of(core::Purpose::synthetic_data);
  std::vector<float> values(static_cast<std::size_t>(rows * dimension));
  for (std::int64_t row = 0; row < rows; ++row) {
    for (int d = 0; d < dimension; d += 2) {
      const core::PhiloxBlock bits =
          core::draw(key, static_cast<std::uint64_t>(row), static_cast<std::uint32_t>(draw),
                     static_cast<std::uint32_t>(d));
      double pair[2];
      core::normal_pair(bits.word[0], bits.word[1], pair[0], pair[1]);
      for (int k = 0; k < 2 && d + k < dimension; ++k)
        values[static_cast<std::size_t>(row * dimension + d + k)] = static_cast<float>(scale * pair[k]);
    }
  }
  return values;
}

core::Rows<float> to_rows(const std::vector<float>& values, int dimension) {
  const auto columns = static_cast<std::size_t>(dimension);
  const core::Rows<float> rows("ebmpi::selftest::rows", values.size() / columns, columns);
  const auto host = Kokkos::create_mirror_view(rows);
  for (std::size_t i = 0; i < values.size(); ++i) host(i / columns, i % columns) = values[i];
  Kokkos::deep_copy(rows, host);
  return rows;
}

std::vector<double> to_host(const Kokkos::View<float*, core::MemorySpace>& values) {
  Kokkos::fence("ebmpi::selftest::to_host");
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), values);
  return std::vector<double>(host.data(), host.data() + host.extent(0));
}

std::vector<double> to_host(const core::Rows<float>& rows) {
  Kokkos::fence("ebmpi::selftest::to_host");
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), rows);
  std::vector<double> values;
  for (std::size_t i = 0; i < host.extent(0); ++i) {
    for (std::size_t d = 0; d < host.extent(1); ++d) values.push_back(static_cast<double>(host(i, d)));
  }
  return values;
}

Samples::Samples(int dimension, std::vector<float> data, const std::vector<float>& negatives,
                 const std::vector<float>& log_noise)
    : dimension_(dimension),
      rows_(static_cast<std::int64_t>(data.size()) / dimension),
      values_(std::move(data)),
      log_noise_(to_device(log_noise)) {
  values_.insert(values_.end(), negatives.begin(), negatives.end());
  squares_.resize(values_.size() / static_cast<std::size_t>(dimension));
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const auto value = static_cast<double>(values_[i]);
    squares_[i / static_cast<std::size_t>(dimension)] += value * value;
  }
  x_ = to_rows(values_, dimension);
}

double Samples::mean_square(std::int64_t first, std::int64_t last) const {
  double sum = 0;
  for (std::int64_t row = first; row < last; ++row) sum += square(row);
  return sum / static_cast<double>(last - first);
}

double Samples::mean_fourth(std::int64_t first, std::int64_t last) const {
  double sum = 0;
  for (std::int64_t row = first; row < last; ++row) sum += square(row) * square(row);
  return sum / static_cast<double>(last - first);
}

}  // namespace ebmpi::selftest
