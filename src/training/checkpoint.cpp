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

/// How far each of two players is; without a flow every step is the network's.
void write_turns(io::FileWriter& file, const RunState& state) {
  file.attribute("/", "energy_updates", state.energy_updates);
  file.attribute("/", "flow_updates", state.flow_updates);
  file.attribute("/", "flow_streak", state.flow_streak);
  file.attribute("/", "accuracy", state.accuracy);
}

void read_turns(const io::FileReader& file, RunState& state) {
  state.energy_updates = file.integer_attribute("/", "energy_updates");
  state.flow_updates = file.integer_attribute("/", "flow_updates");
  state.flow_streak = file.integer_attribute("/", "flow_streak");
  state.accuracy = file.real_attribute("/", "accuracy");
}

/// Where the parts of a learner stand.
struct LearnerPlace {
  std::string parameters, average, optimizer, exponents;
};

LearnerPlace network_place() {
  return {"/model", "/model_ema", "/optimizer/", "/optimizer/exponents"};
}
LearnerPlace flow_place() {
  return {"/flow", "/flow_ema", "/optimizer/flow_", "/optimizer/flow_exponents"};
}

template <class Scalar>
void write_learner(io::FileWriter& file, const LearnerPlace& place, Learner<Scalar>& learner) {
  write_tensors(file, place.parameters, learner.layout(), learner.parameters());
  write_tensors(file, place.average, learner.layout(), learner.average());
  for (const auto& [name, buffer] : learner.optimizer().state())
    write_tensors(file, place.optimizer + name, learner.layout(), buffer);
  file.write_replicated(place.exponents, {static_cast<std::int64_t>(learner.exponents().size())},
                        std::span<const std::int64_t>(learner.exponents()));
  if (!learner.spectral_norm()) return;
  for (const auto& [name, buffer] : learner.spectral_norm()->state()) {
    const auto host = host_copy(buffer);
    file.write_replicated(place.optimizer + name, {static_cast<std::int64_t>(host.size())},
                          std::span<const Scalar>(host.data(), host.size()));
  }
}

template <class Scalar>
void read_spectral_norm(const io::FileReader& file, const std::string& prefix,
                        const optimizer::SpectralNorm<Scalar>& spectral_norm) {
  for (const auto& [name, buffer] : spectral_norm.state()) {
    const auto host = Kokkos::create_mirror_view(buffer);
    const io::Array<Scalar> array = file.read_replicated<Scalar>(prefix + name);
    if (array.values.size() != host.size()) {
      throw core::FileError(
          fmt::format("{}: {}{} has another length than the config inside asks for (the file was "
                      "changed by hand); "
                      "use another checkpoint",
                      file.path(), prefix, name));
    }
    std::copy(array.values.begin(), array.values.end(), host.data());
    Kokkos::deep_copy(buffer, host);
  }
}

template <class Scalar>
void read_learner(const io::FileReader& file, const LearnerPlace& place, Learner<Scalar>& learner) {
  read_tensors(file, place.parameters, learner.layout(), learner.parameters());
  read_tensors(file, place.average, learner.layout(), learner.average());
  for (const auto& [name, buffer] : learner.optimizer().state())
    read_tensors(file, place.optimizer + name, learner.layout(), buffer);
  learner.set_exponents(file.read_replicated<std::int64_t>(place.exponents).values);
  if (learner.spectral_norm()) read_spectral_norm(file, place.optimizer, *learner.spectral_norm());
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
  io::FileWriter file(communicator, path);
  write_provenance(file, communicator,
                   {.format = io::checkpoint_format,
                    .format_version = io::checkpoint_format_version,
                    .step = state.step,
                    .seed = config.run.seed,
                    .seconds = state.seconds});
  file.attribute("/", "precision", std::string(config::to_string(config.run.precision)));
  file.write_text("/config", config::to_toml(config));
  if (parts.energy) write_learner(file, network_place(), parts.energy->learner());
  if (parts.flow) write_learner(file, flow_place(), parts.flow->learner());
  if (parts.flow) write_turns(file, state);
  if (parts.noise) parts.noise->write(file);
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
  state.energy_updates = state.step;
  if (parts.flow) read_turns(file, state);
  if (parts.energy) read_learner(file, network_place(), parts.energy->learner());
  if (parts.flow) read_learner(file, flow_place(), parts.flow->learner());
  state.validation = read_validation(file);
  if (parts.negatives) read_chains(file, parts.shards, *parts.negatives);
  if (parts.energy) parts.energy->network().pack();
  if (parts.flow) parts.flow->flow().pack();
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
