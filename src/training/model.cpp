// SPDX-License-Identifier: Apache-2.0
#include "training/model.hpp"

#include <cmath>

#include "config/derived.hpp"
#include "config/enum_names.hpp"
#include "core/error.hpp"
#include "io/file_reader.hpp"
#include "io/run_folder.hpp"
#include "training/checkpoint.hpp"
#include "training/settings.hpp"
#include "training/tensors.hpp"

namespace ebmpi::training {
namespace {

std::vector<double> read_list(const io::FileReader& file, const std::string& path, std::int64_t length) {
  const io::Array<double> array = file.read_replicated<double>(path);
  if (array.shape == std::vector<std::int64_t>{length}) return array.values;
  throw core::FileError(file.path() + ": " + path + " does not have " + std::to_string(length) +
                        " numbers (the attributes of /data promise them); the file was changed by hand, use "
                        "another checkpoint");
}

data::DataTransform read_transform(const io::FileReader& file) {
  const std::int64_t inputs = file.integer_attribute("/data", "dimension");
  const std::int64_t outputs = file.integer_attribute("/data", "model_dimension");
  std::vector<double> projection;
  if (file.exists("/data/projection")) {
    const io::Array<double> array = file.read_replicated<double>("/data/projection");
    if (array.shape != std::vector<std::int64_t>{outputs, inputs}) {
      throw core::FileError(file.path() + ": /data/projection does not map " + std::to_string(inputs) +
                            " coordinates to " + std::to_string(outputs) +
                            " (the attributes of /data promise it); the file was changed by hand, use "
                            "another checkpoint");
    }
    projection = array.values;
  }
  return data::DataTransform(read_list(file, "/data/mean", inputs), read_list(file, "/data/scale", inputs),
                             std::move(projection));
}

data::ModelSpaceMoments read_moments(const io::FileReader& file, std::int64_t dimension) {
  return {read_list(file, "/data/model_mean", dimension), read_list(file, "/data/model_deviation", dimension),
          read_list(file, "/data/minimum", dimension), read_list(file, "/data/maximum", dimension)};
}

}  // namespace

double lowest_sigma(const config::RunConfig& config) {
  return config::is_noise_conditional(config) ? config.objective.sigmas.back() : 0.0;
}

template <class Scalar>
network::MlpEnergy<Scalar> model_energy(const network::Mlp<Scalar>& network, const config::RunConfig& config,
                                        double sigma) {
  network::MlpEnergy<Scalar> energy{network.view()};
  if (!config::has_energy(config)) energy.output = network::Output::score;
  if (!config::is_noise_conditional(config)) return energy;
  energy.condition = network::Condition::log_sigma;
  energy.log_sigma = static_cast<Scalar>(std::log(sigma));
  return energy;
}

template <class Scalar>
double learned_log_z(const network::Mlp<Scalar>& network) {
  Scalar value = 0;
  const std::int64_t offset = network.view().log_normalizer_index;
  Kokkos::deep_copy(value, Kokkos::subview(network.parameters(), offset));
  return -static_cast<double>(value);
}

template <class Scalar>
void Model<Scalar>::require_energy(const std::string& command) const {
  if (config::has_energy(config)) return;
  throw core::InputError(
      checkpoint + " holds a score network (it gives the score of a point but no energy, which " + command +
      " needs); train one with network.kind = \"mlp\", or use a command that needs the score "
      "only: sample, or anomaly --score norm");
}

FoundCheckpoint find_checkpoint(const comm::Communicator& communicator, const std::string& model) {
  const std::string path = io::resolve_model(communicator, model);
  return {path, checkpoint_config(communicator, path).run.precision};
}

template <class Scalar>
Model<Scalar> read_model(const comm::Communicator& communicator, const std::string& checkpoint,
                         Parameters parameters) {
  const config::RunConfig config = checkpoint_config(communicator, checkpoint);
  const io::FileReader file(communicator, checkpoint);
  data::DataTransform transform = read_transform(file);
  const auto dimension = static_cast<int>(transform.model_dimension());
  Model<Scalar> model{network::Mlp<Scalar>(mlp_shape(config, dimension)),
                      std::move(transform),
                      read_moments(file, dimension),
                      config,
                      config::langevin_temperature(config),
                      file.integer_attribute("/", "step"),
                      checkpoint,
                      lowest_sigma(config)};
  read_tensors(file, parameters == Parameters::average ? "/model_ema" : "/model", model.network.layout(),
               model.network.parameters());
  model.network.pack();
  return model;
}

template network::MlpEnergy<float> model_energy(const network::Mlp<float>&, const config::RunConfig&, double);
template network::MlpEnergy<double> model_energy(const network::Mlp<double>&, const config::RunConfig&,
                                                 double);
template double learned_log_z(const network::Mlp<float>&);
template double learned_log_z(const network::Mlp<double>&);
template struct Model<float>;
template struct Model<double>;
template Model<float> read_model(const comm::Communicator&, const std::string&, Parameters);
template Model<double> read_model(const comm::Communicator&, const std::string&, Parameters);

}  // namespace ebmpi::training
