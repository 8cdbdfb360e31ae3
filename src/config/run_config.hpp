// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/activation.hpp"

namespace ebmpi::config {

/// What a config is for: each program has keys of its own, and shares others.
enum class Program { train, infer };
enum class Precision { single_precision, double_precision };
enum class NetworkKind { mlp, score_mlp };
using core::Activation;
enum class ObjectiveKind {
  contrastive_divergence,
  persistent_contrastive_divergence,
  score_matching,
  sliced_score_matching,
  denoising_score_matching,
  noise_contrastive_estimation,
  energy_discrepancy,
  flow_contrastive_estimation,
  flow_maximum_likelihood
};
enum class DirectionKind { rademacher, gaussian };
enum class SigmaWeighting { variance, uniform };
enum class NoiseContrast { binary, ranking, conditional };
enum class NoiseKind { gaussian, mixture, uniform, flow };
enum class MixingKind { permutation, linear };
enum class CovarianceKind { full, diagonal };
enum class SamplerKind { langevin, mala, metropolis, hmc, annealed_langevin, parallel_tempering };
enum class LadderMoves { mala, metropolis, hmc };
enum class ChainStart { noise, data };
enum class OptimizerKind { adam, sgd };
enum class ScheduleKind { constant, cosine, step };
enum class SimulationRecord { standard, summary };
enum class ExchangeKind { csv, hdf5 };
enum class TransformKind { automatic, none };
enum class FeatureKind { linear, quadratic, neural };
enum class WidthRule { fixed, pilot, annealed };
enum class AscentKind { adam, natural };

/// [run]: what is run, for how long, and where it is written.
struct RunSection {
  std::int64_t seed = 1;                 ///< every random number is a function of it; >= 0
  std::int64_t steps = 6000;             ///< parameter updates in all; >= 1
  std::string output;                    ///< run folder; empty: runs/<config file's stem>
  std::int64_t log_every = 100;          ///< steps between metrics lines; >= 1
  std::int64_t checkpoint_every = 1000;  ///< steps between checkpoints; >= 1
  std::int64_t keep_checkpoints = 3;     ///< newest checkpoints kept; >= 1
  std::int64_t validate_every = 500;     ///< steps between validations; 0: never
  std::int64_t patience = 0;             ///< validations without improvement that end the run; 0: none do
  Precision precision = Precision::single_precision;  ///< "float" or "double"

  bool operator==(const RunSection&) const = default;
};

/// [data]: exactly one source, a file or a synthetic density.
struct DataSection {
  std::string file;            ///< HDF5 file; relative to the config file's folder
  std::string dataset = "x";   ///< data set inside the file, (N, D)
  std::string density;         ///< name of a synthetic density
  std::int64_t count = 65536;  ///< samples drawn from the density; >= 1
  double noise = 0.1;          ///< the density's own noise scale; > 0
  std::int64_t dimension = 2;  ///< for densities that exist in any dimension; >= 1
  bool standardize = true;     ///< subtract the mean and divide by the standard deviation of each column
  std::int64_t pca = 0;        ///< project to this many principal components; 0 is none
  double validation_fraction = 0.1;  ///< held-out share of the rows; 0 <= f < 1
  double jitter = 0.0;               ///< Gaussian noise on every drawn sample, in model space; >= 0
  std::int64_t window = 0;           ///< rows of all shards in memory at a time; 0: all
  /// infer, in place of a file: the parameters at which `count` observations are simulated
  std::vector<double> truth;

  bool operator==(const DataSection&) const = default;
};

/// [network]
struct NetworkSection {
  std::vector<std::int64_t> hidden = {128, 128};  ///< widths of the hidden layers; each 1 to 65536
  Activation activation = Activation::silu;
  NetworkKind kind = NetworkKind::mlp;  ///< mlp gives the energy; score_mlp the score, and no energy
  bool spectral_norm = false;           ///< every weight matrix is kept at spectral norm 1

  bool operator==(const NetworkSection&) const = default;
};

/// [objective]: the loss; which keys mean anything depends on its kind.
struct ObjectiveSection {
  ObjectiveKind kind = ObjectiveKind::persistent_contrastive_divergence;
  /// λ of λ(E⁺² + E⁻²); >= 0. parse_config makes it 0 for all but contrastive divergence, unless it is given
  double energy_regularization = 0.1;
  double gradient_penalty = 0.0;  ///< μ of μ(‖∇E⁺‖² + ‖∇E⁻‖²); >= 0
  std::int64_t projections = 1;   ///< sliced: directions for each sample; >= 1
  DirectionKind directions = DirectionKind::rademacher;  ///< sliced
  bool variance_reduction = true;                        ///< sliced: ½‖∇E‖² in place of ½(v·∇E)²
  double sigma = 0.1;                                    ///< denoising: noise scale, in model space; > 0
  std::vector<double> sigmas;                            ///< denoising: ladder, falling; E(x, σ)
  SigmaWeighting sigma_weighting = SigmaWeighting::variance;  ///< denoising: λ(σ) = σ² or 1
  bool antithetic = false;                                    ///< denoising: x + σz and x - σz together
  NoiseContrast contrast = NoiseContrast::binary;             ///< noise contrast: which classification
  NoiseKind noise = NoiseKind::gaussian;                      ///< noise contrast: fitted to the training data
  double noise_ratio = 4.0;                                   ///< noise contrast: ν; > 0
  std::int64_t noise_components = 16;                         ///< noise contrast: of the mixture; >= 1
  CovarianceKind noise_covariance = CovarianceKind::full;     ///< noise contrast: of each Gaussian
  std::string noise_flow;           ///< noise contrast: checkpoint or run folder of the flow
  double conditional_scale = 0.3;   ///< conditional contrast: deviation of y - x; > 0
  double diffusion_time = 0.09;     ///< energy discrepancy: t, a variance; > 0
  std::int64_t perturbations = 15;  ///< energy discrepancy: M; 1 to 63
  double stabilization = 1.0;       ///< energy discrepancy: w; > 0
  double accuracy_threshold =
      0.6;                  ///< flow contrast: of the classifier, up to which the energy moves; 0.5 to 1
  double background = 0.1;  ///< a flow is the noise: broad normal samples for each of the flow's; 0 to 1

  bool operator==(const ObjectiveSection&) const = default;
};

/// [flow]: the normalising flow of flow-contrastive estimation, or the model itself.
struct FlowSection {
  std::int64_t couplings = 8;                   ///< affine couplings; 1 to 256
  std::vector<std::int64_t> hidden = {64, 64};  ///< widths of the hidden layers of each coupling's network
  Activation activation = Activation::silu;
  MixingKind mixing = MixingKind::linear;  ///< of the coordinates, between couplings
  double learning_rate = 7e-4;             ///< flow contrast: > 0; the schedule is the optimizer's
  std::int64_t likelihood_steps = 0;       ///< flow contrast: first steps, of the flow alone; >= 0
  std::int64_t updates_in_a_row = 1;       ///< flow contrast: of the flow before the energy's turn; >= 1

  bool operator==(const FlowSection&) const = default;
};

/// [sampler]: the chains that give the negative samples of contrastive divergence. Kind, step size and clip
/// are also the defaults of chains of the trained model, whatever the objective.
struct SamplerSection {
  SamplerKind kind = SamplerKind::langevin;
  LadderMoves moves = LadderMoves::hmc;  ///< parallel tempering: how its replicas move
  ChainStart start =
      ChainStart::noise;    ///< contrastive divergence only; persistent chains always start from noise
  std::int64_t steps = 60;  ///< transitions for each parameter update; >= 1
  /// η of x ← x - η∇E + √(2ηT)ξ (langevin, mala), the deviation of a random walk's step (metropolis), or the
  /// leapfrog step of a trajectory with unit masses (hmc); > 0
  double step_size = 0.01;
  double temperature = 1.0;        ///< T; > 0
  double noise_scale = 0.0;        ///< τ in place of √(2ηT), so that T = τ²/(2η); 0: use temperature
  double gradient_clip = 0.0;      ///< bound on ‖∇E‖ in a chain step; 0 is none
  double reinitialize = 0.05;      ///< chance that a persistent chain restarts from noise at each use; 0 to 1
  std::int64_t population = 8192;  ///< persistent chains; >= 1
  std::int64_t leapfrogs = 10;     ///< of a trajectory; >= 1
  double box = -1.0;  ///< chains stay in the range of the training data, widened at each end by this share of
                      ///< it; -1 <= b < 0: they go where they will
  std::int64_t adapt_steps = 0;     ///< parameter updates in which the step size is tuned; >= 0
  double target_acceptance = 0.0;   ///< that it is tuned to; 0 <= a < 1; 0: the best of the kind
  double anneal = 10.0;             ///< annealed Langevin: first temperature over the last; >= 1
  std::int64_t levels = 4;          ///< parallel tempering: temperatures, and replicas of each chain; 2 to 32
  double hottest = 10.0;            ///< parallel tempering: hottest temperature over the coldest; > 1
  std::int64_t exchange_every = 5;  ///< parallel tempering: transitions between exchanges; >= 1

  bool operator==(const SamplerSection&) const = default;
};

/// [optimizer]
struct OptimizerSection {
  OptimizerKind kind = OptimizerKind::adam;
  double learning_rate = 1e-3;    ///< > 0
  std::int64_t batch_size = 256;  ///< samples in a step over all ranks; >= 1
  double beta1 = 0.9;             ///< Adam; 0 <= beta1 < 1
  double beta2 = 0.999;           ///< Adam; 0 <= beta2 < 1
  double epsilon = 1e-8;          ///< Adam; > 0
  double momentum = 0.0;          ///< SGD; 0 <= momentum < 1
  double gradient_clip = 0.0;     ///< bound on the norm of the parameter gradient; 0 is none
  double weight_decay = 0.0;      ///< decoupled, on weight matrices; >= 0
  double l1 = 0.0;                ///< soft threshold, on weight matrices; >= 0
  double ema = 0.999;             ///< decay of the parameters' moving average; 0 <= ema < 1
  ScheduleKind schedule = ScheduleKind::constant;
  std::int64_t warmup_steps = 0;    ///< linear rise of the learning rate from 0; >= 0
  std::int64_t decay_every = 2000;  ///< step schedule: multiply by decay_factor every so many steps; >= 1
  double decay_factor = 0.5;        ///< step schedule; 0 < f <= 1
  double final_fraction = 0.0;      ///< cosine schedule: learning rate at the end, as a fraction; 0 to 1

  bool operator==(const OptimizerSection&) const = default;
};

/// [parallel]
struct ParallelSection {
  std::int64_t shards = 0;  ///< 0: batch_size / 64, at least 1; never a function of the ranks

  bool operator==(const ParallelSection&) const = default;
};

/// [simulator]: which parameters and data it has, src/simulation tells. Which keys mean anything depends on
/// its kind.
struct SimulatorSection {
  std::string kind;                                      ///< one of simulator_names()
  std::int64_t dimension = 2;                            ///< D of the Gaussian kinds; >= 1
  double noise = 1.0;                                    ///< standard deviation of the Gaussian kinds; > 0
  std::int64_t draws = 1;                                ///< g_and_k: numbers that a row is made of; >= 1
  std::int64_t population = 1000;                        ///< sir; >= 2
  std::int64_t infected = 10;                            ///< sir: at the start; >= 1
  std::int64_t customers = 50;                           ///< mg1; >= 2
  std::int64_t times = 10;                               ///< sir, lotka_volterra: observed; >= 1
  double duration = 0.0;                                 ///< sir, lotka_volterra; 0: the kind's own
  SimulationRecord record = SimulationRecord::standard;  ///< sir, lotka_volterra
  std::int64_t most_events = 100000;                     ///< lotka_volterra: of a simulation; >= 1
  std::string command;                                   ///< external: run by /bin/sh
  ExchangeKind exchange = ExchangeKind::csv;             ///< external
  std::int64_t workers = 0;                              ///< external: on a rank; 0: one for each thread
  double timeout = 60.0;                                 ///< external: seconds; > 0
  std::int64_t retries = 2;                              ///< external: of a request; >= 0
  std::int64_t batch = 64;                               ///< external: rows of a request; >= 1
  std::int64_t columns = 0;                              ///< external: D; 0: what the first answer has

  bool operator==(const SimulatorSection&) const = default;
};

/// [parameters]: of the simulator, d of them. An empty list: what the simulator says.
struct ParametersSection {
  std::vector<double> start;         ///< (d)
  std::vector<double> lower, upper;  ///< (d), infinite where there is no bound
  std::vector<std::string> names;    ///< (d), of an external simulator
  TransformKind transform = TransformKind::automatic;

  bool operator==(const ParametersSection&) const = default;
};

/// [inference]: maximum likelihood by Fisher score matching.
struct InferenceSection {
  std::int64_t simulations = 1000;  ///< of a step, over all ranks; >= 4
  FeatureKind features = FeatureKind::quadratic;
  std::int64_t updates = 10;          ///< neural: of the network in a step; >= 1
  double ridge = 1e-3;                ///< on the diagonal of the features' correlation matrix; >= 0
  std::vector<double> width = {0.5};  ///< σ of the proposals, in unconstrained coordinates; (1) or (d), > 0
  WidthRule width_rule = WidthRule::fixed;
  std::vector<double> final_width = {0.1};  ///< annealed: at the last step; (1) or (d), > 0
  std::vector<double> pilot_widths = {0.25, 0.5, 1.0, 2.0, 4.0};  ///< pilot: multiples of width; > 0
  AscentKind ascent = AscentKind::natural;
  double learning_rate = 0.5;  ///< > 0; adam has 0.1 unless it is given
  double decay = 0.01;         ///< of the learning rate, which is learning_rate / (1 + decay · step); >= 0
  double tail = 0.5;         ///< share of the steps, the last ones, that the estimate is made of; 0 < t <= 1
  double confidence = 0.95;  ///< of intervals and regions; 0 < c < 1

  bool operator==(const InferenceSection&) const = default;
};

/// A run, resolved: every key has a value. Types, ranges and defaults for the user come from key_table.cpp.
struct RunConfig {
  RunSection run;
  DataSection data;
  NetworkSection network;
  ObjectiveSection objective;
  FlowSection flow;
  SamplerSection sampler;
  OptimizerSection optimizer;
  ParallelSection parallel;
  SimulatorSection simulator;
  ParametersSection parameters;
  InferenceSection inference;
  Program program = Program::train;

  bool operator==(const RunConfig&) const = default;
};

/// What a config is that says nothing; some defaults of infer are other than those of the structs.
RunConfig default_config(Program program);

}  // namespace ebmpi::config
