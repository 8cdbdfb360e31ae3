// SPDX-License-Identifier: Apache-2.0
#include "evaluation/draw_diagnostics.hpp"

#include <algorithm>
#include <span>

namespace ebmpi::evaluation {

namespace {

using statistics::ChainDiagnostics;

constexpr std::int64_t most_draws = std::int64_t{1} << 22;    // of one quantity
constexpr std::int64_t most_numbers = std::int64_t{1} << 24;  // read at a time

/// Numbers as they travel between ranks.
constexpr std::size_t figures = 8;

void append(const ChainDiagnostics& d, std::vector<double>& to) {
  to.insert(to.end(), {d.mean, d.standard_deviation, d.r_hat, d.ess_bulk, d.ess_tail, d.ess_mean, d.mcse_mean,
                       d.autocorrelation_time});
}

std::vector<ChainDiagnostics> unpack(const std::vector<double>& from) {
  std::vector<ChainDiagnostics> result;
  for (std::size_t i = 0; i + figures <= from.size(); i += figures) {
    result.push_back(
        {from[i], from[i + 1], from[i + 2], from[i + 3], from[i + 4], from[i + 5], from[i + 6], from[i + 7]});
  }
  return result;
}

/// Each rank reads and judges its slice of the coordinates.
template <class Scalar>
std::vector<ChainDiagnostics> diagnose_coordinates(const comm::Communicator& communicator,
                                                   io::FileWriter& file, std::int64_t chains,
                                                   std::int64_t draws, std::int64_t dimension) {
  const comm::IndexRange own = comm::balanced_slice(dimension, communicator.size(), communicator.rank());
  const std::int64_t longest = comm::balanced_slice(dimension, communicator.size(), 0).size();
  const std::int64_t together = std::clamp<std::int64_t>(most_numbers / (chains * draws), 1, longest);
  std::vector<double> judged;
  for (std::int64_t done = 0; done < longest; done += together) {
    const std::int64_t first = std::min(own.last, own.first + done);
    const std::int64_t columns = std::min(together, own.last - first);
    const std::vector<Scalar> x =
        file.template read_block<Scalar>("/posterior/x", {0, 0, first}, {chains, draws, columns});
    std::vector<double> column(static_cast<std::size_t>(chains * draws));
    for (std::int64_t d = 0; d < columns; ++d) {
      for (std::size_t i = 0; i < column.size(); ++i)
        column[i] =
            static_cast<double>(x[i * static_cast<std::size_t>(columns) + static_cast<std::size_t>(d)]);
      append(statistics::diagnose_chains(column, chains), judged);
    }
  }
  return unpack(communicator.gather_all(judged));
}

}  // namespace

template <class Scalar>
DrawDiagnostics diagnose_draws(const comm::Communicator& communicator, io::FileWriter& file,
                               std::int64_t chains, std::int64_t draws, std::int64_t dimension,
                               bool energies) {
  DrawDiagnostics result;
  result.chains = std::min(chains, std::max<std::int64_t>(4, most_draws / draws));
  result.coordinates = diagnose_coordinates<Scalar>(communicator, file, result.chains, draws, dimension);
  if (!energies) return result;
  const std::int64_t rows = communicator.is_root() ? result.chains : 0;
  const std::vector<Scalar> energy =
      file.template read_block<Scalar>("/sample_stats/energy", {0, 0}, {rows, draws});
  std::vector<double> judged;
  if (communicator.is_root())
    append(statistics::diagnose_chains(std::vector<double>(energy.begin(), energy.end()), rows), judged);
  result.energy = unpack(communicator.gather_all(judged));
  return result;
}

template DrawDiagnostics diagnose_draws<float>(const comm::Communicator&, io::FileWriter&, std::int64_t,
                                               std::int64_t, std::int64_t, bool);
template DrawDiagnostics diagnose_draws<double>(const comm::Communicator&, io::FileWriter&, std::int64_t,
                                                std::int64_t, std::int64_t, bool);

}  // namespace ebmpi::evaluation
