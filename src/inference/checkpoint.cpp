// SPDX-License-Identifier: Apache-2.0
#include "inference/checkpoint.hpp"

#include <fmt/format.h>

#include <cmath>

#include "config/parse.hpp"
#include "config/write.hpp"
#include "core/build_info.hpp"
#include "core/error.hpp"
#include "io/file_reader.hpp"
#include "io/file_writer.hpp"
#include "io/verify_checkpoint.hpp"
#include "training/provenance.hpp"

namespace ebmpi::inference {
namespace {

void write_table(io::FileWriter& file, const std::string& path, std::size_t columns,
                 std::span<const double> values) {
  file.write_replicated(
      path, {static_cast<std::int64_t>(values.size() / columns), static_cast<std::int64_t>(columns)}, values);
}

void write_vector(io::FileWriter& file, const std::string& path, std::span<const double> values) {
  file.write_replicated(path, {static_cast<std::int64_t>(values.size())}, values);
}

/// The data set, of a length that the config inside asks for.
std::vector<double> read(const io::FileReader& file, const std::string& path, std::size_t length) {
  std::vector<double> values = file.read_replicated<double>(path).values;
  if (values.size() == length) return values;
  throw core::FileError(fmt::format(
      "{}: {} has another length than the config inside asks for (the file was changed by hand); use another "
      "checkpoint",
      file.path(), path));
}

void require_same_observations(const io::FileReader& file, const ObservationSummary& now) {
  constexpr double tolerance = 1e-6;  // other compilers may round otherwise
  bool same = file.integer_attribute("/observations", "rows") == now.rows;
  const std::size_t columns = now.moments.mean.size();
  const std::vector<double> mean = file.read_replicated<double>("/observations/mean").values;
  const std::vector<double> deviation = file.read_replicated<double>("/observations/deviation").values;
  same = same && mean.size() == columns && deviation.size() == columns;
  for (std::size_t i = 0; same && i < columns; ++i) {
    const double bound = tolerance * now.moments.deviation[i];
    same = std::abs(mean[i] - now.moments.mean[i]) <= bound &&
           std::abs(deviation[i] - now.moments.deviation[i]) <= bound;
  }
  if (same) return;
  throw core::InputError(
      fmt::format("{} belongs to other observations than the config now names (their number, mean or "
                  "deviation has changed); "
                  "restore them, or start another run (another --output)",
                  file.path()));
}

}  // namespace

void write_checkpoint(const comm::Communicator& communicator, const std::string& path,
                      const config::RunConfig& config, const LikelihoodAscent& ascent,
                      const ObservationSummary& observations) {
  const State& state = ascent.state();
  const std::size_t size = state.u.size(), triangle = size * (size + 1) / 2;
  io::FileWriter file(communicator, path);
  training::write_provenance(file, communicator,
                             {.format = io::inference_format,
                              .format_version = io::inference_format_version,
                              .step = state.step,
                              .seed = config.run.seed,
                              .seconds = state.seconds});
  file.write_text("/config", config::to_toml(config));
  write_vector(file, "/state/u", state.u);
  write_vector(file, "/state/first_moment", state.moments.first);
  write_vector(file, "/state/second_moment", state.moments.second);
  file.attribute("/state", "width_factor", state.factor);
  write_table(file, "/trace/u", size, state.trace.u);
  write_table(file, "/trace/smoothed_information", triangle, state.trace.smoothed);
  write_table(file, "/trace/information", triangle, state.trace.information);
  if (ascent.network()) ascent.network()->write(file);
  file.attribute("/observations", "rows", observations.rows);
  write_vector(file, "/observations/mean", observations.moments.mean);
  write_vector(file, "/observations/deviation", observations.moments.deviation);
  file.commit();
}

void read_checkpoint(const comm::Communicator& communicator, const std::string& path,
                     LikelihoodAscent& ascent, const ObservationSummary& observations) {
  const io::FileReader file(communicator, path);
  require_same_observations(file, observations);
  State state;
  state.step = file.integer_attribute("/", "step");
  state.seconds = file.real_attribute("/", "seconds");
  state.factor = file.real_attribute("/state", "width_factor");
  const auto steps = static_cast<std::size_t>(state.step);
  const std::size_t parameters = ascent.parameters(), triangle = parameters * (parameters + 1) / 2;
  state.u = read(file, "/state/u", parameters);
  state.moments = {read(file, "/state/first_moment", parameters),
                   read(file, "/state/second_moment", parameters)};
  state.trace = {read(file, "/trace/u", steps * parameters),
                 read(file, "/trace/smoothed_information", steps * triangle),
                 read(file, "/trace/information", steps * triangle)};
  ascent.restore(std::move(state));
  if (ascent.network()) ascent.network()->read(file);
}

config::RunConfig checkpoint_config(const comm::Communicator& communicator, const std::string& path) {
  const io::FileReader file(communicator, path);
  return config::parse_config(file.read_text("/config"), path + ":/config", {}, config::Program::infer);
}

void write_results(const comm::Communicator& communicator, const std::string& path, const Estimate& estimate,
                   const Coordinates& coordinates, const Trace& trace) {
  const std::size_t size = coordinates.size();
  std::vector<double> theta, error, simulation_error, lower, upper;
  std::string names;
  for (const ParameterEstimate& parameter : estimate.parameters) {
    theta.push_back(parameter.estimate);
    error.push_back(parameter.standard_error);
    simulation_error.push_back(parameter.simulation_error);
    lower.push_back(parameter.lower);
    upper.push_back(parameter.upper);
    names += parameter.name + "\n";
  }
  std::vector<double> theta_path;
  for (std::size_t at = 0; at < trace.u.size(); at += size) {
    const std::vector<double> row = coordinates.theta(std::span(trace.u).subspan(at, size));
    theta_path.insert(theta_path.end(), row.begin(), row.end());
  }
  io::FileWriter file(communicator, path);
  file.attribute("/", "program_version", std::string(core::build_info().version));
  file.attribute("/", "confidence", estimate.confidence);
  file.attribute("/", "observations", estimate.observations);
  file.attribute("/", "tail_steps", estimate.tail_steps);
  file.write_text("/names", names);
  write_vector(file, "/estimate", theta);
  write_vector(file, "/standard_error", error);
  write_vector(file, "/simulation_error", simulation_error);
  write_vector(file, "/lower", lower);
  write_vector(file, "/upper", upper);
  write_table(file, "/path", size, theta_path);
  write_vector(file, "/u/estimate", estimate.u);
  write_table(file, "/u/path", size, trace.u);
  write_table(file, "/u/information", size, estimate.information);
  write_table(file, "/u/smoothed_information", size, estimate.smoothed_information);
  write_table(file, "/u/simulation_covariance", size, estimate.simulation_covariance);
  if (estimate.is_determined()) {
    write_table(file, "/covariance", size, estimate.theta_covariance);
    write_table(file, "/u/covariance", size, estimate.covariance);
    write_table(file, "/u/region_axes", size, estimate.region_axes);
  }
  file.commit();
}

}  // namespace ebmpi::inference
