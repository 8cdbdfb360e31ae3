// SPDX-License-Identifier: Apache-2.0
#include "training/model.hpp"

#include <cmath>

#include "config/derived.hpp"
#include "config/enum_names.hpp"
#include "core/error.hpp"
#include "io/file_reader.hpp"
#include "io/run_folder.hpp"
#include "training/checkpoint.hpp"
#include "training/combination.hpp"
#include "training/density_model.hpp"
#include "training/settings.hpp"
#include "training/stored_data.hpp"
#include "training/stored_flow.hpp"
#include "training/tensors.hpp"

namespace ebmpi::training {
namespace {

bool is_density(const std::string& model) {
  return model.starts_with(density_prefix);
}

bool is_combination(const io::FileReader& file) {
  return file.text_attribute("/", "format") == io::combination_format;
}

template <class Scalar>
network::EnergyModel<Scalar> lone_network(const network::Mlp<Scalar>& network,
                                          const config::RunConfig& config, double sigma) {
  network::PartDescription<Scalar> part;
  part.network = network;
  part.energy = model_energy(network, config, sigma);
  const std::int64_t dimension = part.energy.dimension();
  part.map = network::AffineMap::identity(dimension);
  return network::EnergyModel<Scalar>({{}}, {part}, dimension);
}

template <class Scalar>
network::EnergyModel<Scalar> lone_flow(const network::Flow<Scalar>& flow) {
  network::PartDescription<Scalar> part;
  part.kind = network::PartKind::flow;
  part.map = network::AffineMap::identity(flow.shape().dimension);
  part.flow = flow;
  return network::EnergyModel<Scalar>({{}}, {part}, flow.shape().dimension);
}

/// What of a checkpoint is wanted: its energy, where it has one besides a flow, or its flow.
enum class Side { energy, flow };

template <class Scalar>
Model<Scalar> network_model(const io::FileReader& file, const config::RunConfig& config,
                            data::DataTransform transform, const std::string& group) {
  const auto dimension = static_cast<int>(transform.model_dimension());
  const network::Mlp<Scalar> network(mlp_shape(config, dimension));
  read_tensors(file, group, network.layout(), network.parameters());
  network.pack();
  const double sigma = lowest_sigma(config);
  Model<Scalar> model{
      lone_network(network, config, sigma), std::move(transform), read_moments(file, dimension), {config}};
  model.temperature = config::langevin_temperature(config);
  model.sigma = sigma;
  model.gives_energy = config::has_energy(config);
  // A projection keeps no volume, so that with one there is no density in the data's units.
  if (network.view().log_normalizer && !model.transform.has_projection()) {
    model.known_log_z = KnownLogZ::learned;
    model.log_z = learned_log_z(network) + model.transform.log_volume();
  }
  return model;
}

/// -log q of a flow, whose log Z is 0 in model space.
template <class Scalar>
Model<Scalar> flow_model(const network::Flow<Scalar>& flow, data::DataTransform transform,
                         data::ModelSpaceMoments moments, std::vector<config::RunConfig> runs) {
  Model<Scalar> model{lone_flow(flow), std::move(transform), std::move(moments), std::move(runs)};
  if (model.transform.has_projection()) return model;
  model.known_log_z = KnownLogZ::exact;
  model.log_z = model.transform.log_volume();
  return model;
}

template <class Scalar>
Model<Scalar> read_checkpoint_model(const comm::Communicator& communicator, const io::FileReader& file,
                                    Parameters parameters, Side side) {
  const config::RunConfig config = checkpoint_config(communicator, file.path());
  data::DataTransform transform = read_transform(file);
  const std::string kind = parameters == Parameters::average ? "_ema" : "";
  std::optional<network::Flow<Scalar>> flow;
  if (config::has_flow(config))
    flow = read_flow<Scalar>(file, "/flow" + kind, config, static_cast<int>(transform.model_dimension()));
  if (side == Side::flow && !flow) {
    throw core::InputError(file.path() +
                           " holds no flow (its run trained none); leave out \"flow:\", or name a run of "
                           "objective.kind = \"flow_maximum_likelihood\" or \"flow_contrastive_estimation\"");
  }
  const bool wants_flow = side == Side::flow || !config::has_network(config);
  Model<Scalar> model =
      wants_flow
          ? flow_model(*flow, std::move(transform), read_moments(file, flow->shape().dimension), {config})
          : network_model<Scalar>(file, config, std::move(transform), "/model" + kind);
  model.step = file.integer_attribute("/", "step");
  model.checkpoint = file.path();
  model.flow = std::move(flow);
  return model;
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
std::vector<double> Model<Scalar>::sigmas() const {
  for (const config::RunConfig& run : runs) {
    if (config::is_noise_conditional(run)) return run.objective.sigmas;
  }
  return {};
}

template <class Scalar>
network::EnergyModel<Scalar> Model<Scalar>::at_noise(double level) const {
  std::vector<network::PartDescription<Scalar>> told = parts.parts();
  for (auto& part : told) {
    if (part.energy.condition == network::Condition::log_sigma)
      part.energy.log_sigma = static_cast<Scalar>(std::log(level));
  }
  return network::EnergyModel<Scalar>(parts.steps(), std::move(told), parts.dimension());
}

template <class Scalar>
config::SamplerSection Model<Scalar>::sampler() const {
  return runs.empty() ? config::SamplerSection{} : runs.front().sampler;
}

template <class Scalar>
void Model<Scalar>::require_energy(const std::string& command) const {
  if (gives_energy) return;
  throw core::InputError(
      checkpoint + " holds a score network (it gives the score of a point but no energy, which " + command +
      " needs); train one with network.kind = \"mlp\", or use a command that needs the score "
      "only: sample --sampler langevin, or anomaly --score norm");
}

template <class Scalar>
Model<Scalar> flow_of(const Model<Scalar>& model) {
  return flow_model(*model.flow, model.transform, model.moments, model.runs);
}

FoundModel find_model(const comm::Communicator& communicator, const std::string& model) {
  if (is_density(model)) {
    parse_density_name(model);
    return {model, config::Precision::double_precision};
  }
  const bool is_flow = model.starts_with(flow_prefix);
  const std::string path =
      io::resolve_model(communicator, is_flow ? model.substr(flow_prefix.size()) : model);
  const io::FileReader file(communicator, path);
  const std::string precision = file.text_attribute("/", "precision");
  return {(is_flow ? std::string(flow_prefix) : "") + path,
          precision == config::to_string(config::Precision::double_precision)
              ? config::Precision::double_precision
              : config::Precision::single_precision};
}

template <class Scalar>
Model<Scalar> read_model(const comm::Communicator& communicator, const std::string& file,
                         Parameters parameters) {
  if (is_density(file)) return density_model<Scalar>(parse_density_name(file));
  const bool is_flow = file.starts_with(flow_prefix);
  const std::string path = is_flow ? file.substr(flow_prefix.size()) : file;
  const io::FileReader reader(communicator, path);
  if (!is_combination(reader))
    return read_checkpoint_model<Scalar>(communicator, reader, parameters,
                                         is_flow ? Side::flow : Side::energy);
  if (!is_flow) return read_combination<Scalar>(communicator, path);
  throw core::InputError(path + " holds no flow of its own (it is a combination); leave out \"flow:\"");
}

template network::MlpEnergy<float> model_energy(const network::Mlp<float>&, const config::RunConfig&, double);
template network::MlpEnergy<double> model_energy(const network::Mlp<double>&, const config::RunConfig&,
                                                 double);
template double learned_log_z(const network::Mlp<float>&);
template double learned_log_z(const network::Mlp<double>&);
template Model<float> flow_of(const Model<float>&);
template Model<double> flow_of(const Model<double>&);
template struct Model<float>;
template struct Model<double>;
template Model<float> read_model(const comm::Communicator&, const std::string&, Parameters);
template Model<double> read_model(const comm::Communicator&, const std::string&, Parameters);

}  // namespace ebmpi::training
