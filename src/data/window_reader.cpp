// SPDX-License-Identifier: Apache-2.0
#include "data/window_reader.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "core/error.hpp"

namespace ebmpi::data {

template <class Scalar>
WindowReader<Scalar>::WindowReader(const SampleSource& source, DataTransform transform,
                                   ValidationSplit held_out)
    : reader_(source.make_reader()),
      name_(source.name()),
      columns_(source.columns()),
      transform_(std::move(transform)),
      held_out_(held_out) {}

template <class Scalar>
void WindowReader<Scalar>::append(comm::IndexRange rows, std::vector<Scalar>& values) {
  x_.resize(static_cast<std::size_t>(rows.size() * columns_));
  z_.resize(static_cast<std::size_t>(rows.size() * dimension()));
  reader_->read(rows.first, rows.size(), x_);
  transform_.to_model(x_, z_);
  const auto width = static_cast<std::size_t>(dimension());
  std::size_t end = values.size();
  values.resize(end + z_.size());
  const double* z = z_.data();
  for (std::int64_t row = rows.first; row < rows.last; ++row, z += width) {
    if (held_out_(row)) continue;
    bool finite = true;
    for (std::size_t d = 0; d < width; ++d) {
      const auto value = static_cast<Scalar>(z[d]);
      finite &= std::isfinite(value);
      values[end + d] = value;
    }
    end += width;
    if (finite) continue;
    throw core::InputError(fmt::format(
        "{} has NaN, infinity or a number out of range in row {}, counted from 0 (it had none when the run "
        "began, so the file was changed); bring it back as it was and run again to go on",
        name_, row));
  }
  values.resize(end);
}

template class WindowReader<float>;
template class WindowReader<double>;

}  // namespace ebmpi::data
