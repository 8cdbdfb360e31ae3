// SPDX-License-Identifier: Apache-2.0
#include "training/checkpoint.hpp"

#include <fmt/format.h>

#include <cmath>

#include "config/enum_names.hpp"
#include "config/parse.hpp"
#include "config/write.hpp"
#include "core/error.hpp"
#include "io/file_reader.hpp"
#include "io/file_writer.hpp"
#include "io/verify_checkpoint.hpp"
#include "training/provenance.hpp"
#include "training/stored_chains.hpp"
#include "training/stored_data.hpp"
#include "training/tensors.hpp"

namespace ebmpi::training {
namespace {

template <class View>
auto host_copy(const View& view) {
  return Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), view);
}

void write_validation(io::FileWriter& file, const ValidationState& validation) {
  file.attribute("/", "validation_loss", validation.loss);
  file.attribute("/", "best_validation_loss", validation.best_loss);
  file.attribute("/", "best_validation_step", validation.best_step);
  file.attribute("/", "validations_without_improvement", validation.without_improvement);
}

ValidationState read_validation(const io::FileReader& file) {
  return {file.real_attribute("/", "validation_loss"), file.real_attribute("/", "best_validation_loss"),
          file.integer_attribute("/", "best_validation_step"),
          file.integer_attribute("/", "validations_without_improvement")};
}

template <class Scalar>
void write_spectral_norm(io::FileWriter& file, const CheckpointParts<Scalar>& parts) {
  if (!parts.spectral_norm) return;
  for (const auto& [name, buffer] : parts.spectral_norm->state()) {
    const auto host = host_copy(buffer);
    file.write_replicated("/optimizer/" + name, {static_cast<std::int64_t>(host.size())},
                          std::span<const Scalar>(host.data(), host.size()));
  }
}

template <class Scalar>
void read_spectral_norm(const io::FileReader& file, const CheckpointParts<Scalar>& parts) {
  if (!parts.spectral_norm) return;
  for (const auto& [name, buffer] : parts.spectral_norm->state()) {
    const auto host = Kokkos::create_mirror_view(buffer);
    const io::Array<Scalar> array = file.read_replicated<Scalar>("/optimizer/" + name);
    if (array.values.size() != host.size()) {
      throw core::FileError(
          fmt::format("{}: /optimizer/{} has another length than the config inside asks for (the file was "
                      "changed by hand); "
                      "use another checkpoint",
                      file.path(), name));
    }
    std::copy(array.values.begin(), array.values.end(), host.data());
    Kokkos::deep_copy(buffer, host);
  }
}

bool is_near(const std::vector<double>& stored, const std::vector<double>& now,
             const std::vector<double>& scale) {
  constexpr double tolerance = 1e-6;  // other compilers may round otherwise
  if (stored.size() != now.size()) return false;
  for (std::size_t i = 0; i < now.size(); ++i) {
    if (!(std::abs(stored[i] - now[i]) <= tolerance * scale[i])) return false;
  }
  return true;
}

/// Chains, parameters and transformation belong to the data that the run began with.
template <class Scalar>
void require_same_data(const io::FileReader& file, const data::TrainingData<Scalar>& data) {
  const data::DataTransform& transform = data.transform();
  if (file.integer_attribute("/data", "rows") == data.rows() &&
      is_near(file.read_replicated<double>("/data/mean").values, transform.mean(), transform.scale()) &&
      is_near(file.read_replicated<double>("/data/scale").values, transform.scale(), transform.scale())) {
    return;
  }
  throw core::InputError(fmt::format(
      "{} was trained on other data than the config now names (their number of rows, mean or scale has "
      "changed); restore the data, or start another run (another --output)",
      file.path()));
}

}  // namespace

template <class Scalar>
void write_checkpoint(const comm::Communicator& communicator, const std::string& path,
                      const config::RunConfig& config, const RunState& state,
                      const CheckpointParts<Scalar>& parts) {
  const network::ParameterLayout& layout = parts.network.layout();
  io::FileWriter file(communicator, path);
  write_provenance(file, communicator,
                   {.format = io::checkpoint_format,
                    .format_version = io::checkpoint_format_version,
                    .step = state.step,
                    .seed = config.run.seed,
                    .seconds = state.seconds});
  file.attribute("/", "precision", std::string(config::to_string(config.run.precision)));
  file.write_text("/config", config::to_toml(config));
  write_tensors(file, "/model", layout, parts.network.parameters());
  write_tensors(file, "/model_ema", layout, parts.average);
  for (const auto& [name, buffer] : parts.optimizer.state())
    write_tensors(file, "/optimizer/" + name, layout, buffer);
  file.write_replicated("/optimizer/exponents", {static_cast<std::int64_t>(state.exponents.size())},
                        std::span<const std::int64_t>(state.exponents));
  write_spectral_norm(file, parts);
  write_validation(file, state.validation);
  if (parts.negatives) write_chains(file, parts.shards, *parts.negatives);
  write_data(file, parts.data.transform(), parts.data.moments(), parts.data.rows());
  file.commit();
}

template <class Scalar>
RunState read_checkpoint(const comm::Communicator& communicator, const std::string& path,
                         const CheckpointParts<Scalar>& parts) {
  const io::FileReader file(communicator, path);
  require_same_data(file, parts.data);
  RunState state;
  state.step = file.integer_attribute("/", "step");
  state.seconds = file.real_attribute("/", "seconds");
  state.exponents = file.read_replicated<std::int64_t>("/optimizer/exponents").values;
  const network::ParameterLayout& layout = parts.network.layout();
  read_tensors(file, "/model", layout, parts.network.parameters());
  read_tensors(file, "/model_ema", layout, parts.average);
  for (const auto& [name, buffer] : parts.optimizer.state())
    read_tensors(file, "/optimizer/" + name, layout, buffer);
  read_spectral_norm(file, parts);
  state.validation = read_validation(file);
  if (parts.negatives) read_chains(file, parts.shards, *parts.negatives);
  parts.network.pack();
  return state;
}

config::RunConfig checkpoint_config(const comm::Communicator& communicator, const std::string& path) {
  const io::FileReader file(communicator, path);
  return config::parse_config(file.read_text("/config"), path + ":/config");
}

template void write_checkpoint(const comm::Communicator&, const std::string&, const config::RunConfig&,
                               const RunState&, const CheckpointParts<float>&);
template void write_checkpoint(const comm::Communicator&, const std::string&, const config::RunConfig&,
                               const RunState&, const CheckpointParts<double>&);
template RunState read_checkpoint(const comm::Communicator&, const std::string&,
                                  const CheckpointParts<float>&);
template RunState read_checkpoint(const comm::Communicator&, const std::string&,
                                  const CheckpointParts<double>&);

}  // namespace ebmpi::training
