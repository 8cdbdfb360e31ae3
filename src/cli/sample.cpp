// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "cli/sample_flow.hpp"
#include "cli/sample_plan.hpp"
#include "core/error.hpp"
#include "evaluation/draw_diagnostics.hpp"
#include "evaluation/draw_writer.hpp"
#include "io/file_writer.hpp"

namespace ebmpi::cli {
namespace {

/// From here on chains are commonly not trusted (Vehtari et al. 2021).
constexpr double largest_r_hat = 1.01;
constexpr double fewest_effective_draws = 400.0;  // all chains together

struct SampleArguments {
  ModelArguments model;
  ChainArguments chains;
  std::string output;
  std::string from = "auto";       // "energy", "flow"; auto: the flow where it is the model
  std::vector<std::string> given;  // names of the options that were given
  std::int64_t count = 0, draws = 1;
  bool json = false;
};

template <class Scalar>
ChainPlan make_plan(const comm::Communicator& communicator, const SampleArguments& arguments,
                    const training::Model<Scalar>& model) {
  if (!arguments.chains.chains.empty())
    return plan_continued_chains(communicator, arguments.chains, arguments.count);
  if (arguments.count == 0) {
    throw core::InputError(
        "--count is missing (only with --chains does a file say how many chains there are); "
        "add --count N");
  }
  return plan_new_chains(communicator, arguments.chains, arguments.model.sigma.has_value(), arguments.count,
                         model);
}

template <class Scalar>
void write_attributes(io::FileWriter& file, const SampleArguments& arguments,
                      const training::Model<Scalar>& model, const ChainPlan& plan,
                      const evaluation::ChainRun<Scalar>& run) {
  const evaluation::ChainSettings& settings = plan.settings;
  const evaluation::ChainProgress progress = run.progress();
  write_origin(file, arguments.model, model);
  file.attribute("/", "sampler", plan.sampler);
  file.attribute("/", "moves", std::string(move_name(settings.moves)));
  file.attribute("/", "start", plan.start);
  file.attribute("/", "draws", arguments.draws);
  file.attribute("/", "thin", plan.thin);
  file.attribute("/", "steps_done", steps_done(plan, arguments.draws));
  file.attribute("/", "segments_done", progress.segments);
  file.attribute("/", "exchanges_done", progress.exchanges);
  file.attribute("/", "step_size", run.step_sizes().front());
  file.attribute("/", "step_lengths", progress.lengths);
  file.attribute("/", "leapfrogs", settings.leapfrogs);
  file.attribute("/", "exchange_every", settings.exchange_every);
  file.attribute("/", "temperature", settings.temperature);
  file.attribute("/", "gradient_clip", settings.gradient_clip);
  file.attribute("/", "box", settings.box);
  file.attribute("/", "seed", settings.seed);
}

/// The last states, and what chains go on from.
template <class Scalar>
void write_ends(io::FileWriter& file, const training::Model<Scalar>& model, const ChainPlan& plan,
                const evaluation::ChainRun<Scalar>& run, const evaluation::ChainStates<Scalar>& ends) {
  const std::int64_t dimension = model.transform.dimension(), inner = model.transform.model_dimension();
  file.write_rows("/x", plan.count, dimension, ends.chains.first, std::span<const Scalar>(ends.x));
  if (model.gives_energy)
    file.write_rows("/energy", plan.count, 0, ends.chains.first, std::span<const Scalar>(ends.energy));
  file.write_rows("/model_x", plan.count, inner, ends.chains.first, std::span<const Scalar>(ends.model_x));
  const std::int64_t replicas = plan.settings.replicas();
  if (replicas == 1) return;
  std::vector<double> ladder{plan.settings.temperature};
  ladder.insert(ladder.end(), plan.settings.hotter.begin(), plan.settings.hotter.end());
  file.write_replicated("/replicas/temperature", {replicas}, std::span<const double>(ladder));
  const std::vector<double> rates = run.exchange_rates();
  file.write_replicated("/replicas/exchange_rate", {replicas - 1}, std::span<const double>(rates));
  const std::vector<std::int64_t> levels = run.progress().levels;
  file.write_replicated("/replicas/level", {plan.count * replicas}, std::span<const std::int64_t>(levels));
  const std::vector<Scalar> positions = run.positions();
  file.write_rows("/replicas/x", plan.count * replicas, inner, run.own_replicas().first,
                  std::span<const Scalar>(positions));
}

void write_diagnostics(io::FileWriter& file, const evaluation::DrawDiagnostics& diagnostics) {
  const auto write = [&](const std::string& name, double statistics::ChainDiagnostics::*figure) {
    std::vector<double> values;
    for (const auto& coordinate : diagnostics.coordinates) values.push_back(coordinate.*figure);
    file.write_replicated("/diagnostics/" + name, {static_cast<std::int64_t>(values.size())},
                          std::span<const double>(values));
  };
  using Figures = statistics::ChainDiagnostics;
  write("mean", &Figures::mean);
  write("standard_deviation", &Figures::standard_deviation);
  write("r_hat", &Figures::r_hat);
  write("ess_bulk", &Figures::ess_bulk);
  write("ess_tail", &Figures::ess_tail);
  write("mcse_mean", &Figures::mcse_mean);
  write("autocorrelation_time", &Figures::autocorrelation_time);
  file.attribute("/diagnostics", "chains", diagnostics.chains);
}

/// The worst figures over all coordinates and the energy.
struct Worst {
  double r_hat = 0.0, ess_bulk = 0.0, ess_tail = 0.0, autocorrelation_time = 0.0;
};

Worst worst_of(const evaluation::DrawDiagnostics& diagnostics) {
  std::vector<statistics::ChainDiagnostics> all = diagnostics.coordinates;
  all.insert(all.end(), diagnostics.energy.begin(), diagnostics.energy.end());
  Worst worst{0.0, INFINITY, INFINITY, 0.0};
  // A NaN, of chains that do not move, is the worst of all.
  const auto raise = [](double& to, double value) { to = value > to || std::isnan(value) ? value : to; };
  const auto lower = [](double& to, double value) { to = value < to || std::isnan(value) ? value : to; };
  for (const auto& figures : all) {
    raise(worst.r_hat, figures.r_hat);
    lower(worst.ess_bulk, figures.ess_bulk);
    lower(worst.ess_tail, figures.ess_tail);
    raise(worst.autocorrelation_time, figures.autocorrelation_time);
  }
  return worst;
}

/// Below it chains are nearly where they started, and so are the samples.
constexpr double least_acceptance = 0.05;

void warn_of_refusals(double acceptance) {
  if (acceptance >= least_acceptance) return;
  fmt::print(stderr,
             "ebmpi: the chains hardly move ({:.2g} of their proposals are accepted, so that the samples are "
             "nearly their starts); lower --step-size, or leave it out to have it tuned\n",
             acceptance);
}

/// What a person should know before using the draws.
void warn(const Worst& worst, std::int64_t divergences) {
  if (!(worst.r_hat < largest_r_hat)) {
    fmt::print(
        stderr,
        "ebmpi: the chains have not mixed (R-hat is {:.3f}, where 1.00 to {} is trusted); raise --steps "
        "and --thin, or use parallel_tempering\n",
        worst.r_hat, largest_r_hat);
  }
  if (!(std::min(worst.ess_bulk, worst.ess_tail) >= fewest_effective_draws)) {
    fmt::print(
        stderr,
        "ebmpi: the draws are worth few independent ones ({:.0f} in the bulk, {:.0f} in the tails; {} are "
        "needed for figures of two digits); raise --draws, --thin or --count\n",
        worst.ess_bulk, worst.ess_tail, fewest_effective_draws);
  }
  if (divergences > 0) {
    fmt::print(stderr,
               "ebmpi: {} trajectories ran away (the energy bends more sharply in places than the step "
               "resolves, and the draws may avoid these); lower --step-size or raise --target-acceptance\n",
               divergences);
  }
}

/// Sums over all draws of all chains. Probabilities are added as multiples of 2⁻³², whose sums do not depend
/// on the ranks.
struct Totals {
  static constexpr double unit = 0x1p-32;
  std::int64_t acceptance = 0, divergences = 0, count = 0;

  template <class Scalar>
  void add(const evaluation::ChainStates<Scalar>& states) {
    for (std::size_t row = 0; row < states.energy.size(); ++row) {
      acceptance += std::llround(static_cast<double>(states.acceptance[row]) / unit);
      divergences += states.divergences[row];
      ++count;
    }
  }
};

struct Results {
  double acceptance = 1.0;
  std::int64_t divergences = 0;
};

Results agreed(const comm::Communicator& communicator, const Totals& totals) {
  std::array<std::int64_t, 3> sums{totals.acceptance, totals.divergences, totals.count};
  communicator.sum(std::span<std::int64_t>(sums));
  return {static_cast<double>(sums[0]) * Totals::unit / static_cast<double>(sums[2]), sums[1]};
}

template <class Scalar>
Json report(const SampleArguments& arguments, const training::Model<Scalar>& model, const ChainPlan& plan,
            const evaluation::ChainRun<Scalar>& run, const Results& results) {
  Json json = Json::object();
  json.set("output", arguments.output)
      .set("sampler", plan.sampler)
      .set("chains", plan.count)
      .set("draws", arguments.draws)
      .set("dimension", model.transform.dimension())
      .set("steps", steps_done(plan, arguments.draws))
      .set("temperature", plan.settings.temperature)
      .set("step_size", run.step_sizes().front());
  if (plan.settings.moves != evaluation::MoveKind::langevin)
    json.set("acceptance_rate", results.acceptance).set("divergences", results.divergences);
  if (plan.settings.replicas() > 1) {
    json.set("temperatures_above", Json::array(plan.settings.hotter))
        .set("exchange_rates", Json::array(run.exchange_rates()));
  }
  return json;
}

void add_diagnostics(Json& json, const evaluation::DrawDiagnostics& diagnostics, const Worst& worst) {
  json.set("diagnosed_chains", diagnostics.chains)
      .set("r_hat", worst.r_hat)
      .set("ess_bulk", worst.ess_bulk)
      .set("ess_tail", worst.ess_tail)
      .set("autocorrelation_time", worst.autocorrelation_time);
  if (diagnostics.energy.empty()) return;
  json.set("energy_mean", diagnostics.energy.front().mean)
      .set("energy_mean_error", diagnostics.energy.front().mcse_mean);
}

template <class Scalar>
int sample_model(const comm::Communicator& communicator, const SampleArguments& arguments,
                 const training::Model<Scalar>& model) {
  const ChainPlan plan = make_plan(communicator, arguments, model);
  io::FileWriter file(communicator,
                      arguments.output);  // first, so that a wrong path is noticed before the work
  evaluation::DrawWriter<Scalar> writer(file, plan.count, arguments.draws, model.transform.dimension(),
                                        plan.settings.temperature, model.gives_energy,
                                        plan.settings.replicas() == 1);
  evaluation::ChainRun<Scalar> run(communicator, model, plan.settings, plan.count);
  start_chains(arguments.chains, plan, model, run);
  Totals totals;
  evaluation::ChainStates<Scalar> states = run.states();
  for (std::int64_t draw = 1;; ++draw) {
    writer.add(states);
    totals.add(states);
    if (draw == arguments.draws) break;
    run.advance(plan.thin);
    states = run.states();
  }
  writer.flush();
  write_attributes(file, arguments, model, plan, run);
  write_ends(file, model, plan, run, states);
  const Results results = agreed(communicator, totals);
  Json json = report(arguments, model, plan, run, results);
  if (arguments.draws >= evaluation::fewest_diagnosed_draws) {
    const evaluation::DrawDiagnostics diagnostics = evaluation::diagnose_draws<Scalar>(
        communicator, file, plan.count, arguments.draws, model.transform.dimension(), model.gives_energy);
    write_diagnostics(file, diagnostics);
    add_diagnostics(json, diagnostics, worst_of(diagnostics));
    if (communicator.is_root()) warn(worst_of(diagnostics), results.divergences);
  }
  file.commit();
  if (communicator.is_root()) warn_of_refusals(results.acceptance);
  if (communicator.is_root()) fmt::print("{}", arguments.json ? json.to_json() : json.to_text());
  return static_cast<int>(core::ExitCode::done);
}

/// Options that say something of independent samples; all others are about chains.
void refuse_chain_options(const SampleArguments& arguments) {
  constexpr std::array<std::string_view, 7> meant = {"MODEL",  "--parameters", "--from", "--count",
                                                     "--seed", "--output",     "--json"};
  for (const std::string& name : arguments.given) {
    if (std::ranges::find(meant, name) != meant.end()) continue;
    throw core::InputError(name +
                           " says nothing of a flow (its samples are drawn independently, without chains); " +
                           "leave it out, or use --from energy");
  }
}

template <class Scalar>
int sample_from(const comm::Communicator& communicator, const SampleArguments& arguments,
                const training::Model<Scalar>& model) {
  const bool asks_for_chains = !arguments.chains.chains.empty();
  if (arguments.from == "energy" || (arguments.from == "auto" && (!model.is_flow() || asks_for_chains)))
    return sample_model(communicator, arguments, model);
  refuse_chain_options(arguments);
  if (arguments.count == 0) throw core::InputError("--count is missing (how many samples); add --count N");
  const Json json =
      sample_flow(communicator, {arguments.count, arguments.chains.seed.value_or(1), arguments.output},
                  arguments.model, model);
  if (communicator.is_root()) fmt::print("{}", arguments.json ? json.to_json() : json.to_text());
  return static_cast<int>(core::ExitCode::done);
}

int sample(const comm::Communicator& communicator, const SampleArguments& arguments) {
  return with_model(communicator, arguments.model,
                    [&](const auto& model) { return sample_from(communicator, arguments, model); });
}

}  // namespace

void add_sample(CLI::App& program, Action& action) {
  const auto arguments = std::make_shared<SampleArguments>();
  CLI::App* const command = program.add_subcommand("sample", "Draw samples from an energy");
  command->footer(
      "Writes the last state of each chain: /x (N, D) in data units, /energy (N) unless the model is a score "
      "network, and /model_x, the same points as the network sees them, from which --chains goes on; and all "
      "draws, as they are made, for ArviZ and xarray: /posterior/x (chain, draw, D), /sample_stats. From "
      "four "
      "draws on it judges the chains: R-hat, effective sample sizes, autocorrelation. Of a flow: /x, "
      "/model_x "
      "and /log_density, log q in the units of the data. The numbers do not depend on how many ranks made "
      "them.");
  add_model_options(*command, arguments->model);
  command
      ->add_option(
          "--from", arguments->from,
          "energy: chains; flow: independent samples of the flow that was trained with the energy, or "
          "that is the model; auto: of a flow where it is the model, else chains")
      ->check(CLI::IsMember({"auto", "energy", "flow"}))
      ->capture_default_str();
  command
      ->add_option("--count", arguments->count,
                   "Chains (with --chains: all of the file's), or samples of a flow")
      ->check(CLI::PositiveNumber);
  command->add_option("--draws", arguments->draws, "Draws of each chain, --thin steps apart")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--output", arguments->output, "HDF5 file to write")->required()->type_name("FILE.h5");
  add_chain_options(*command, arguments->chains);
  command->add_flag("--json", arguments->json, "Print the summary as JSON");
  command->callback([arguments, command, &action] {
    arguments->given = given_options(*command);
    action = [arguments](const comm::Communicator& communicator) { return sample(communicator, *arguments); };
  });
}

}  // namespace ebmpi::cli
