// SPDX-License-Identifier: Apache-2.0
#include "config/key_table.hpp"

#include <algorithm>
#include <stdexcept>

#include "config/densities.hpp"
#include "config/derived.hpp"
#include "config/key_entries.hpp"

namespace ebmpi::config {

namespace {

template <OptimizerKind Kind>
bool optimizer_is(const RunConfig& config) {
  return config.optimizer.kind == Kind;
}

template <ScheduleKind Kind>
bool schedule_is(const RunConfig& config) {
  return config.optimizer.schedule == Kind;
}

constexpr Condition with_file = {[](const RunConfig& config) { return config.data.density.empty(); },
                                 "data.density", "applies only with data.file", "remove it"};
constexpr Condition with_density = {[](const RunConfig& config) { return config.data.file.empty(); },
                                    "data.file", "applies only with data.density", "remove it"};
constexpr Condition with_adam = {optimizer_is<OptimizerKind::adam>, "optimizer.kind",
                                 "applies only with optimizer.kind = \"adam\"", "remove it"};
constexpr Condition with_sgd = {optimizer_is<OptimizerKind::sgd>, "optimizer.kind",
                                "applies only with optimizer.kind = \"sgd\"", "remove it"};
constexpr Condition with_step_schedule = {schedule_is<ScheduleKind::step>, "optimizer.schedule",
                                          "applies only with optimizer.schedule = \"step\"", "remove it"};
constexpr Condition with_cosine_schedule = {schedule_is<ScheduleKind::cosine>, "optimizer.schedule",
                                            "applies only with optimizer.schedule = \"cosine\"", "remove it"};
void add_run(std::vector<Key>& keys) {
  constexpr auto run = &RunConfig::run;
  keys.insert(
      keys.end(),
      {{"run", "seed", whole_number<run, &RunSection::seed>(0), "Every random number is a function of it."},
       {"run", "steps", whole_number<run, &RunSection::steps>(1), "Parameter updates in all."},
       {"run", "output", text<run, &RunSection::output>(EmptyText::allowed),
        "Run folder, relative to the current folder; empty: runs/<stem of the config file>."},
       {"run", "log_every", whole_number<run, &RunSection::log_every>(1),
        "Steps between lines of metrics.csv."},
       {"run", "checkpoint_every", whole_number<run, &RunSection::checkpoint_every>(1),
        "Steps between checkpoints."},
       {"run", "keep_checkpoints", whole_number<run, &RunSection::keep_checkpoints>(1),
        "How many of the newest checkpoints are kept."},
       {"run", "validate_every", whole_number<run, &RunSection::validate_every>(0),
        "Steps between validations on the rows held out; 0: never."},
       {"run", "patience", whole_number<run, &RunSection::patience>(0),
        "Validations in a row without improvement that end the run; 0: it always runs to its last step."},
       {"run", "precision", choice<run, &RunSection::precision>(),
        "Floating-point type of parameters, activations and chains."}});
}

void add_data(std::vector<Key>& keys) {
  constexpr auto data = &RunConfig::data;
  keys.insert(
      keys.end(),
      {{"data", "file", text<data, &DataSection::file>(EmptyText::allowed),
        "HDF5 file, relative to the folder of the config file. Give either file or density."},
       {"data", "dataset", text<data, &DataSection::dataset>(EmptyText::refused),
        "Data set inside the file, of shape (N, D), float32 or float64.", when(with_file)},
       {"data", "density", text<data, &DataSection::density>(EmptyText::allowed, density_names()),
        "Synthetic density to draw the data from. Give either file or density."},
       {"data", "count", whole_number<data, &DataSection::count>(1), "Samples drawn from the density.",
        when(with_density)},
       {"data", "noise", number<data, &DataSection::noise>(positive), "Noise scale of the density itself.",
        when(with_density)},
       {"data", "dimension", whole_number<data, &DataSection::dimension>(1),
        "Dimension D of gaussian, gaussian_mixture, double_well and funnel; the other densities exist for D "
        "= 2 "
        "only.",
        when(with_density)},
       {"data", "standardize", TrueOrFalse{field<data, &DataSection::standardize>()},
        "Subtract the mean of each column and divide by its standard deviation."},
       {"data", "pca", whole_number<data, &DataSection::pca>(0),
        "Project to this many principal components; 0: no projection."},
       {"data", "validation_fraction", number<data, &DataSection::validation_fraction>(zero_to_below_one),
        "Share of the rows held out of the training."},
       {"data", "jitter", number<data, &DataSection::jitter>(non_negative),
        "Gaussian noise on every training sample, in standardised units: smooths rounded or degenerate "
        "data."},
       {"data", "window", whole_number<data, &DataSection::window>(0),
        "Rows in memory at a time, over all ranks, for data larger than memory: the others are read while it "
        "trains, in an order mixed within this many rows, and at most about 65536 rows are held out. At "
        "least 2 optimizer.batch_size; 0: all rows."}});
}

void add_network(std::vector<Key>& keys) {
  constexpr auto network = &RunConfig::network;
  constexpr Condition with_network = {has_network, "objective.kind",
                                      "does not apply with objective.kind = \"flow_maximum_likelihood\"",
                                      "remove it: the flow is the model; use the keys of [flow]"};
  keys.insert(
      keys.end(),
      {{"network", "kind", choice<network, &NetworkSection::kind>(),
        "What the network gives; mlp: the energy, from a multilayer perceptron with one output; "
        "score_mlp: the score, with one output for each dimension and no energy, for the three "
        "score-matching objectives.",
        when(with_network)},
       {"network", "hidden", WholeNumberList{field<network, &NetworkSection::hidden>(), {1, 65536}, 64},
        "Widths of the hidden layers, the one next to the input first.", when(with_network)},
       {"network", "activation", choice<network, &NetworkSection::activation>(),
        "Activation function of the hidden layers; the score-matching objectives and gradient_penalty need "
        "a smooth one, not relu or leaky_relu.",
        when(with_network)},
       {"network", "spectral_norm", TrueOrFalse{field<network, &NetworkSection::spectral_norm>()},
        "Keep every weight matrix at spectral norm 1, which bounds the slope of the energy.",
        when(with_network)}});
}

void add_optimizer(std::vector<Key>& keys) {
  constexpr auto optimizer = &RunConfig::optimizer;
  keys.insert(
      keys.end(),
      {{"optimizer", "kind", choice<optimizer, &OptimizerSection::kind>(),
        "How a gradient becomes an update."},
       {"optimizer", "learning_rate", number<optimizer, &OptimizerSection::learning_rate>(positive),
        "Learning rate."},
       {"optimizer", "batch_size", whole_number<optimizer, &OptimizerSection::batch_size>(1),
        "Data samples in a step, over all ranks together; with contrastive divergence as many chains are "
        "advanced. Multiples of 64, the samples of a tile, are the fastest."},
       {"optimizer", "beta1", number<optimizer, &OptimizerSection::beta1>(zero_to_below_one),
        "Decay of the first moment of the gradient.", when(with_adam)},
       {"optimizer", "beta2", number<optimizer, &OptimizerSection::beta2>(zero_to_below_one),
        "Decay of the second moment of the gradient.", when(with_adam)},
       {"optimizer", "epsilon", number<optimizer, &OptimizerSection::epsilon>(positive),
        "Added to the root of the second moment.", when(with_adam)},
       {"optimizer", "momentum", number<optimizer, &OptimizerSection::momentum>(zero_to_below_one),
        "Decay of the velocity; 0: plain gradient descent.", when(with_sgd)},
       {"optimizer", "gradient_clip", number<optimizer, &OptimizerSection::gradient_clip>(non_negative),
        "Bound on the norm of the parameter gradient; 0: none."},
       {"optimizer", "weight_decay", number<optimizer, &OptimizerSection::weight_decay>(non_negative),
        "Decoupled decay of the weight matrices: an update multiplies them by 1 - learning rate × this; 0: "
        "none."},
       {"optimizer", "l1", number<optimizer, &OptimizerSection::l1>(non_negative),
        "Soft threshold on the weight matrices: an update moves them towards 0 by learning rate × this; 0: "
        "none."},
       {"optimizer", "ema", number<optimizer, &OptimizerSection::ema>(zero_to_below_one),
        "Decay of the moving average of the parameters, which sampling and evaluation use."},
       {"optimizer", "schedule", choice<optimizer, &OptimizerSection::schedule>(),
        "How the learning rate changes after the warm-up."},
       {"optimizer", "warmup_steps", whole_number<optimizer, &OptimizerSection::warmup_steps>(0),
        "Steps of linear rise of the learning rate from 0; at most run.steps."},
       {"optimizer", "decay_every", whole_number<optimizer, &OptimizerSection::decay_every>(1),
        "Steps after which the learning rate is multiplied by decay_factor, again and again.",
        when(with_step_schedule)},
       {"optimizer", "decay_factor", number<optimizer, &OptimizerSection::decay_factor>(above_zero_to_one),
        "Factor on the learning rate every decay_every steps.", when(with_step_schedule)},
       {"optimizer", "final_fraction", number<optimizer, &OptimizerSection::final_fraction>(zero_to_one),
        "Learning rate at the last step, as a fraction of learning_rate.", when(with_cosine_schedule)}});
}

void add_parallel(std::vector<Key>& keys) {
  keys.push_back(
      {"parallel", "shards", whole_number<&RunConfig::parallel, &ParallelSection::shards>(0),
       "Pieces that data, chains and batches are cut into, the same on any number of ranks, and the most "
       "ranks that have work; at most optimizer.batch_size; 0: batch_size / 64, at least 1."});
}

std::vector<Key> train_keys() {
  std::vector<Key> keys;
  for (const auto add :
       {add_run, add_data, add_network, add_objective, add_flow, add_sampler, add_optimizer, add_parallel}) {
    add(keys);
  }
  return keys;
}

std::vector<std::string_view> sections_of(Program program) {
  std::vector<std::string_view> found;
  for (const Key& key : key_table(program)) {
    if (found.empty() || found.back() != key.section) found.push_back(key.section);
  }
  return found;
}

}  // namespace

std::span<const Key> key_table(Program program) {
  static const std::vector<Key> train = train_keys(), infer = infer_keys();
  return program == Program::train ? train : infer;
}

std::span<const std::string_view> section_names(Program program) {
  static const std::vector<std::string_view> train = sections_of(Program::train),
                                             infer = sections_of(Program::infer);
  return program == Program::train ? train : infer;
}

const Key* find_key(std::string_view section, std::string_view name, Program program) {
  const std::span<const Key> table = key_table(program);
  const auto key = std::ranges::find_if(
      table, [&](const Key& candidate) { return candidate.section == section && candidate.name == name; });
  return key == table.end() ? nullptr : &*key;
}

const Key& key_named(std::string_view dotted, Program program) {
  const std::size_t dot = dotted.find('.');
  const Key* key = dot == std::string_view::npos
                       ? nullptr
                       : find_key(dotted.substr(0, dot), dotted.substr(dot + 1), program);
  if (!key) throw std::out_of_range("no key " + std::string(dotted) + " in the table");
  return *key;
}

}  // namespace ebmpi::config
