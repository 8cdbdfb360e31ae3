// SPDX-License-Identifier: Apache-2.0
#include "io/dataset_reader.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>
#include <utility>

#include "core/error.hpp"
#include "io/dataset_probe.hpp"
#include "io/hdf5_lock.hpp"
#include "io/hdf5_support.hpp"
#include "io/row_access.hpp"

namespace ebmpi::io {

namespace {

Handle open_data_set(std::int64_t file, const DatasetName& name) {
  const Hdf5Lock lock;
  Handle data_set = open_rows(file, name.dataset);
  if (!data_set) {
    throw core::FileError(name.text() + " cannot be opened (" + hdf5_reason() +
                          "); check that every node sees the same file");
  }
  return data_set;
}

template <class Value>
void read_checked(std::int64_t data_set, const DatasetName& name, const std::vector<std::int64_t>& shape,
                  comm::IndexRange rows, std::span<Value> values) {
  if (rows.first < 0 || rows.size() < 0 || rows.last > shape[0]) {
    throw std::out_of_range("rows " + std::to_string(rows.first) + " to " + std::to_string(rows.last) +
                            " of " + name.text());
  }
  const std::int64_t columns = shape.size() == 1 ? 1 : shape[1];
  if (static_cast<std::int64_t>(values.size()) != rows.size() * columns) {
    throw std::invalid_argument("a buffer of the wrong size for rows of " + name.text());
  }
  if (rows.size() == 0) return;
  const Hdf5Lock lock;
  const std::string reason = read_selected_rows(data_set, shape, rows.first, rows.size(), values.data());
  if (reason.empty()) return;
  throw core::FileError(name.text() + " cannot be read in rows " + std::to_string(rows.first) + " to " +
                        std::to_string(rows.last - 1) + " (" + reason +
                        "); the file is damaged or a compression filter is missing, copy or rewrite it");
}

enum class NotFinite : std::int64_t { nan, plus_infinity, minus_infinity, kinds };

/// Position (row-major) and kind of the first value that is not finite, as one number that orders by
/// position.
template <class Value>
std::int64_t first_not_finite(std::int64_t offset, std::span<const Value> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    const NotFinite kind = std::isnan(values[i]) ? NotFinite::nan
                           : values[i] > 0       ? NotFinite::plus_infinity
                                                 : NotFinite::minus_infinity;
    return (offset + static_cast<std::int64_t>(i)) * static_cast<std::int64_t>(NotFinite::kinds) +
           static_cast<std::int64_t>(kind);
  }
  return std::numeric_limits<std::int64_t>::max();
}

template <class Value>
void check_finite_everywhere(const comm::Communicator& communicator, const DatasetReader& reader,
                             std::int64_t first, std::span<const Value> values) {
  constexpr const char* names[] = {"NaN", "infinity", "-infinity"};
  constexpr auto kinds = static_cast<std::int64_t>(NotFinite::kinds);
  std::int64_t found = first_not_finite(first * reader.columns(), values);
  communicator.min(std::span(&found, 1));
  if (found == std::numeric_limits<std::int64_t>::max()) return;
  const std::int64_t position = found / kinds;
  throw core::InputError(
      reader.name().text() + " has " + names[found % kinds] + " at row " +
      std::to_string(position / reader.columns()) + ", column " +
      std::to_string(position % reader.columns()) +
      " (both counted from 0; a model cannot be fitted to values that are not finite); remove such " +
      "rows or replace the values");
}

}  // namespace

DatasetReader::DatasetReader(const comm::Communicator& communicator, DatasetName name)
    : communicator_(communicator), name_(std::move(name)) {
  const auto shape = probe_dataset(communicator_, name_, Elements::numbers);
  dimensions_ = static_cast<std::int64_t>(shape.size());
  rows_ = shape[0];
  columns_ = dimensions_ == 1 ? 1 : shape[1];
  communicator_.together([&] {
    file_ = open_for_reading(name_.file);
    data_set_ = open_data_set(file_.id(), name_);
    layout_ = layout_of(data_set_.id(), columns_);
  });
}

std::vector<std::int64_t> DatasetReader::shape() const {
  return dimensions_ == 1 ? std::vector{rows_} : std::vector{rows_, columns_};
}

void DatasetReader::read_rows(std::int64_t first, std::int64_t count, std::span<double> values) const {
  read_checked(data_set_.id(), name_, shape(), {first, first + count}, values);
}

void DatasetReader::read_rows(std::int64_t first, std::int64_t count, std::span<float> values) const {
  read_checked(data_set_.id(), name_, shape(), {first, first + count}, values);
}

void DatasetReader::check_finite(std::int64_t first, std::span<const double> values) const {
  check_finite_everywhere(communicator_, *this, first, values);
}

void DatasetReader::check_finite(std::int64_t first, std::span<const float> values) const {
  check_finite_everywhere(communicator_, *this, first, values);
}

std::optional<std::vector<std::int64_t>> read_labels(const comm::Communicator& communicator,
                                                     const DatasetName& name, std::int64_t expected_rows,
                                                     comm::IndexRange rows) {
  if (!dataset_exists(communicator, name)) return std::nullopt;
  const auto shape = probe_dataset(communicator, name, Elements::labels);
  if (shape[0] != expected_rows || (shape.size() == 2 && shape[1] != 1)) {
    throw core::InputError(name.text() + " has shape " + shape_text(shape) + " (the samples have " +
                           std::to_string(expected_rows) + " rows); store one label for each row");
  }
  std::vector<std::int64_t> labels(rows.size());
  communicator.together([&] {
    const Handle file = open_for_reading(name.file);
    const Handle data_set = open_data_set(file.id(), name);
    read_checked(data_set.id(), name, shape, rows, std::span<std::int64_t>(labels));
  });
  return labels;
}

}  // namespace ebmpi::io
