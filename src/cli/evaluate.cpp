// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/evaluate_distances.hpp"
#include "cli/evaluate_log_z.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "core/error.hpp"
#include "evaluation/annealing_base.hpp"
#include "evaluation/annealing_pilot.hpp"
#include "evaluation/evaluate_rows.hpp"
#include "evaluation/mean_exponent.hpp"
#include "evaluation/spread_rows.hpp"
#include "io/dataset_reader.hpp"
#include "io/text_file.hpp"

namespace ebmpi::cli {
namespace {

struct EvaluateArguments {
  ModelArguments model;
  LogZArguments log_z;
  std::string data, output;
  std::string truth = "auto", units = "data";
  std::int64_t most_rows = 4096;
  bool no_distances = false, json = false;
};

constexpr double undefined = std::numeric_limits<double>::quiet_NaN();
constexpr double silent_edge_mass = 1e-3;  // share of a grid's probability at its edge that needs no warning
constexpr double most_sides_apart = 4.0;   // standard errors between both runs of annealing, likewise

/// What was found, from which the report is made.
struct Findings {
  std::int64_t rows = 0;
  std::optional<statistics::Estimate> exponent;  // mean of -E/T over all rows
  std::optional<statistics::Estimate> flow;      // mean of log q over all rows, of the flow beside an energy
  LogZ log_z;
  double offset = 0.0;  // of log Z in the report's units from that in model space
  std::string objection;
  Json distances, truth;

  bool is_likelihood() const { return objection.empty(); }
};

void warn(const comm::Communicator& communicator, const std::string& text) {
  const std::string line = "ebmpi: warning: " + text + "\n";
  if (communicator.is_root()) std::fwrite(line.data(), 1, line.size(), stderr);
}

/// Evenly spaced rows of a data set of the model's dimension, `most` of them at most.
template <class Scalar>
std::vector<double> read_some(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                              const io::DatasetReader& reader, std::int64_t most) {
  evaluation::check_dimension(model, reader);
  if (reader.rows() >= 2) return evaluation::read_spread_rows(communicator, reader, most);
  throw core::InputError(reader.name().text() +
                         " has one row (a mean and a distance need two); name a data set of more rows");
}

template <class Scalar>
std::vector<double> read_samples(const comm::Communicator& communicator, const EvaluateArguments& arguments,
                                 const training::Model<Scalar>& model) {
  if (arguments.log_z.model_samples.empty()) return {};
  const io::DatasetReader reader(communicator, io::parse_dataset_name(arguments.log_z.model_samples));
  return read_some(communicator, model, reader, std::max(arguments.most_rows, arguments.log_z.chains));
}

std::vector<double> to_model(const data::DataTransform& transform, const std::vector<double>& x) {
  const auto rows = static_cast<std::int64_t>(x.size()) / transform.dimension();
  std::vector<double> z(static_cast<std::size_t>(rows * transform.model_dimension()));
  transform.to_model(x, z);
  return z;
}

std::vector<double> to_data(const data::DataTransform& transform, const std::vector<double>& z) {
  const auto rows = static_cast<std::int64_t>(z.size()) / transform.model_dimension();
  std::vector<double> x(static_cast<std::size_t>(rows * transform.dimension()));
  transform.to_data(z, x);
  return x;
}

/// Samples of the model in data units for the distances: the given ones, those of annealing, or where log Z
/// came from a grid those of a short annealing. Empty with --log-z none and no file.
template <class Scalar>
std::vector<double> samples_for_distances(const comm::Communicator& communicator,
                                          const EvaluateArguments& arguments,
                                          const training::Model<Scalar>& model, const JudgedRows& rows,
                                          const std::vector<double>& given, const LogZ& log_z) {
  constexpr std::int64_t short_stages = 200;
  if (!given.empty()) {
    const std::int64_t dimension = model.transform.dimension();
    return evaluation::pick_rows(
        given, dimension,
        evaluation::spread_numbers(static_cast<std::int64_t>(given.size()) / dimension, arguments.most_rows));
  }
  if (log_z.annealed) return to_data(model.transform, log_z.annealed->samples);
  if (!log_z.is_known()) return {};
  evaluation::AnnealingSettings settings = arguments.log_z.annealing();
  settings.stages = std::min(settings.stages, short_stages);
  const auto base = evaluation::choose_annealing_base(rows.z, model.moments);
  return to_data(model.transform, evaluation::annealed_log_z(communicator, model, base, settings,
                                                             evaluation::ReverseStart::none)
                                      .samples);
}

/// With a projection, which keeps no volume, the density is that of the projected rows in model space.
template <class Scalar>
double offset_of(const training::Model<Scalar>& model) {
  return model.transform.has_projection() ? 0.0 : model.transform.log_volume();
}

template <class Scalar>
Findings find_all(const comm::Communicator& communicator, const EvaluateArguments& arguments,
                  const training::Model<Scalar>& model) {
  const io::DatasetReader reader(communicator, io::parse_dataset_name(arguments.data));
  const LogZPlan plan = plan_log_z(communicator, arguments.log_z, model);
  const evaluation::Truth truth = evaluation::find_truth(communicator, arguments.truth, reader);
  const JudgedRows rows =
      judge_rows(communicator, model, read_some(communicator, model, reader, arguments.most_rows));
  const std::vector<double> samples = read_samples(communicator, arguments, model);
  Findings found;
  found.rows = reader.rows();
  found.offset = offset_of(model);
  if (model.gives_energy) found.exponent = evaluation::mean_exponent(communicator, model, reader);
  if (model.flow && !model.is_flow())
    found.flow = evaluation::mean_exponent(communicator, training::flow_of(model), reader);
  found.log_z =
      find_log_z(communicator, arguments.log_z, plan, model, rows.z, to_model(model.transform, samples));
  found.objection = found.log_z.objection(arguments.log_z.tolerance);
  if (!arguments.no_distances) {
    const auto compared = samples_for_distances(communicator, arguments, model, rows, samples, found.log_z);
    found.distances = measure_distances(communicator, model, rows, compared,
                                        arguments.units == "data" ? Units::data : Units::standardized,
                                        arguments.log_z.seed);
  }
  // Of a projection there is neither a density nor a score in the data's units.
  if (truth.density && !model.transform.has_projection()) {
    const double log_z = found.is_likelihood() ? found.log_z.value() + found.offset : undefined;
    found.truth = compare_with_truth(communicator, model, truth, rows, log_z);
  }
  return found;
}

/// Null where the number is not known.
Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

void set_likelihood(const Findings& found, Json& report) {
  const LogZ& log_z = found.log_z;
  const bool is_likelihood = found.is_likelihood();
  const statistics::Estimate mean = is_likelihood ? *found.exponent : statistics::undefined_estimate();
  report.set("is_likelihood", is_likelihood)
      .set("reason", is_likelihood ? Json() : Json(found.objection))
      .set("log_likelihood", number(mean.value - (log_z.value() + found.offset)))
      .set("log_likelihood_standard_error", number(std::hypot(mean.standard_error, log_z.standard_error())))
      .set("log_likelihood_lower",
           number(mean.value - 2.0 * mean.standard_error - (log_z.upper() + found.offset)))
      .set("log_likelihood_upper",
           number(mean.value + 2.0 * mean.standard_error - (log_z.lower() + found.offset)));
}

template <class Scalar>
Json make_report(const EvaluateArguments& arguments, const training::Model<Scalar>& model,
                 const Findings& found, Details details) {
  const LogZ& log_z = found.log_z;
  const bool has_known = model.known_log_z != training::KnownLogZ::none;
  const auto in_units = [&](double value) { return number(value + found.offset); };
  Json report = Json::object();
  report.set("model", model.checkpoint)
      .set("model_step", model.step)
      .set("parameters", arguments.model.parameters)
      .set("data", io::parse_dataset_name(arguments.data).text())
      .set("rows", found.rows)
      .set("space", model.transform.has_projection() ? "model" : "data")
      .set("temperature", model.temperature)
      .set("log_z", in_units(log_z.value()))
      .set("log_z_standard_error", number(log_z.standard_error()))
      .set("log_z_lower", in_units(log_z.lower()))
      .set("log_z_upper", in_units(log_z.upper()))
      .set("log_z_method", log_z.is_known() ? Json(log_z.plan.method) : Json())
      .set("log_z_learned", has_known ? Json(model.log_z) : Json());
  if (has_known) {
    report.set("log_z_learned_is_exact", model.known_log_z == training::KnownLogZ::exact)
        .set("log_likelihood_learned", found.exponent ? Json(found.exponent->value - model.log_z) : Json());
  }
  report.set("mean_exponent", found.exponent ? Json(found.exponent->value) : Json());
  set_likelihood(found, report);
  describe_log_z(log_z, found.offset, details, report);
  if (found.flow) {
    report.set("flow_log_likelihood", number(found.flow->value - found.offset))
        .set("flow_log_likelihood_standard_error", number(found.flow->standard_error));
  }
  report.set("distances", found.distances).set("truth", found.truth);
  return report;
}

template <class Scalar>
void give_warnings(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                   const Findings& found) {
  if (!found.is_likelihood() && found.log_z.is_known())
    warn(communicator, "there is no likelihood: " + found.objection);
  if (found.is_likelihood() && found.log_z.grid && found.log_z.grid->edge_mass > silent_edge_mass) {
    warn(communicator,
         fmt::format(
             "{:.2g} % of the probability lies at the edge of the grid (the density goes on beyond it, "
             "where annealing sees it and the grid does not); raise --grid-deviations",
             100.0 * found.log_z.grid->edge_mass));
  }
  if (found.log_z.annealed && found.log_z.annealed->sides_apart() > most_sides_apart) {
    warn(communicator,
         fmt::format(
             "forward and reverse run differ by {:.1f} standard errors (the samples that the reverse run "
             "starts from are not the model's, or the forward run misses a part of it, so that log Z may "
             "lie outside of the bracket); raise --ais-stages and --equilibrate, or give other "
             "--model-samples",
             found.log_z.annealed->sides_apart()));
  }
  if (model.transform.has_projection() && found.log_z.is_known()) {
    warn(communicator,
         "log Z and the likelihood are those of the projected rows in model space (the model knows principal "
         "components only, and nothing of what they leave out); compare them with models of the same "
         "projection only");
  }
}

template <class Scalar>
int evaluate_model(const comm::Communicator& communicator, const EvaluateArguments& arguments,
                   const training::Model<Scalar>& model) {
  if (!arguments.output.empty()) io::require_writable(communicator, arguments.output);
  const Findings found = find_all(communicator, arguments, model);
  give_warnings(communicator, model, found);
  const std::string full = make_report(arguments, model, found, Details::wanted).to_json();
  if (!arguments.output.empty()) io::write_text_file_atomic(communicator, arguments.output, full);
  if (!communicator.is_root()) return static_cast<int>(core::ExitCode::done);
  fmt::print("{}", arguments.json ? full : make_report(arguments, model, found, Details::left_out).to_text());
  return static_cast<int>(core::ExitCode::done);
}

int evaluate(const comm::Communicator& communicator, const EvaluateArguments& arguments) {
  return with_model(communicator, arguments.model,
                    [&](const auto& model) { return evaluate_model(communicator, arguments, model); });
}

}  // namespace

void add_evaluate(CLI::App& program, Action& action) {
  const auto arguments = std::make_shared<EvaluateArguments>();
  CLI::App* const command = program.add_subcommand(
      "evaluate", "Partition function, likelihood of data, and distances from data to the model");
  command->footer(
      "log Z is that of exp(-E/T) in the data's units, T the temperature of training. Annealing gives a "
      "bracket: "
      "from two standard errors below its forward run to two above its reverse run, which starts from "
      "samples of "
      "the model; chains that miss a part of the model miss it in both. There is no likelihood "
      "(is_likelihood "
      "is false, log_likelihood null) where less than 10 % of the forward chains count, or where the bracket "
      "is "
      "wider than --tolerance. With data.pca log Z and likelihood are those of the projected rows in model "
      "space. "
      "Distances compare --most-rows rows at most with samples of the model: those of --model-samples, else "
      "of "
      "annealing. Where the density that the data came from is known, the errors of the model's score and "
      "log "
      "density are means over these rows.");
  add_model_options(*command, arguments->model);
  command->add_option("--data", arguments->data, "Rows, (N, D)")->required()->type_name("FILE.h5[:path]");
  add_log_z_options(*command, arguments->log_z);
  command
      ->add_option("--model-samples", arguments->log_z.model_samples,
                   "Samples of the model in data units, as 'ebmpi sample' writes them")
      ->type_name("FILE.h5[:path]");
  command
      ->add_option(
          "--truth", arguments->truth,
          "Density that the data came from: density:NAME,noise=S; auto: what 'ebmpi data generate' wrote "
          "into their file; none")
      ->capture_default_str();
  command
      ->add_option("--units", arguments->units, "Of the distances; standardized: those of the model's input")
      ->check(CLI::IsMember({"data", "standardized"}))
      ->capture_default_str();
  command
      ->add_option("--most-rows", arguments->most_rows,
                   "Evenly spaced rows that distances, errors and the base of annealing are taken from")
      ->check(CLI::Range(2, 1 << 20))
      ->capture_default_str();
  command->add_flag("--no-distances", arguments->no_distances, "Leave the distances out");
  command->add_option("--output", arguments->output, "JSON file to write")->type_name("FILE.json");
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback([arguments, &action] {
    action = [arguments](const comm::Communicator& communicator) {
      return evaluate(communicator, *arguments);
    };
  });
}

}  // namespace ebmpi::cli
