// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <algorithm>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/pack.hpp"
#include "simulation/simulation_stream.hpp"
#include "simulation/simulator.hpp"

namespace ebmpi::simulation {

/// Whether a simulation ran to its end or was cut off at Settings::most_events.
enum class Completion { whole, truncated };

/// A program is the formula of a built-in simulator, for one row and one thread of any backend:
///
///   int columns() const;             D
///   std::int64_t workspace() const;  doubles of scratch memory that a row needs
///   KOKKOS_FUNCTION Completion operator()(const double* theta, SimulationStream& stream, double* workspace,
///                                         double* x) const;
///
/// Every row owns its stream, so that neither threads nor schedule change a bit.
template <class Program>
class RowKernel {
public:
  using Rows = Kokkos::View<double**, Kokkos::LayoutRight, core::MemorySpace>;

  /// `theta` (n, d), `workspace` (n, W), `x` (n, D).
  RowKernel(const Program& program, const Context& context, const Rows& theta, const Rows& workspace,
            const Rows& x)
      : program_(program), context_(context), theta_(theta), workspace_(workspace), x_(x) {}

  KOKKOS_FUNCTION void operator()(std::int64_t row, std::int64_t& truncated) const {
    SimulationStream stream(context_.key, context_.first_number + row, context_.step);
    const Completion completion =
        program_(&theta_(row, 0), stream, workspace_.data() + row * workspace_.extent(1), &x_(row, 0));
    if (completion == Completion::truncated) ++truncated;
  }

private:
  Program program_;
  Context context_;
  Rows theta_;
  Rows workspace_;
  Rows x_;
};

/// A built-in simulator: `Program` over all rows, in pieces whose scratch memory stays small.
template <class Program>
class ProgramSimulator final : public Simulator {
public:
  /// `label` of the kernel, ebmpi::simulation::….
  ProgramSimulator(std::string label, Program program, std::vector<Parameter> parameters,
                   std::vector<std::string> column_names = {})
      : label_(std::move(label)),
        program_(std::move(program)),
        parameters_(std::move(parameters)),
        column_names_(std::move(column_names)) {}

  const std::vector<Parameter>& parameters() const override { return parameters_; }
  int columns() const override { return program_.columns(); }
  std::vector<std::string> column_names() const override {
    return column_names_.empty() ? Simulator::column_names() : column_names_;
  }
  Tally tally() const override { return tally_; }

  void simulate(const Context& context, std::span<const double> theta, std::span<double> x) override {
    const auto width = static_cast<std::int64_t>(parameters_.size());
    const auto rows = static_cast<std::int64_t>(theta.size()) / width;
    if (static_cast<std::int64_t>(theta.size()) != rows * width ||
        static_cast<std::int64_t>(x.size()) != rows * columns())
      throw std::invalid_argument("simulate: theta (n, d) and x (n, D) do not fit together");
    for (std::int64_t first = 0; first < rows; first += rows_of_piece()) {
      const std::int64_t count = std::min(rows_of_piece(), rows - first);
      run_piece({context.key, context.step, context.first_number + first}, &theta[first * width],
                &x[first * columns()], count);
    }
  }

private:
  using Rows = typename RowKernel<Program>::Rows;

  std::int64_t rows_of_piece() const {
    constexpr std::int64_t most_rows = 1 << 16, most_doubles = 1 << 24;
    return std::clamp<std::int64_t>(most_doubles / std::max<std::int64_t>(1, program_.workspace()), 1,
                                    most_rows);
  }

  void run_piece(const Context& context, const double* theta, double* x, std::int64_t rows) {
    using HostRows = Kokkos::View<double**, Kokkos::LayoutRight, Kokkos::HostSpace, Kokkos::MemoryUnmanaged>;
    using ConstHostRows =
        Kokkos::View<const double**, Kokkos::LayoutRight, Kokkos::HostSpace, Kokkos::MemoryUnmanaged>;
    const Rows device_theta("ebmpi::simulation::theta", rows, parameters_.size());
    Kokkos::deep_copy(device_theta, ConstHostRows(theta, rows, parameters_.size()));
    const Rows device_x("ebmpi::simulation::x", rows, columns());
    const Rows workspace("ebmpi::simulation::workspace", rows, program_.workspace());
    using Policy = Kokkos::RangePolicy<core::ExecutionSpace, Kokkos::Schedule<Kokkos::Dynamic>,
                                       Kokkos::IndexType<std::int64_t>>;
    std::int64_t truncated = 0;
    Kokkos::parallel_reduce(label_, Policy(0, rows, Kokkos::ChunkSize(chunk)),
                            RowKernel<Program>(program_, context, device_theta, workspace, device_x),
                            truncated);
    Kokkos::deep_copy(HostRows(x, rows, columns()), device_x);
    tally_.truncated_rows += truncated;
  }

  static constexpr int chunk = 16;  // rows that a thread takes at a time: costs vary from row to row

  std::string label_;
  Program program_;
  std::vector<Parameter> parameters_;
  std::vector<std::string> column_names_;
  Tally tally_;
};

}  // namespace ebmpi::simulation
