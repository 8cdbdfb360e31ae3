// SPDX-License-Identifier: Apache-2.0
#include "evaluation/chain_start.hpp"

#include <algorithm>
#include <array>

#include "core/error.hpp"
#include "core/random.hpp"
#include "core/to_device.hpp"
#include "io/file_reader.hpp"
#include "sampling/start.hpp"

namespace ebmpi::evaluation {
namespace {

/// Rows i mod C for i in `rows`, read in pieces that do not wrap; every rank makes the same number of calls.
template <class Scalar>
std::vector<Scalar> read_cyclic(const comm::Communicator& communicator, const io::FileReader& file,
                                const std::string& data_set, std::int64_t cycle, comm::IndexRange rows) {
  const auto calls_for = [cycle](comm::IndexRange range) {
    return range.size() == 0 ? 0 : (range.last - 1) / cycle - range.first / cycle + 1;
  };
  std::array<std::int64_t, 1> calls{calls_for(rows)};
  communicator.max(calls);
  std::vector<Scalar> values;
  std::int64_t next = rows.first;
  for (std::int64_t call = 0; call < calls[0]; ++call) {
    const std::int64_t count = std::min(rows.last - next, cycle - next % cycle);
    const std::vector<Scalar> piece = file.read_rows<Scalar>(data_set, count > 0 ? next % cycle : 0, count);
    values.insert(values.end(), piece.begin(), piece.end());
    next += count;
  }
  return values;
}

}  // namespace

template <class Scalar>
void draw_starts(const training::Model<Scalar>& model, std::uint64_t seed, comm::IndexRange rows,
                 const core::Rows<Scalar>& x) {
  const sampling::StartDistribution<Scalar> start{
      core::to_device<Scalar>(model.moments.mean, "ebmpi::evaluation::start_mean"),
      core::to_device<Scalar>(model.moments.deviation, "ebmpi::evaluation::start_deviation")};
  const core::PhiloxKey key = core::stream_key(seed, core::Purpose::sample_start);
  const std::int64_t first = rows.first;
  const Kokkos::RangePolicy<core::ExecutionSpace> policy(0, x.extent(0));
  Kokkos::parallel_for(
      "ebmpi::evaluation::draw_starts", policy,
      KOKKOS_LAMBDA(std::int64_t row) { start(key, first + row, 0, x, row); });
}

template <class Scalar>
std::vector<Scalar> read_starts(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                                const std::string& file, const std::string& data_set, comm::IndexRange rows) {
  const std::int64_t dimension = model.transform.model_dimension();
  const io::FileReader reader(communicator, file);
  const std::vector<std::int64_t> shape = reader.shape(data_set);
  if (shape.size() != 2 || shape[0] == 0 || shape[1] != dimension) {
    throw core::FileError(file + ": " + data_set + " holds no chains of this model (it needs shape (C, " +
                          std::to_string(dimension) + ")); name a file that belongs to " + model.checkpoint);
  }
  return read_cyclic<Scalar>(communicator, reader, data_set, shape[0], rows);
}

#define EBMPI_INSTANTIATE(Scalar)                                                                     \
  template void draw_starts(const training::Model<Scalar>&, std::uint64_t, comm::IndexRange,          \
                            const core::Rows<Scalar>&);                                               \
  template std::vector<Scalar> read_starts(const comm::Communicator&, const training::Model<Scalar>&, \
                                           const std::string&, const std::string&, comm::IndexRange);
EBMPI_INSTANTIATE(float)
EBMPI_INSTANTIATE(double)
#undef EBMPI_INSTANTIATE

}  // namespace ebmpi::evaluation
