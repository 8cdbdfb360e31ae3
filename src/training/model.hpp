// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "config/run_config.hpp"
#include "data/training_data.hpp"
#include "network/energy_model.hpp"
#include "network/mlp_energy.hpp"

namespace ebmpi::training {

/// Which of a checkpoint's two sets of parameters.
enum class Parameters {
  average,  ///< /model_ema, their moving average
  last      ///< /model, those of the last step
};

/// The lowest noise level of a network that is told one, else 0.
double lowest_sigma(const config::RunConfig& config);

/// A network of a run as samplers see it. Where it is told the noise level, `sigma` > 0 is that.
template <class Scalar>
network::MlpEnergy<Scalar> model_energy(const network::Mlp<Scalar>& network, const config::RunConfig& config,
                                        double sigma);

/// log Z in model space as a network has learned it, which has a log normaliser.
template <class Scalar>
double learned_log_z(const network::Mlp<Scalar>& network);

/// Where a log Z comes from that needs no estimate.
enum class KnownLogZ { none, learned, exact };

/// An energy as commands use it: of a run, a combination of several, or a density in closed form. They see
/// data units, the energy sees model space.
template <class ScalarType>
struct Model {
  using Scalar = ScalarType;

  network::EnergyModel<Scalar> parts;  ///< of model space (K)
  data::DataTransform transform;       ///< between data units (D) and model space (K)
  data::ModelSpaceMoments moments;     ///< of the training rows, K numbers each
  /// Of the runs that trained its networks. The first one's sampler settings are the defaults of new chains.
  std::vector<config::RunConfig> runs = {};
  double temperature = 1.0;     ///< that it is the energy of a density at: p(x) ∝ exp(-E(x)/T)
  std::int64_t step = 0;        ///< parameter updates made; of a combination 0
  std::string checkpoint = {};  ///< the file it came from
  double sigma = 0.0;  ///< noise level that the networks are told, in model space; 0: they are told none
  bool gives_energy = true;  ///< else a score network
  KnownLogZ known_log_z = KnownLogZ::none;
  double log_z = 0.0;  ///< in data units, where it is known
  /// The flow that was trained with the energy, or that is the model, in model space: its moving average, or
  /// the last one.
  std::optional<network::Flow<Scalar>> flow = {};

  const network::CombinedEnergy<Scalar>& energy() const { return parts.view(); }
  /// Whether it is a flow, and not an energy that was trained with one.
  bool is_flow() const { return parts.parts().size() == 1 && parts.parts().front().flow.has_value(); }
  /// Noise levels that it was trained at, falling; empty where it is told none.
  std::vector<double> sigmas() const;
  /// The energy where its networks are told another noise level.
  network::EnergyModel<Scalar> at_noise(double level) const;
  /// The sampler settings that its chains were trained with, or the defaults.
  config::SamplerSection sampler() const;
  /// Throws core::InputError, saying what `command` needs one for, where the model is a score without an
  /// energy.
  void require_energy(const std::string& command) const;
};

/// The flow that was trained with a model's energy, as a model of its own. It must have one.
template <class Scalar>
Model<Scalar> flow_of(const Model<Scalar>& model);

/// Collective. The model in `file`, a checkpoint or a combination. Throws core::FileError where it is
/// damaged, core::InputError where a flow is asked for and there is none.
template <class Scalar>
Model<Scalar> read_model(const comm::Communicator& communicator, const std::string& file,
                         Parameters parameters);

/// What MODEL on the command line stands for.
struct FoundModel {
  std::string path;  ///< a file, "flow:FILE" or "density:…"
  config::Precision precision = config::Precision::single_precision;  ///< that it is evaluated in
};

/// Collective. MODEL is a checkpoint or combination file; a run folder, and then its newest valid checkpoint;
/// "flow:" before either, the flow of it as an energy -log q; or "density:NAME[,dimension=D][,noise=S]", a
/// synthetic density in closed form. Throws core::FileError
/// where there is none, core::InputError on a density that is unknown or has no closed form.
FoundModel find_model(const comm::Communicator& communicator, const std::string& model);

/// Collective. Loads what MODEL stands for, in its precision, and returns `use(model)`.
template <class Use>
auto with_model(const comm::Communicator& communicator, const std::string& model, Parameters parameters,
                const Use& use) {
  const FoundModel found = find_model(communicator, model);
  if (found.precision == config::Precision::double_precision) {
    return use(read_model<double>(communicator, found.path, parameters));
  }
  return use(read_model<float>(communicator, found.path, parameters));
}

}  // namespace ebmpi::training
