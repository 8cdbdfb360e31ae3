// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "comm/communicator.hpp"
#include "config/run_config.hpp"
#include "data/training_data.hpp"
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

/// A trained energy as commands use it: they see data units, the network sees model space.
template <class ScalarType>
struct Model {
  using Scalar = ScalarType;

  network::Mlp<Scalar> network;
  data::DataTransform transform;    ///< between data units (D) and model space (K)
  data::ModelSpaceMoments moments;  ///< of the training rows, K numbers each
  config::RunConfig config;
  double temperature = 1.0;  ///< that the training chains sampled at: p(x) ∝ exp(-E(x)/T)
  std::int64_t step = 0;     ///< parameter updates made
  std::string checkpoint;    ///< the file it came from
  double sigma = 0.0;        ///< noise level that the network is told, in model space; 0: it is told none

  network::MlpEnergy<Scalar> energy() const { return model_energy(network, config, sigma); }
  /// Throws core::InputError, saying what `command` needs one for, where the model is a score without an
  /// energy.
  void require_energy(const std::string& command) const;
};

/// Collective. The model in `checkpoint`, a checkpoint file. Throws core::FileError where it is damaged.
template <class Scalar>
Model<Scalar> read_model(const comm::Communicator& communicator, const std::string& checkpoint,
                         Parameters parameters);

/// A checkpoint that MODEL on the command line stands for.
struct FoundCheckpoint {
  std::string path;
  config::Precision precision = config::Precision::single_precision;  ///< that it was trained in
};

/// Collective. MODEL is a checkpoint file, or a run folder and then its newest valid checkpoint. Throws
/// core::FileError where there is none.
FoundCheckpoint find_checkpoint(const comm::Communicator& communicator, const std::string& model);

/// Collective. Loads what MODEL stands for, in the precision it was trained in, and returns `use(model)`.
template <class Use>
auto with_model(const comm::Communicator& communicator, const std::string& model, Parameters parameters,
                const Use& use) {
  const FoundCheckpoint found = find_checkpoint(communicator, model);
  if (found.precision == config::Precision::double_precision) {
    return use(read_model<double>(communicator, found.path, parameters));
  }
  return use(read_model<float>(communicator, found.path, parameters));
}

}  // namespace ebmpi::training
