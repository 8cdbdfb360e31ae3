// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "config/derived.hpp"
#include "config/key_entries.hpp"
#include "config/simulators.hpp"

namespace ebmpi::config {

namespace {

constexpr std::size_t most_parameters = 4096;

bool simulator_is_one_of(const RunConfig& config, std::span<const std::string_view> kinds) {
  return std::ranges::find(kinds, config.simulator.kind) != kinds.end();
}

constexpr std::array<std::string_view, 4> gaussian_kinds = {"gaussian_location", "gaussian_scale",
                                                            "linear_gaussian", "gaussian_mixture"};
constexpr std::array<std::string_view, 3> noisy_kinds = {"gaussian_location", "linear_gaussian",
                                                         "gaussian_mixture"};
constexpr std::array<std::string_view, 2> process_kinds = {"sir", "lotka_volterra"};
constexpr std::array<std::string_view, 1> sir_kind = {"sir"}, lotka_volterra_kind = {"lotka_volterra"},
                                          mg1_kind = {"mg1"}, g_and_k_kind = {"g_and_k"},
                                          external_kind = {"external"};

template <const auto& Kinds>
constexpr Condition with_simulator(std::string_view statement) {
  return {[](const RunConfig& config) { return simulator_is_one_of(config, Kinds); }, "simulator.kind",
          statement, "remove it"};
}

constexpr Condition with_gaussian = with_simulator<gaussian_kinds>(
    "applies only with simulator.kind = \"gaussian_location\", \"gaussian_scale\", \"linear_gaussian\" or "
    "\"gaussian_mixture\"");
constexpr Condition with_noise = with_simulator<noisy_kinds>(
    "applies only with simulator.kind = \"gaussian_location\", \"linear_gaussian\" or \"gaussian_mixture\"");
constexpr Condition with_process =
    with_simulator<process_kinds>("applies only with simulator.kind = \"sir\" or \"lotka_volterra\"");
constexpr Condition with_sir = with_simulator<sir_kind>("applies only with simulator.kind = \"sir\"");
constexpr Condition with_lotka_volterra =
    with_simulator<lotka_volterra_kind>("applies only with simulator.kind = \"lotka_volterra\"");
constexpr Condition with_mg1 = with_simulator<mg1_kind>("applies only with simulator.kind = \"mg1\"");
constexpr Condition with_g_and_k =
    with_simulator<g_and_k_kind>("applies only with simulator.kind = \"g_and_k\"");
constexpr Condition with_external =
    with_simulator<external_kind>("applies only with simulator.kind = \"external\"");

constexpr Condition with_observed_file = {[](const RunConfig& config) { return config.data.truth.empty(); },
                                          "data.truth", "applies only with data.file", "remove it"};
constexpr Condition with_truth = {[](const RunConfig& config) { return config.data.file.empty(); },
                                  "data.file", "applies only with data.truth", "remove it"};

template <WidthRule Rule>
bool width_rule_is(const RunConfig& config) {
  return config.inference.width_rule == Rule;
}
constexpr Condition with_pilot = {width_rule_is<WidthRule::pilot>, "inference.width_rule",
                                  "applies only with inference.width_rule = \"pilot\"", "remove it"};
constexpr Condition with_annealing = {width_rule_is<WidthRule::annealed>, "inference.width_rule",
                                      "applies only with inference.width_rule = \"annealed\"", "remove it"};

constexpr Condition with_neural = {
    [](const RunConfig& config) { return config.inference.features == FeatureKind::neural; },
    "inference.features", "applies only with inference.features = \"neural\"", "remove it"};

void add_run_and_data(std::vector<Key>& keys) {
  constexpr auto run = &RunConfig::run;
  constexpr auto data = &RunConfig::data;
  keys.insert(
      keys.end(),
      {{"run", "seed", whole_number<run, &RunSection::seed>(0), "Every random number is a function of it."},
       {"run", "steps", whole_number<run, &RunSection::steps>(2),
        "Steps of the ascent; each simulates anew and fits a score."},
       {"run", "output", text<run, &RunSection::output>(EmptyText::allowed),
        "Run folder, relative to the current folder; empty: runs/<stem of the config file>."},
       {"run", "log_every", whole_number<run, &RunSection::log_every>(1),
        "Steps between lines of metrics.csv."},
       {"run", "checkpoint_every", whole_number<run, &RunSection::checkpoint_every>(1),
        "Steps between checkpoints."},
       {"run", "keep_checkpoints", whole_number<run, &RunSection::keep_checkpoints>(1),
        "How many of the newest checkpoints are kept."},
       {"run", "precision", choice<run, &RunSection::precision>(),
        "Floating-point type of the network; all else is double.", when(with_neural)},
       {"data", "file", text<data, &DataSection::file>(EmptyText::allowed),
        "HDF5 file of the observations, relative to the folder of the config file. Give either file or "
        "truth."},
       {"data", "dataset", text<data, &DataSection::dataset>(EmptyText::refused),
        "Data set inside the file, of shape (N, D): independent observations in rows.",
        when(with_observed_file)},
       {"data", "truth", NumberList{field<data, &DataSection::truth>(), any_number, most_parameters},
        "Parameters at which the observations are simulated, for tests and examples. Give either file or "
        "truth."},
       {"data", "count", whole_number<data, &DataSection::count>(1), "Observations simulated at truth.",
        when(with_truth)}});
}

void add_simulator(std::vector<Key>& keys) {
  constexpr auto simulator = &RunConfig::simulator;
  using Section = SimulatorSection;
  keys.insert(
      keys.end(),
      {{"simulator", "kind", text<simulator, &Section::kind>(EmptyText::refused, simulator_names()),
        "What draws data at given parameters; external: a program of your own. It must be given."},
       {"simulator", "dimension", whole_number<simulator, &Section::dimension>(1, 4096),
        "Columns D of a data row.", when(with_gaussian)},
       {"simulator", "noise", number<simulator, &Section::noise>(positive),
        "Standard deviation of the Gaussian noise.", when(with_noise)},
       {"simulator", "population", whole_number<simulator, &Section::population>(2), "People in all.",
        when(with_sir)},
       {"simulator", "infected", whole_number<simulator, &Section::infected>(1),
        "People infected at the start; below population.", when(with_sir)},
       {"simulator", "times", whole_number<simulator, &Section::times>(1, 4096),
        "Equally spaced times at which the process is observed.", when(with_process)},
       {"simulator", "duration", number<simulator, &Section::duration>(non_negative),
        "Time of the last observation, in the unit of the rates; 0: 60 with sir, 10 with lotka_volterra, 30 "
        "of its "
        "summary.",
        when(with_process)},
       {"simulator", "record", choice<simulator, &Section::record>(),
        "Data of a simulation; standard: the observed times; summary: with sir the final size alone, with "
        "lotka_volterra nine summaries of the path.",
        when(with_process)},
       {"simulator", "most_events", whole_number<simulator, &Section::most_events>(1),
        "Events after which a simulation stands still, since its rates may explode.",
        when(with_lotka_volterra)},
       {"simulator", "customers", whole_number<simulator, &Section::customers>(2),
        "Customers that a simulation serves.", when(with_mg1)},
       {"simulator", "draws", whole_number<simulator, &Section::draws>(1),
        "Numbers drawn for a row; of several it has the seven octiles.", when(with_g_and_k)}});
}

void add_external_simulator(std::vector<Key>& keys) {
  constexpr auto simulator = &RunConfig::simulator;
  using Section = SimulatorSection;
  keys.insert(
      keys.end(),
      {{"simulator", "command", text<simulator, &Section::command>(EmptyText::allowed),
        "Command of the shell that starts a worker; {config} in it is the folder of the config file.",
        when(with_external)},
       {"simulator", "exchange", choice<simulator, &Section::exchange>(),
        "How rows travel to a worker and back; csv: lines of its standard input and output; hdf5: files.",
        when(with_external)},
       {"simulator", "workers", whole_number<simulator, &Section::workers>(0, 4096),
        "Workers on each rank; 0: one for each thread.", when(with_external)},
       {"simulator", "timeout", number<simulator, &Section::timeout>(positive),
        "Seconds that a worker may take for an answer before it is replaced.", when(with_external)},
       {"simulator", "retries", whole_number<simulator, &Section::retries>(0, 1000),
        "Times that a request which failed is given to a new worker.", when(with_external)},
       {"simulator", "batch", whole_number<simulator, &Section::batch>(1, 1 << 20),
        "Most rows of one request.", when(with_external)},
       {"simulator", "columns", whole_number<simulator, &Section::columns>(0, 1 << 20),
        "Columns D of a data row; 0: what the first answer has.", when(with_external)}});
}

void add_parameters(std::vector<Key>& keys) {
  constexpr auto parameters = &RunConfig::parameters;
  using Section = ParametersSection;
  keys.insert(
      keys.end(),
      {{"parameters", "names", TextList{field<parameters, &Section::names>(), most_parameters},
        "Names of the parameters, in the order in which the command is told them. They must be given.",
        when(with_external)},
       {"parameters", "start", NumberList{field<parameters, &Section::start>(), any_number, most_parameters},
        "Where the ascent starts, one number for each parameter; none: what is typical of the simulator."},
       {"parameters", "lower",
        NumberList{field<parameters, &Section::lower>(), any_number, most_parameters, Infinity::allowed},
        "Bounds below, one for each parameter, -inf where there is none; no list: those of the simulator."},
       {"parameters", "upper",
        NumberList{field<parameters, &Section::upper>(), any_number, most_parameters, Infinity::allowed},
        "Bounds above, one for each parameter, inf where there is none; no list: those of the simulator."},
       {"parameters", "transform", choice<parameters, &Section::transform>(),
        "Coordinates u of the ascent; automatic: the parameter itself without bounds, the logarithm of the "
        "distance to a single bound, the logit between two; none: the parameter itself, kept between its "
        "bounds, at which simulations are reflected."}});
}

void add_inference(std::vector<Key>& keys) {
  constexpr auto inference = &RunConfig::inference;
  using Section = InferenceSection;
  keys.insert(
      keys.end(),
      {{"inference", "simulations", whole_number<inference, &Section::simulations>(4),
        "Simulations of a step, over all ranks together, each at parameters of its own."},
       {"inference", "features", choice<inference, &Section::features>(),
        "What of a data row the score is linear in; linear: its columns, which cannot tell the scale of a "
        "distribution; quadratic: its columns and their products, D (D + 3) / 2 of them; neural: its columns "
        "and "
        "the outputs of a network, one for each parameter, that learns the score as the run goes on."},
       {"inference", "updates", whole_number<inference, &Section::updates>(1),
        "Updates of the network in a step, each by all simulations of it.", when(with_neural)},
       {"inference", "ridge", number<inference, &Section::ridge>(non_negative),
        "Added to the diagonal of the features' correlation matrix, which is 1."},
       {"inference", "width", NumberList{field<inference, &Section::width>(), positive, most_parameters},
        "Standard deviation σ of the parameters of a step around the current ones, in the coordinates u; one "
        "number, or one for each parameter."},
       {"inference", "width_rule", choice<inference, &Section::width_rule>(),
        "How wide a step is; fixed: width; pilot: that multiple of width whose score fits best at the start; "
        "annealed: from width to final_width, by the same factor at every step."},
       {"inference", "final_width",
        NumberList{field<inference, &Section::final_width>(), positive, most_parameters},
        "Width of the last step; one number, or one for each parameter.", when(with_annealing)},
       {"inference", "pilot_widths", NumberList{field<inference, &Section::pilot_widths>(), positive, 64},
        "Multiples of width that are tried.", when(with_pilot)},
       {"inference", "ascent", choice<inference, &Section::ascent>(),
        "How a score moves the parameters; natural: through the inverse Fisher information; adam: Adam's "
        "moments, in units of the width."},
       {"inference", "learning_rate", number<inference, &Section::learning_rate>(positive),
        "Natural ascent: share of the full step; adam: largest move of a step in widths, 0.1 unless it is "
        "given."},
       {"inference", "decay", number<inference, &Section::decay>(non_negative),
        "The learning rate is divided by 1 + decay × step."},
       {"inference", "tail", number<inference, &Section::tail>(above_zero_to_one),
        "Share of the steps, the last ones, whose mean is the estimate."},
       {"inference", "confidence", number<inference, &Section::confidence>(between_zero_and_one),
        "Confidence of intervals and regions."}});
}

void add_network(std::vector<Key>& keys) {
  constexpr auto network = &RunConfig::network;
  keys.insert(
      keys.end(),
      {{"network", "hidden", WholeNumberList{field<network, &NetworkSection::hidden>(), {1, 65536}, 64},
        "Widths of the hidden layers, the one next to the input first.", when(with_neural)},
       {"network", "activation", choice<network, &NetworkSection::activation>(),
        "Activation function of the hidden layers.", when(with_neural)},
       {"optimizer", "learning_rate",
        number<&RunConfig::optimizer, &OptimizerSection::learning_rate>(positive),
        "Learning rate of the network's Adam.", when(with_neural)}});
}

}  // namespace

std::vector<Key> infer_keys() {
  std::vector<Key> keys;
  for (const auto add : {add_run_and_data, add_simulator, add_external_simulator, add_parameters,
                         add_inference, add_network}) {
    add(keys);
  }
  keys.push_back(
      {"parallel", "shards", whole_number<&RunConfig::parallel, &ParallelSection::shards>(0),
       "Pieces that simulations and observations are cut into, the same on any number of ranks, and the most "
       "ranks that have work; at most inference.simulations; 0: simulations / 64, at least 1."});
  return keys;
}

}  // namespace ebmpi::config
