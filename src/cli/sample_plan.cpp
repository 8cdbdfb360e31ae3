// SPDX-License-Identifier: Apache-2.0
#include "cli/sample_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "config/enum_names.hpp"
#include "core/error.hpp"
#include "sampling/tempering.hpp"

namespace ebmpi::cli {
namespace {

using evaluation::MoveKind;

constexpr std::string_view annealed_langevin = "annealed_langevin";
constexpr std::string_view parallel_tempering = "parallel_tempering";
constexpr std::array<std::pair<std::string_view, MoveKind>, 4> move_names = {
    {{"langevin", MoveKind::langevin},
     {"mala", MoveKind::mala},
     {"metropolis", MoveKind::metropolis},
     {"hmc", MoveKind::hmc}}};

/// Step size of the last level of annealed chains in units of σ²: the energy of data with noise σ bends by at
/// most about 1/σ², so that the steps' bias is a few percent of it.
constexpr double annealed_step = 0.1;
constexpr std::int64_t annealed_steps = 100;  // at each level

/// The ladder of parallel tempering, unless it is given.
constexpr std::int64_t default_levels = 6;
constexpr double default_hottest = 10.0;  // times the temperature

MoveKind moves_named(std::string_view name) {
  return std::ranges::find(move_names, name, &std::pair<std::string_view, MoveKind>::first)->second;
}

bool has_test(MoveKind moves) {
  return moves != MoveKind::langevin;
}

void refuse(const char* option, std::string_view sampler, const char* why) {
  throw core::InputError(fmt::format("{} and --sampler {} contradict each other ({}); leave {} out", option,
                                     sampler, why, option));
}

/// Options that mean nothing to the sampler.
void check_options(const ChainArguments& arguments, const ChainPlan& plan) {
  const bool is_tempered = plan.settings.replicas() > 1;
  if (!has_test(plan.settings.moves)) {
    if (arguments.adapt) refuse("--adapt", plan.sampler, "without a Metropolis test there is no acceptance");
    if (arguments.target_acceptance)
      refuse("--target-acceptance", plan.sampler, "without a Metropolis test there is no acceptance");
  }
  if (arguments.leapfrogs && plan.settings.moves != MoveKind::hmc)
    refuse("--leapfrogs", plan.sampler, "only trajectories have them");
  if (is_tempered) return;
  if (arguments.levels) refuse("--levels", plan.sampler, "only parallel tempering has a ladder");
  if (arguments.hottest) refuse("--hottest", plan.sampler, "only parallel tempering has a ladder");
  if (!arguments.temperatures.empty())
    refuse("--temperatures", plan.sampler, "only parallel tempering has a ladder");
  if (arguments.exchange_every)
    refuse("--exchange-every", plan.sampler, "only parallel tempering exchanges temperatures");
  if (!arguments.moves.empty()) refuse("--moves", plan.sampler, "it says itself how chains move");
}

void set_ladder(const ChainArguments& arguments, ChainPlan& plan) {
  const double coldest = plan.settings.temperature;
  std::vector<double> temperatures = arguments.temperatures;
  if (temperatures.empty()) {
    const double hottest = arguments.hottest.value_or(default_hottest * coldest);
    if (!(hottest > coldest)) {
      throw core::InputError(fmt::format(
          "--hottest {} is not above the temperature {} of the samples (the ladder rises from it); give a "
          "higher one",
          hottest, coldest));
    }
    const auto ladder = sampling::TemperatureLadder::geometric(
        coldest, hottest, static_cast<int>(arguments.levels.value_or(default_levels)));
    temperatures.assign(ladder.temperatures().begin() + 1, ladder.temperatures().end());
  } else if (arguments.levels || arguments.hottest) {
    throw core::InputError(
        "--temperatures contradicts --levels and --hottest (it lists the whole ladder); leave those out");
  }
  double below = coldest;
  for (const double temperature : temperatures) {
    if (temperature > below) {
      below = temperature;
      continue;
    }
    throw core::InputError(fmt::format(
        "--temperatures: {} is not above {} (the ladder rises from the temperature of the samples, {}); list "
        "higher ones, each once, from the coldest",
        temperature, below, coldest));
  }
  plan.settings.hotter = temperatures;
}

/// What the command line says of any chains.
void apply_options(const ChainArguments& arguments, ChainPlan& plan) {
  evaluation::ChainSettings& settings = plan.settings;
  plan.steps = arguments.steps.value_or(plan.steps);
  plan.thin = arguments.thin.value_or(plan.thin);
  settings.step_size = arguments.step_size.value_or(settings.step_size);
  settings.temperature = arguments.temperature.value_or(settings.temperature);
  settings.leapfrogs = static_cast<int>(arguments.leapfrogs.value_or(settings.leapfrogs));
  settings.box = arguments.box.value_or(settings.box);
  settings.exchange_every = arguments.exchange_every.value_or(settings.exchange_every);
  settings.seed = arguments.seed.value_or(settings.seed);
}

/// Chains that go down the noise levels of the model.
template <class Scalar>
void plan_annealing(const training::Model<Scalar>& model, bool sigma_is_given, ChainPlan& plan) {
  plan.sigmas = model.sigmas();
  if (plan.sigmas.empty()) {
    throw core::InputError(fmt::format(
        "{} cannot be sampled by annealed_langevin (it knows no noise levels: it was not trained with "
        "objective.sigmas); use --sampler langevin",
        model.checkpoint));
  }
  if (sigma_is_given) {
    throw core::InputError(
        "--sigma and --sampler annealed_langevin contradict each other (annealed chains go through all noise "
        "levels); use --sampler langevin, or leave --sigma out");
  }
  plan.steps = annealed_steps;
  plan.settings.step_size = annealed_step * plan.sigmas.back() * plan.sigmas.back();
}

/// Unless the command line says it: as in training, and down the noise levels where the model knows any.
template <class Scalar>
std::string choose_sampler(const ChainArguments& arguments, bool sigma_is_given,
                           const training::Model<Scalar>& model) {
  if (!arguments.sampler.empty()) return arguments.sampler;
  if (!model.sigmas().empty() && !sigma_is_given) return std::string(annealed_langevin);
  if (model.runs.empty()) return "hmc";  // a closed form: nothing was trained
  // That name means another thing in training: there the temperature falls, and no noise level is told.
  if (model.sampler().kind == config::SamplerKind::annealed_langevin) return "langevin";
  return std::string(config::to_string(model.sampler().kind));
}

/// The step size that trajectories and random walks start their search from is the length of a Langevin step.
template <class Scalar>
void set_step_size(const training::Model<Scalar>& model, ChainPlan& plan) {
  const config::SamplerSection trained = model.sampler();
  const std::string_view trained_with = model.runs.empty() ? "" : config::to_string(trained.kind);
  plan.settings.step_size = trained.step_size;
  const bool is_length = plan.settings.moves == MoveKind::hmc || plan.settings.moves == MoveKind::metropolis;
  if (is_length && trained_with != move_name(plan.settings.moves))
    plan.settings.step_size = std::sqrt(2.0 * trained.step_size * plan.settings.temperature);
}

}  // namespace

std::string_view move_name(MoveKind moves) {
  return std::ranges::find(move_names, moves, &std::pair<std::string_view, MoveKind>::second)->first;
}

template <class Scalar>
ChainPlan plan_new_chains(const comm::Communicator& communicator, const ChainArguments& arguments,
                          bool sigma_is_given, std::int64_t count, const training::Model<Scalar>& model) {
  const bool is_file = !model.runs.empty() && model.step > 0;
  const bool has_chains = is_file && io::FileReader(communicator, model.checkpoint).exists("/chains/x");
  if (arguments.start == "chains" && !has_chains) {
    throw core::InputError(model.checkpoint +
                           " has no persistent chains (it was trained with short chains, or not at all); use "
                           "--start noise");
  }
  ChainPlan plan;
  plan.count = count;
  plan.start = !arguments.start.empty() ? arguments.start : has_chains ? "chains" : "noise";
  plan.sampler = choose_sampler(arguments, sigma_is_given, model);
  const bool is_tempered = plan.sampler == parallel_tempering;
  const bool is_annealed = plan.sampler == annealed_langevin;
  plan.settings.moves = is_tempered   ? moves_named(arguments.moves.empty() ? "hmc" : arguments.moves)
                        : is_annealed ? MoveKind::langevin
                                      : moves_named(plan.sampler);
  plan.settings.temperature = arguments.temperature.value_or(model.temperature);
  plan.settings.gradient_clip = model.sampler().gradient_clip;
  set_step_size(model, plan);
  if (is_annealed) plan_annealing(model, sigma_is_given, plan);
  apply_options(arguments, plan);
  if (is_tempered) set_ladder(arguments, plan);
  check_options(arguments, plan);
  if (!has_test(plan.settings.moves)) return plan;
  plan.adapt = arguments.adapt.value_or(arguments.step_size ? 0 : plan.steps / 2);
  if (plan.adapt > plan.steps) {
    throw core::InputError(fmt::format(
        "--adapt {} is more than --steps {} (the step size is tuned in the steps before the first draw); "
        "raise --steps",
        plan.adapt, plan.steps));
  }
  plan.target_acceptance = arguments.target_acceptance.value_or(sampling::best_acceptance(
      evaluation::tested_moves(plan.settings.moves), model.transform.model_dimension()));
  return plan;
}

ChainPlan plan_continued_chains(const comm::Communicator& communicator, const ChainArguments& arguments,
                                std::int64_t count) {
  const io::FileReader file(communicator, arguments.chains);
  if (!file.has_attribute("/", "segments_done")) {
    throw core::InputError(arguments.chains +
                           " cannot be continued (it is no output of 'ebmpi sample': the attribute "
                           "segments_done is missing); name one in --chains, or leave it out");
  }
  for (const auto& [given, option] : {std::pair{!arguments.sampler.empty(), "--sampler"},
                                      {!arguments.moves.empty(), "--moves"},
                                      {arguments.adapt.has_value(), "--adapt"},
                                      {arguments.target_acceptance.has_value(), "--target-acceptance"},
                                      {arguments.levels.has_value(), "--levels"},
                                      {arguments.hottest.has_value(), "--hottest"},
                                      {!arguments.temperatures.empty(), "--temperatures"}}) {
    if (!given) continue;
    throw core::InputError(fmt::format(
        "--chains and {} contradict each other (chains go on with the sampler that they were run with, and "
        "the step that was tuned for it); leave {} out",
        option, option));
  }
  ChainPlan plan;
  plan.sampler = file.text_attribute("/", "sampler");
  plan.start = file.text_attribute("/", "start");
  plan.settings.moves = moves_named(file.text_attribute("/", "moves"));
  plan.settings.step_size = file.real_attribute("/", "step_size");
  plan.settings.leapfrogs = static_cast<int>(file.integer_attribute("/", "leapfrogs"));
  plan.settings.temperature = file.real_attribute("/", "temperature");
  plan.settings.gradient_clip = file.real_attribute("/", "gradient_clip");
  plan.settings.box = file.real_attribute("/", "box");
  plan.settings.exchange_every = file.integer_attribute("/", "exchange_every");
  plan.settings.seed = static_cast<std::uint64_t>(file.integer_attribute("/", "seed"));
  plan.steps_before = file.integer_attribute("/", "steps_done");
  plan.thin = file.integer_attribute("/", "thin");
  if (file.exists("/replicas/temperature")) {
    const auto ladder = file.read_replicated<double>("/replicas/temperature").values;
    plan.settings.hotter.assign(ladder.begin() + 1, ladder.end());
  }
  plan.progress.segments = file.integer_attribute("/", "segments_done");
  plan.progress.exchanges = file.integer_attribute("/", "exchanges_done");
  plan.progress.lengths = file.reals_attribute("/", "step_lengths");
  const std::string positions = plan.settings.replicas() > 1 ? "/replicas/x" : "/model_x";
  const std::int64_t available = file.shape(positions).front() / plan.settings.replicas();
  if (count > available) {
    throw core::InputError(
        fmt::format("--count {} is more than the {} chains of {} (each row goes on from its own); "
                    "leave --count out",
                    count, available, arguments.chains));
  }
  plan.count = count > 0 ? count : available;
  if (plan.settings.replicas() > 1) {
    plan.progress.levels = file.read_replicated<std::int64_t>("/replicas/level").values;
  } else {
    plan.progress.levels.assign(static_cast<std::size_t>(plan.count), 0);
  }
  plan.progress.levels.resize(static_cast<std::size_t>(plan.count * plan.settings.replicas()));
  const double length_before = plan.settings.step_size;
  apply_options(arguments, plan);
  if (!arguments.steps) plan.steps = plan.thin;
  check_options(arguments, plan);
  // Another step size than before scales those of all temperatures.
  const double ratio = plan.settings.step_size / length_before;
  for (double& length : plan.progress.lengths)
    length *= plan.settings.moves == MoveKind::mala ? std::sqrt(ratio) : ratio;
  return plan;
}

template <class Scalar>
void start_chains(const ChainArguments& arguments, const ChainPlan& plan,
                  const training::Model<Scalar>& model, evaluation::ChainRun<Scalar>& run) {
  if (!arguments.chains.empty()) {
    run.start_from_file(arguments.chains, plan.settings.replicas() > 1 ? "/replicas/x" : "/model_x");
    run.go_on(plan.progress);
  } else if (plan.start == "chains") {
    run.start_from_file(model.checkpoint, "/chains/x");
  } else {
    run.start_from_noise();
  }
  if (!plan.sigmas.empty()) return run.anneal(plan.sigmas, plan.steps);
  run.warm_up(plan.adapt, plan.target_acceptance);
  run.advance(plan.steps - plan.adapt);
}

std::int64_t steps_done(const ChainPlan& plan, std::int64_t draws) {
  const auto levels = static_cast<std::int64_t>(plan.sigmas.size());
  return plan.steps_before + plan.steps * (levels > 0 ? levels : 1) + (draws - 1) * plan.thin;
}

void add_chain_options(CLI::App& command, ChainArguments& arguments) {
  command
      .add_option(
          "--sampler", arguments.sampler,
          "langevin: unadjusted, fast, biased by its step; mala, metropolis (random walk), hmc: exact, "
          "by a Metropolis test; parallel_tempering: --moves on a ladder of temperatures, for barriers; "
          "annealed_langevin: down the levels of a model that was trained with objective.sigmas "
          "(default: that of training; annealed for such a model, unless --sigma is given)")
      ->check(CLI::IsMember(
          {"langevin", "mala", "metropolis", "hmc", "parallel_tempering", "annealed_langevin"}));
  command
      .add_option("--steps", arguments.steps,
                  "Steps before the first draw (default: 1000; annealed: 100 at each noise level; with "
                  "--chains: --thin)")
      ->check(CLI::NonNegativeNumber);
  command.add_option("--thin", arguments.thin, "Steps between the draws of a chain (default: 10)")
      ->check(CLI::PositiveNumber);
  command
      .add_option("--step-size", arguments.step_size,
                  "In model space. Langevin and MALA: eta of x - eta grad E + sqrt(2 eta T) xi; metropolis: "
                  "deviation of a step; hmc: leapfrog step (default: that of training, tuned by --adapt; "
                  "annealed, where it is that of the lowest level: 0.1 sigma^2)")
      ->check(CLI::PositiveNumber);
  command
      .add_option("--adapt", arguments.adapt,
                  "Of --steps, the first so many tune the step size to --target-acceptance, which then stays "
                  "(default: half of them; 0 with --step-size)")
      ->check(CLI::NonNegativeNumber);
  command
      .add_option("--target-acceptance", arguments.target_acceptance,
                  "(default: mala 0.574, hmc 0.8, metropolis 0.234 to 0.44)")
      ->check(CLI::Range(0.01, 0.99));
  command.add_option("--leapfrogs", arguments.leapfrogs, "Steps of a trajectory of hmc (default: 10)")
      ->check(CLI::Range(1, 100000));
  command.add_option("--temperature", arguments.temperature, "T of exp(-E/T) (default: that of training)")
      ->check(CLI::PositiveNumber);
  command
      .add_option("--box", arguments.box,
                  "Keep chains in the range of the training data, widened at each end by this share of it "
                  "(default: they go where they will)")
      ->check(CLI::NonNegativeNumber);
  command
      .add_option("--moves", arguments.moves, "Of parallel tempering: mala, metropolis, hmc (default: hmc)")
      ->check(CLI::IsMember({"mala", "metropolis", "hmc"}));
  command
      .add_option("--levels", arguments.levels,
                  "Temperatures of parallel tempering, that of the samples among them (default: 6)")
      ->check(CLI::Range(2, 64));
  command
      .add_option("--hottest", arguments.hottest,
                  "Highest temperature of parallel tempering (default: 10 times that of the samples)")
      ->check(CLI::PositiveNumber);
  command
      .add_option("--temperatures", arguments.temperatures,
                  "In place of --levels and --hottest: the temperatures above that of the samples, rising")
      ->delimiter(',')
      ->allow_extra_args(false);
  command
      .add_option("--exchange-every", arguments.exchange_every,
                  "Steps between exchanges of temperatures (default: 5)")
      ->check(CLI::PositiveNumber);
  command.add_option("--seed", arguments.seed, "Chooses all random numbers (default: 1)");
  command
      .add_option("--start", arguments.start,
                  "chains: chain i from persistent chain i mod C of the checkpoint; noise: from the normal "
                  "distribution "
                  "that training starts chains from (default: chains where the checkpoint has any)")
      ->check(CLI::IsMember({"chains", "noise"}));
  command
      .add_option(
          "--chains", arguments.chains,
          "Go on with the chains of an earlier output as they were run, unless an option says otherwise; the "
          "draws are those of one longer run where its steps before the first draw are a multiple of 100")
      ->type_name("FILE.h5")
      ->excludes("--start");
}

#define EBMPI_INSTANTIATE(Scalar)                                                                          \
  template ChainPlan plan_new_chains(const comm::Communicator&, const ChainArguments&, bool, std::int64_t, \
                                     const training::Model<Scalar>&);                                      \
  template void start_chains(const ChainArguments&, const ChainPlan&, const training::Model<Scalar>&,      \
                             evaluation::ChainRun<Scalar>&);
EBMPI_INSTANTIATE(float)
EBMPI_INSTANTIATE(double)
#undef EBMPI_INSTANTIATE

}  // namespace ebmpi::cli
