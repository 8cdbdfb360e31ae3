// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/json.hpp"
#include "evaluation/annealed_log_z.hpp"
#include "evaluation/partition_grid.hpp"
#include "statistics/estimate.hpp"
#include "training/model.hpp"

namespace ebmpi::cli {

/// How log Z is to be found, as the command line says it.
struct LogZArguments {
  std::string method = "auto";
  std::string reverse = "auto";
  std::string base = "auto";  // of annealing: "auto", "data", or a run with a flow
  std::string model_samples;  // FILE.h5[:path], in data units
  std::int64_t chains = 1024, stages = 1000, leapfrogs = 5, equilibration = 200, intervals = 0;
  double deviations = 6.0;
  double tolerance = 1.0;
  std::uint64_t seed = 1;

  evaluation::AnnealingSettings annealing() const {
    return {chains, stages, static_cast<int>(leapfrogs), equilibration, seed};
  }
};

/// Adds these options to a subcommand. `arguments` must outlive it.
void add_log_z_options(CLI::App& command, LogZArguments& arguments);

/// What is to be done for it.
struct LogZPlan {
  std::string method;   ///< "grid", "ais" or "none"
  std::string reverse;  ///< of annealing, where its reverse run starts: "samples", "chains", "ends" or "none"
};

/// Collective. Throws core::InputError on what contradicts itself or the model.
template <class Scalar>
LogZPlan plan_log_z(const comm::Communicator& communicator, const LogZArguments& arguments,
                    const training::Model<Scalar>& model);

/// log Z in model space, and what it was found by. Of a method that was not used there is nothing.
struct LogZ {
  LogZPlan plan;
  std::optional<evaluation::GridLogZ> grid;
  std::optional<evaluation::AnnealedLogZ> annealed;
  std::string base;  ///< of annealing, its kind

  bool is_known() const { return plan.method != "none"; }
  double value() const;
  double standard_error() const;
  double lower() const;
  double upper() const;
  /// Why it is not good enough for a likelihood; empty where it is.
  std::string objection(double tolerance) const;
};

/// Collective. `rows` are data (N, K) in model space, `samples` (M, K) those of the model in --model-samples,
/// where given. With the method "ais" and few coordinates the grid is there as a check.
template <class Scalar>
LogZ find_log_z(const comm::Communicator& communicator, const LogZArguments& arguments, const LogZPlan& plan,
                const training::Model<Scalar>& model, const std::vector<double>& rows,
                const std::vector<double>& samples);

/// Whether the report holds the whole path of annealing.
enum class Details { left_out, wanted };

/// Adds the members of the report that tell how log Z was found. `offset` takes it from model space to the
/// units of the report.
void describe_log_z(const LogZ& log_z, double offset, Details details, Json& report);

}  // namespace ebmpi::cli
