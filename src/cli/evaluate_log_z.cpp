// SPDX-License-Identifier: Apache-2.0
#include "cli/evaluate_log_z.hpp"

#include <fmt/format.h>

#include <limits>

#include "core/error.hpp"
#include "evaluation/annealing_base.hpp"
#include "io/file_reader.hpp"
#include "training/stored_flow.hpp"

namespace ebmpi::cli {
namespace {

/// Share of the chains that have to count in the weights of the forward run.
constexpr double least_effective = 0.1;
/// Share of the probability that may lie at the edge of the grid.
constexpr double most_at_edge = 0.05;

template <class Scalar>
bool has_chains(const comm::Communicator& communicator, const training::Model<Scalar>& model) {
  const bool is_file = !model.runs.empty() && model.step > 0;
  return is_file && io::FileReader(communicator, model.checkpoint).exists("/chains/x");
}

/// "samples", "chains", "ends" or "none".
template <class Scalar>
std::string choose_reverse(const comm::Communicator& communicator, const LogZArguments& arguments,
                           const training::Model<Scalar>& model) {
  if (arguments.reverse == "samples" && arguments.model_samples.empty()) {
    throw core::InputError(
        "--reverse samples has nothing to start from (it takes samples of the model in a file); give "
        "--model-samples FILE.h5, as 'ebmpi sample' writes it");
  }
  if (arguments.reverse != "auto" && arguments.reverse != "chains") return arguments.reverse;
  if (arguments.reverse == "auto" && !arguments.model_samples.empty()) return "samples";
  if (has_chains(communicator, model)) return "chains";
  if (arguments.reverse == "auto") return "ends";
  throw core::InputError(model.checkpoint +
                         " has no persistent chains (it was trained with short chains, or not at all); use "
                         "--reverse ends, or --reverse samples with --model-samples FILE.h5");
}

/// The flow that was trained with the energy is the better base where there is one.
template <class Scalar>
evaluation::AnnealingSpace<Scalar> choose_space(const comm::Communicator& communicator,
                                                const LogZArguments& arguments,
                                                const training::Model<Scalar>& model,
                                                const std::vector<double>& rows) {
  const bool is_named = arguments.base != "auto" && arguments.base != "data";
  if (is_named) {
    const auto stored = training::read_stored_flow<Scalar>(communicator, arguments.base);
    return evaluation::AnnealingSpace<Scalar>(training::seen_from(stored, model.transform, arguments.base));
  }
  if (arguments.base == "auto" && model.flow) return evaluation::AnnealingSpace<Scalar>(*model.flow);
  return evaluation::choose_annealing_base(rows, model.moments);
}

template <class Scalar>
void anneal(const comm::Communicator& communicator, const LogZArguments& arguments,
            const training::Model<Scalar>& model, const std::vector<double>& rows,
            const std::vector<double>& samples, LogZ& result) {
  const std::string& reverse = result.plan.reverse;
  const evaluation::AnnealingSpace<Scalar> space = choose_space(communicator, arguments, model, rows);
  result.base = space.kind();
  std::vector<double> starts;
  if (reverse == "samples") starts = samples;
  if (reverse == "chains") {
    starts = io::FileReader(communicator, model.checkpoint).read_replicated<double>("/chains/x").values;
  }
  const auto start = reverse == "none"   ? evaluation::ReverseStart::none
                     : reverse == "ends" ? evaluation::ReverseStart::ends
                                         : evaluation::ReverseStart::rows;
  result.annealed =
      evaluation::annealed_log_z(communicator, model, space, arguments.annealing(), start, starts);
}

Json describe_grid(const evaluation::GridLogZ& grid, double offset) {
  Json report = Json::object();
  report.set("log_z", grid.log_z + offset)
      .set("error", grid.error())
      .set("log_z_half_resolution", grid.half_resolution + offset)
      .set("edge_mass", grid.edge_mass)
      .set("intervals", grid.intervals)
      .set("minimum", Json::array(grid.minimum))
      .set("maximum", Json::array(grid.maximum));
  return report;
}

Json describe_run(const evaluation::WeightMean& run, double log_z, std::int64_t chains) {
  Json report = Json::object();
  report.set("log_z", log_z)
      .set("standard_error", run.log_mean.standard_error)
      .set("ess", run.effective_size)
      .set("chains", chains);
  return report;
}

}  // namespace

double LogZ::value() const {
  if (!is_known()) return std::numeric_limits<double>::quiet_NaN();
  return plan.method == "grid" ? grid->log_z : annealed->estimate.value;
}

double LogZ::standard_error() const {
  if (!is_known()) return std::numeric_limits<double>::quiet_NaN();
  return plan.method == "grid" ? grid->error() : annealed->estimate.standard_error;
}

double LogZ::lower() const {
  return plan.method == "ais" ? annealed->lower : value() - 2.0 * standard_error();
}

double LogZ::upper() const {
  return plan.method == "ais" ? annealed->upper : value() + 2.0 * standard_error();
}

std::string LogZ::objection(double tolerance) const {
  if (!is_known()) return "log Z was not asked for (--log-z none)";
  if (plan.method == "ais") {
    const double share = annealed->forward.effective_size / static_cast<double>(annealed->forward_chains);
    if (share < least_effective) {
      return fmt::format(
          "the weights of the forward run have an effective sample size of {:.2g} % of its chains (below "
          "{:.0f} "
          "% their mean may miss most of Z); raise --ais-stages or --ais-leapfrogs",
          100.0 * share, 100.0 * least_effective);
    }
    if (!annealed->reverse)
      return "nothing bounds log Z from above (--reverse none leaves the reverse run out); use another "
             "--reverse";
  }
  if (plan.method == "grid" && grid->edge_mass > most_at_edge) {
    return fmt::format(
        "{:.2g} % of the probability lies at the edge of the grid (the density goes on beyond it; above "
        "{:.0f} % "
        "what is missed may be most of Z); raise --grid-deviations, and where that does not help train "
        "longer: "
        "the energy does not rise outwards",
        100.0 * grid->edge_mass, 100.0 * most_at_edge);
  }
  if (upper() - lower() <= tolerance) return "";
  return fmt::format(
      "log Z is known to {:.3g} nats only (--tolerance allows {:.3g}); {}", upper() - lower(), tolerance,
      plan.method == "ais" ? "raise --ais-stages or --ais-chains, or give better --model-samples"
                           : "raise --grid-intervals, or --grid-deviations where edge_mass is large");
}

template <class Scalar>
LogZPlan plan_log_z(const comm::Communicator& communicator, const LogZArguments& arguments,
                    const training::Model<Scalar>& model) {
  if (arguments.method != "none" && !model.gives_energy) {
    throw core::InputError(model.checkpoint +
                           " holds a score network (it gives no energy, so that there is no log Z and no "
                           "likelihood); use --log-z none, which leaves the distances");
  }
  if (arguments.method == "grid") evaluation::check_grid_is_possible(model);
  if (arguments.intervals % 2 != 0) {
    throw core::InputError(fmt::format(
        "--grid-intervals {} is odd (every second point is a grid of half the resolution, which tells the "
        "error); give an even number",
        arguments.intervals));
  }
  LogZPlan plan{arguments.method, {}};
  if (plan.method == "auto")
    plan.method = model.parts.dimension() <= evaluation::most_grid_dimensions ? "grid" : "ais";
  if (plan.method == "ais") {
    plan.reverse = choose_reverse(communicator, arguments, model);
  } else if (arguments.base != "auto") {
    throw core::InputError("--base " + arguments.base +
                           " says nothing here (log Z does not come from annealing); add --log-z ais, or "
                           "leave --base out");
  } else if (arguments.reverse != "auto") {
    throw core::InputError("--reverse " + arguments.reverse +
                           " says nothing here (log Z does not come from annealing); add --log-z ais, or "
                           "leave --reverse out");
  }
  return plan;
}

template <class Scalar>
LogZ find_log_z(const comm::Communicator& communicator, const LogZArguments& arguments, const LogZPlan& plan,
                const training::Model<Scalar>& model, const std::vector<double>& rows,
                const std::vector<double>& samples) {
  LogZ result;
  result.plan = plan;
  if (plan.method != "none" && model.parts.dimension() <= evaluation::most_grid_dimensions) {
    result.grid = evaluation::grid_log_z(communicator, model, {arguments.deviations, arguments.intervals});
  }
  if (plan.method == "ais") anneal(communicator, arguments, model, rows, samples, result);
  return result;
}

void describe_log_z(const LogZ& log_z, double offset, Details details, Json& report) {
  if (log_z.annealed) {
    const evaluation::AnnealedLogZ& annealed = *log_z.annealed;
    const evaluation::WeightMean& forward = annealed.forward;
    report.set("ess", forward.effective_size)
        .set("forward", describe_run(forward, forward.log_mean.value + offset, annealed.forward_chains));
    if (annealed.reverse) {
      Json reverse = describe_run(*annealed.reverse, -annealed.reverse->log_mean.value + offset,
                                  annealed.reverse_chains);
      report.set("reverse", std::move(reverse.set("start", log_z.plan.reverse)));
    } else {
      report.set("reverse", Json());
    }
    report.set("sides_apart", annealed.sides_apart());
    Json path = Json::object();
    path.set("base", log_z.base)
        .set("stages", annealed.schedule.stages())
        .set("acceptance", annealed.acceptance);
    if (details == Details::wanted) {
      path.set("betas", Json::array(annealed.schedule.betas))
          .set("step_sizes", Json::array(annealed.schedule.step_sizes));
    }
    report.set("annealing", std::move(path));
  }
  if (log_z.grid) report.set("grid", describe_grid(*log_z.grid, offset));
}

void add_log_z_options(CLI::App& command, LogZArguments& arguments) {
  const std::string annealing = "Annealing", grid = "Grid";
  command
      .add_option("--log-z", arguments.method,
                  "grid: quadrature over a box, for up to 3 model coordinates; ais: annealed importance "
                  "sampling; auto: grid where possible, else ais; none: no likelihood")
      ->check(CLI::IsMember({"auto", "grid", "ais", "none"}))
      ->capture_default_str();
  command
      .add_option("--tolerance", arguments.tolerance,
                  "Nats that the bracket of log Z may be wide for a likelihood")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command
      .add_option(
          "--reverse", arguments.reverse,
          "Where the reverse run starts. samples: --model-samples; chains: the checkpoint's persistent "
          "chains; ends: those of the forward run; none: no reverse run; auto: the first that there is")
      ->check(CLI::IsMember({"auto", "samples", "chains", "ends", "none"}))
      ->capture_default_str()
      ->group(annealing);
  command
      .add_option(
          "--base", arguments.base,
          "What annealing begins with. data: a normal distribution fitted to --data; RUN: the flow of "
          "that checkpoint or run folder; auto: the model's own flow where it has one, else data")
      ->type_name("auto|data|RUN")
      ->capture_default_str()
      ->group(annealing);
  command.add_option("--ais-chains", arguments.chains, "Chains of each direction")
      ->check(CLI::Range(2, 1 << 24))
      ->capture_default_str()
      ->group(annealing);
  command.add_option("--ais-stages", arguments.stages, "Distributions between the base and the model")
      ->check(CLI::Range(1, 1 << 24))
      ->capture_default_str()
      ->group(annealing);
  command
      .add_option("--ais-leapfrogs", arguments.leapfrogs, "Leapfrog steps of the trajectory at each stage")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str()
      ->group(annealing);
  command
      .add_option("--equilibrate", arguments.equilibration,
                  "Transitions of the samples that the reverse run starts from")
      ->check(CLI::Range(0, 1 << 24))
      ->capture_default_str()
      ->group(annealing);
  command.add_option("--seed", arguments.seed, "Seed of all random numbers")->capture_default_str();
  command
      .add_option("--grid-deviations", arguments.deviations,
                  "The box holds this many standard deviations of the training data, and their range")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group(grid);
  command
      .add_option("--grid-intervals", arguments.intervals,
                  "On each side, even (default: 1024, 512 or 128 in 1, 2 or 3 coordinates)")
      ->check(CLI::Range(2, 1 << 20))
      ->group(grid);
}

#define EBMPI_INSTANTIATE(Scalar)                                                            \
  template LogZPlan plan_log_z(const comm::Communicator&, const LogZArguments&,              \
                               const training::Model<Scalar>&);                              \
  template LogZ find_log_z(const comm::Communicator&, const LogZArguments&, const LogZPlan&, \
                           const training::Model<Scalar>&, const std::vector<double>&,       \
                           const std::vector<double>&);
EBMPI_INSTANTIATE(float)
EBMPI_INSTANTIATE(double)
#undef EBMPI_INSTANTIATE

}  // namespace ebmpi::cli
