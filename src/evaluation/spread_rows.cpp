// SPDX-License-Identifier: Apache-2.0
#include "evaluation/spread_rows.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "comm/shards.hpp"
#include "core/error.hpp"

namespace ebmpi::evaluation {

std::vector<std::size_t> spread_numbers(std::int64_t count, std::int64_t most) {
  const std::int64_t taken = std::min(count, most);
  std::vector<std::size_t> numbers;
  for (std::int64_t i = 0; i < taken; ++i)
    numbers.push_back(static_cast<std::size_t>(comm::balanced_slice(count, taken, i).first));
  return numbers;
}

std::vector<double> read_spread_rows(const comm::Communicator& communicator, const io::DatasetReader& reader,
                                     std::int64_t most) {
  const std::vector<std::size_t> numbers = spread_numbers(reader.rows(), most);
  const comm::IndexRange own = comm::balanced_slice(static_cast<std::int64_t>(numbers.size()),
                                                    communicator.size(), communicator.rank());
  const auto columns = static_cast<std::size_t>(reader.columns());
  std::vector<double> rows(static_cast<std::size_t>(own.size()) * columns);
  communicator.together([&] {
    // Neighbours are read at once.
    for (std::int64_t first = own.first, last = first; first < own.last; first = last) {
      const std::size_t start = numbers[static_cast<std::size_t>(first)];
      while (last < own.last &&
             numbers[static_cast<std::size_t>(last)] == start + static_cast<std::size_t>(last - first))
        ++last;
      const std::int64_t count = last - first;
      reader.read_rows(static_cast<std::int64_t>(start), count,
                       std::span(rows).subspan(static_cast<std::size_t>(first - own.first) * columns,
                                               static_cast<std::size_t>(count) * columns));
    }
    const auto bad = std::ranges::find_if(rows, [](double value) { return !std::isfinite(value); });
    if (bad == rows.end()) return;
    const auto row =
        static_cast<std::size_t>(own.first) + static_cast<std::size_t>(bad - rows.begin()) / columns;
    throw core::InputError(reader.name().text() + ": row " + std::to_string(numbers[row]) +
                           " holds NaN or infinity (rows must be numbers); remove the row");
  });
  return communicator.gather_all(rows);
}

}  // namespace ebmpi::evaluation
