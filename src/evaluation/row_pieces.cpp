// SPDX-License-Identifier: Apache-2.0
#include "evaluation/row_pieces.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace ebmpi::evaluation {
namespace {

/// Numbers of a piece: large enough to keep all threads of a node busy.
constexpr std::int64_t piece_numbers = std::int64_t{1} << 21;

void check_numbers(const io::DatasetReader& reader, NotANumber nan, std::int64_t first,
                   std::span<const double> values) {
  if (nan == NotANumber::refused) return reader.check_finite(first, values);
  std::vector<double> known(values.begin(), values.end());
  std::ranges::replace_if(
      known, [](double value) { return std::isnan(value); }, 0.0);
  reader.check_finite(first, std::span<const double>(known));
}

}  // namespace

comm::IndexRange own_rows(const comm::Communicator& communicator, std::int64_t total) {
  return comm::balanced_slice(total, communicator.size(), communicator.rank());
}

template <class Scalar>
void check_dimension(const training::Model<Scalar>& model, const io::DatasetReader& reader) {
  const std::int64_t expected = model.transform.dimension();
  if (reader.columns() == expected) return;
  throw core::InputError(reader.name().text() + " has " + std::to_string(reader.columns()) +
                         " columns (the model " + model.checkpoint + " was trained on " +
                         std::to_string(expected) + "); name a data set of that dimension as FILE.h5:path");
}

void for_each_piece(const comm::Communicator& communicator, const io::DatasetReader& reader, NotANumber nan,
                    const UsePiece& use) {
  const comm::IndexRange own = own_rows(communicator, reader.rows());
  const std::int64_t longest = comm::balanced_slice(reader.rows(), communicator.size(), 0).size();
  const std::int64_t most =
      std::min(longest, std::max<std::int64_t>(core::tile_size, piece_numbers / reader.columns()));
  std::vector<double> buffer(static_cast<std::size_t>(most * reader.columns()));
  for (std::int64_t done = 0; done < longest; done += most) {
    const std::int64_t first = std::min(own.last, own.first + done);
    const std::int64_t rows = std::min(most, own.last - first);
    const auto values = std::span(buffer).first(static_cast<std::size_t>(rows * reader.columns()));
    communicator.together([&] { reader.read_rows(first, rows, values); });
    check_numbers(reader, nan, first, values);
    communicator.together([&] { use(first, values); });
  }
}

template <class Scalar>
core::Rows<Scalar> to_device_rows(std::span<const double> values, std::int64_t rows, const char* label) {
  const std::int64_t columns = rows == 0 ? 0 : static_cast<std::int64_t>(values.size()) / rows;
  const core::Rows<Scalar> device(label, rows, columns);
  const auto host = Kokkos::create_mirror_view(device);
  std::ranges::transform(values, host.data(), [](double value) { return static_cast<Scalar>(value); });
  Kokkos::deep_copy(device, host);
  return device;
}

Kokkos::View<const std::int64_t*, core::MemorySpace> consecutive_numbers(std::int64_t first,
                                                                         std::int64_t rows) {
  const Kokkos::View<std::int64_t*, core::MemorySpace> numbers("ebmpi::evaluation::numbers", rows);
  const Kokkos::RangePolicy<core::ExecutionSpace> policy(0, rows);
  Kokkos::parallel_for(
      "ebmpi::evaluation::number_rows", policy,
      KOKKOS_LAMBDA(std::int64_t row) { numbers(row) = first + row; });
  return numbers;
}

double mean_of_all(const comm::Communicator& communicator, std::span<const double> own) {
  const std::vector<double> all = communicator.gather_all(own);
  return std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(all.size());
}

template void check_dimension(const training::Model<float>&, const io::DatasetReader&);
template void check_dimension(const training::Model<double>&, const io::DatasetReader&);
template core::Rows<float> to_device_rows(std::span<const double>, std::int64_t, const char*);
template core::Rows<double> to_device_rows(std::span<const double>, std::int64_t, const char*);

}  // namespace ebmpi::evaluation
