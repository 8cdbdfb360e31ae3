// SPDX-License-Identifier: Apache-2.0
#include "evaluation/denoise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/command.hpp"
#include "cli/json.hpp"
#include "cli/model_options.hpp"
#include "core/error.hpp"
#include "evaluation/row_pieces.hpp"
#include "io/dataset_reader.hpp"
#include "io/file_writer.hpp"

namespace ebmpi::cli {
namespace {

using evaluation::DenoiseMethod;

struct DenoiseArguments {
  ModelArguments model;
  std::string data, output, reference;
  std::string method = "map";
  std::vector<double> noise;             // as given: none, one, or one for each column
  evaluation::DenoiseSettings settings;  // but the noise and the method
  bool json = false;
  std::vector<std::string> given;  // names of the options
};

constexpr std::array<std::pair<std::string_view, DenoiseMethod>, 4> method_names = {
    {{"map", DenoiseMethod::map},
     {"annealed", DenoiseMethod::annealed},
     {"sample", DenoiseMethod::sample},
     {"tweedie", DenoiseMethod::tweedie}}};

DenoiseMethod method_named(std::string_view name) {
  return std::ranges::find(method_names, name, &std::pair<std::string_view, DenoiseMethod>::first)->second;
}

/// Options that mean something to some methods only.
void check_options(const DenoiseArguments& arguments) {
  struct Rule {
    std::string_view option;
    std::vector<std::string_view> methods;
  };
  const std::vector<Rule> rules{{"--iterations", {"map"}},
                                {"--tolerance", {"map"}},
                                {"--hottest", {"annealed"}},
                                {"--coldest", {"annealed"}},
                                {"--levels", {"annealed"}},
                                {"--steps", {"annealed"}},
                                {"--draws", {"sample"}},
                                {"--thin", {"sample"}},
                                {"--warm-up", {"annealed", "sample"}},
                                {"--leapfrogs", {"annealed", "sample"}},
                                {"--seed", {"annealed", "sample"}}};
  for (const auto& [option, methods] : rules) {
    if (std::ranges::find(arguments.given, option) == arguments.given.end()) continue;
    if (std::ranges::find(methods, arguments.method) != methods.end()) continue;
    throw core::InputError(fmt::format("{} means nothing to --method {} (it belongs to {}); leave it out",
                                       option, arguments.method, fmt::join(methods, " and ")));
  }
  if (arguments.settings.coldest > arguments.settings.hottest) {
    throw core::InputError(
        fmt::format("--coldest {} is above --hottest {} (the temperature falls from the "
                    "one to the other); give a lower one",
                    arguments.settings.coldest, arguments.settings.hottest));
  }
}

/// Of each column, in data units.
template <class Scalar>
std::vector<double> noise_of(const DenoiseArguments& arguments, const training::Model<Scalar>& model) {
  const auto dimension = static_cast<std::size_t>(model.transform.dimension());
  if (arguments.noise.size() == 1) return std::vector<double>(dimension, arguments.noise.front());
  if (arguments.noise.size() == dimension) return arguments.noise;
  if (!arguments.noise.empty()) {
    throw core::InputError(
        fmt::format("--sigma lists {} numbers (the data of {} have {} columns); give one, "
                    "or one for each column",
                    arguments.noise.size(), model.checkpoint, dimension));
  }
  if (model.sigma > 0.0) {
    std::vector<double> noise = model.transform.scale();
    for (double& value : noise) value *= model.sigma;
    return noise;
  }
  throw core::InputError("--sigma is missing (" + model.checkpoint +
                         " knows no noise levels, so that nothing says how noisy the rows are); give the "
                         "standard deviation of the noise in the data's units");
}

/// Of all rows of this rank, and the errors against the reference where there is one.
template <class Scalar>
struct Results {
  evaluation::DenoisedRows<Scalar> rows;
  std::vector<double> square_before, square_after;  // (rows), mean over the columns
};

template <class Value>
void append(std::vector<Value>& to, const std::vector<Value>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

template <class Scalar>
void append(evaluation::DenoisedRows<Scalar>& to, const evaluation::DenoisedRows<Scalar>& from) {
  append(to.x, from.x);
  append(to.deviation, from.deviation);
  append(to.energy, from.energy);
  append(to.displacement, from.displacement);
  append(to.slope, from.slope);
  append(to.acceptance, from.acceptance);
}

template <class Scalar>
void compare(const io::DatasetReader& reference, std::int64_t first, std::span<const double> y,
             const std::vector<Scalar>& x, Results<Scalar>& results) {
  const auto width = static_cast<std::size_t>(reference.columns());
  std::vector<double> clean(y.size());
  reference.read_rows(first, static_cast<std::int64_t>(y.size() / width), clean);
  for (std::size_t row = 0; row < y.size() / width; ++row) {
    double before = 0.0, after = 0.0;
    for (std::size_t i = row * width; i < (row + 1) * width; ++i) {
      before += (y[i] - clean[i]) * (y[i] - clean[i]);
      after += (static_cast<double>(x[i]) - clean[i]) * (static_cast<double>(x[i]) - clean[i]);
    }
    if (!std::isfinite(before)) {
      throw core::InputError(
          fmt::format("{} is not finite in row {} (nothing can be compared with it); replace the value",
                      reference.name().text(), first + static_cast<std::int64_t>(row)));
    }
    results.square_before.push_back(before / static_cast<double>(width));
    results.square_after.push_back(after / static_cast<double>(width));
  }
}

void check_reference(const io::DatasetReader& reference, const io::DatasetReader& reader) {
  if (reference.rows() == reader.rows() && reference.columns() == reader.columns()) return;
  throw core::InputError(fmt::format(
      "{} has shape ({}, {}) and {} has ({}, {}) (row i of one is the clean row i of the other); give as "
      "many rows and columns",
      reference.name().text(), reference.rows(), reference.columns(), reader.name().text(), reader.rows(),
      reader.columns()));
}

/// Figures over all rows; what a method does not have stays empty.
struct Figures {
  double displacement = 0.0;
  std::optional<double> rmse_before, rmse_after, acceptance;
  std::optional<std::int64_t> converged;
};

template <class Scalar>
Figures figures_of(const comm::Communicator& communicator, const DenoiseArguments& arguments,
                   const evaluation::DenoiseSettings& settings, const Results<Scalar>& results) {
  const auto& rows = results.rows;
  Figures figures;
  figures.displacement = evaluation::mean_of_all(
      communicator, std::vector<double>(rows.displacement.begin(), rows.displacement.end()));
  if (!arguments.reference.empty()) {
    figures.rmse_before = std::sqrt(evaluation::mean_of_all(communicator, results.square_before));
    figures.rmse_after = std::sqrt(evaluation::mean_of_all(communicator, results.square_after));
  }
  if (settings.method == DenoiseMethod::map) {
    std::array<std::int64_t, 1> converged{
        std::ranges::count_if(rows.slope, [&](double slope) { return slope <= settings.descent.tolerance; })};
    communicator.sum(converged);
    figures.converged = converged[0];
  } else if (settings.method != DenoiseMethod::tweedie) {
    figures.acceptance = evaluation::mean_of_all(communicator, rows.acceptance);
  }
  return figures;
}

void write_settings(io::FileWriter& file, const DenoiseArguments& arguments,
                    const evaluation::DenoiseSettings& settings) {
  file.attribute("/", "method", arguments.method);
  file.attribute("/", "noise", settings.noise);
  switch (settings.method) {
    case DenoiseMethod::map:
      file.attribute("/", "iterations", settings.descent.iterations);
      file.attribute("/", "tolerance", settings.descent.tolerance);
      return;
    case DenoiseMethod::annealed:
      file.attribute("/", "hottest", settings.hottest);
      file.attribute("/", "coldest", settings.coldest);
      file.attribute("/", "levels", settings.levels);
      file.attribute("/", "steps_at_a_level", settings.steps_at_a_level);
      break;
    case DenoiseMethod::sample:
      file.attribute("/", "draws", settings.draws);
      file.attribute("/", "thin", settings.thin);
      break;
    case DenoiseMethod::tweedie:
      return;
  }
  file.attribute("/", "warm_up", settings.warm_up);
  file.attribute("/", "leapfrogs", settings.moves.leapfrogs);
  file.attribute("/", "seed", static_cast<std::int64_t>(settings.moves.seed));
}

template <class Scalar>
void write_rows(io::FileWriter& file, const io::DatasetReader& reader, std::int64_t first,
                const evaluation::DenoisedRows<Scalar>& rows, bool has_energy, bool has_deviation) {
  const auto write = [&](const char* path, std::int64_t columns, const std::vector<Scalar>& values) {
    file.write_rows(path, reader.rows(), columns, first, std::span<const Scalar>(values));
  };
  write("/x", reader.columns(), rows.x);
  write("/displacement", 0, rows.displacement);
  if (has_energy) write("/energy", 0, rows.energy);
  if (has_deviation) write("/deviation", reader.columns(), rows.deviation);
}

void write_figures(io::FileWriter& file, const Figures& figures) {
  if (figures.converged) file.attribute("/", "converged", *figures.converged);
  if (figures.acceptance) file.attribute("/", "acceptance_rate", *figures.acceptance);
  if (figures.rmse_before) file.attribute("/", "rmse_before", *figures.rmse_before);
  if (figures.rmse_after) file.attribute("/", "rmse_after", *figures.rmse_after);
}

void print(const DenoiseArguments& arguments, const Figures& figures, std::int64_t rows) {
  Json report = Json::object();
  report.set("output", arguments.output).set("method", arguments.method).set("rows", rows);
  if (figures.converged) report.set("converged", *figures.converged);
  if (figures.acceptance) report.set("acceptance_rate", *figures.acceptance);
  report.set("mean_displacement", figures.displacement);
  if (figures.rmse_before)
    report.set("rmse_before", *figures.rmse_before).set("rmse_after", *figures.rmse_after);
  fmt::print("{}", arguments.json ? report.to_json() : report.to_text());
  if (!figures.converged || *figures.converged == rows) return;
  fmt::print(stderr,
             "ebmpi: {} of {} rows are not at their minimum (the slope there is above --tolerance); raise "
             "--iterations\n",
             rows - *figures.converged, rows);
}

template <class Scalar>
int denoise_rows(const comm::Communicator& communicator, const DenoiseArguments& arguments,
                 const training::Model<Scalar>& model) {
  evaluation::DenoiseSettings settings = arguments.settings;
  settings.method = method_named(arguments.method);
  settings.noise = noise_of(arguments, model);
  const evaluation::Denoiser<Scalar> denoise(model, settings);
  const io::DatasetReader reader(communicator, io::parse_dataset_name(arguments.data));
  evaluation::check_dimension(model, reader);
  std::optional<io::DatasetReader> reference;
  if (!arguments.reference.empty()) {
    reference.emplace(communicator, io::parse_dataset_name(arguments.reference));
    check_reference(*reference, reader);
  }
  io::FileWriter file(communicator,
                      arguments.output);  // first, so that a wrong path is noticed before the work
  Results<Scalar> results;
  evaluation::for_each_piece(communicator, reader, evaluation::NotANumber::refused,
                             [&](std::int64_t first, std::span<double> y) {
                               const evaluation::DenoisedRows<Scalar> rows = denoise(first, y);
                               if (reference) compare<Scalar>(*reference, first, y, rows.x, results);
                               append(results.rows, rows);
                             });
  const Figures figures = figures_of(communicator, arguments, settings, results);
  write_origin(file, arguments.model, model);
  file.attribute("/", "temperature", model.temperature);
  file.attribute("/", "data", reader.name().text());
  write_settings(file, arguments, settings);
  write_figures(file, figures);
  write_rows(file, reader, evaluation::own_rows(communicator, reader.rows()).first, results.rows,
             model.gives_energy, settings.method == DenoiseMethod::sample);
  file.commit();
  if (communicator.is_root()) print(arguments, figures, reader.rows());
  return static_cast<int>(core::ExitCode::done);
}

int denoise(const comm::Communicator& communicator, const DenoiseArguments& arguments) {
  check_options(arguments);
  return with_model(communicator, arguments.model,
                    [&](const auto& model) { return denoise_rows(communicator, arguments, model); });
}

void add_method_options(CLI::App& command, DenoiseArguments& arguments) {
  evaluation::DenoiseSettings& settings = arguments.settings;
  const auto add = [&command](const char* name, auto& value, const char* text) {
    return command.add_option(name, value, text)->capture_default_str();
  };
  add("--method", arguments.method,
      "map: the most probable row, downhill from the noisy one; annealed: a sample that is cooled; sample: "
      "mean and deviation of samples of the posterior; tweedie: y + sigma^2 score(y), the posterior mean "
      "where the model is the density of rows with this noise")
      ->check(CLI::IsMember({"map", "annealed", "sample", "tweedie"}));
  add("--iterations", settings.descent.iterations, "Of map, at most")->check(CLI::Range(1, 1000000));
  add("--tolerance", settings.descent.tolerance,
      "Of map: a row is done where the slope, times sigma, is below it in the root mean square of the "
      "columns; of a valley without bends the row is then this share of sigma from its floor at most")
      ->check(CLI::PositiveNumber);
  add("--hottest", settings.hottest, "Temperature that annealed starts from")->check(CLI::PositiveNumber);
  add("--coldest", settings.coldest, "Temperature that annealed ends at")->check(CLI::PositiveNumber);
  add("--levels", settings.levels, "Temperatures of annealed, each the same share of the one before")
      ->check(CLI::Range(2, 100000));
  add("--steps", settings.steps_at_a_level, "Transitions of annealed at each temperature")
      ->check(CLI::PositiveNumber);
  add("--draws", settings.draws, "Of sample")->check(CLI::PositiveNumber);
  add("--thin", settings.thin, "Transitions between the draws of sample")->check(CLI::PositiveNumber);
  add("--warm-up", settings.warm_up, "Transitions in which each row tunes its step")
      ->check(CLI::NonNegativeNumber);
  add("--leapfrogs", settings.moves.leapfrogs, "Steps of a trajectory (HMC); 1: MALA")
      ->check(CLI::Range(1, 100000));
  add("--seed", settings.moves.seed, "Chooses all random numbers");
}

}  // namespace

void add_denoise(CLI::App& program, Action& action) {
  const auto arguments = std::make_shared<DenoiseArguments>();
  CLI::App* const command = program.add_subcommand("denoise", "Take normal noise out of rows");
  command->footer(
      "A row y is taken for x plus independent normal noise of standard deviation --sigma, in the data's "
      "units, and x for a draw from the model: p(x|y) is proportional to exp(-E(x)/T - |x - y|^2/(2 "
      "sigma^2)). Writes /x (N, D); /energy (N), E(x), unless the model is a score network; /displacement "
      "(N), |x - y| in the data's units; and of sample /deviation (N, D). With data.pca, directions that the "
      "model does not see stay as they are. The numbers do not depend on how many ranks made them.");
  arguments->model.sigma_option = "--level";  // --sigma is the noise of the rows here
  add_model_options(*command, arguments->model);
  command->add_option("--data", arguments->data, "Noisy rows, (N, D)")
      ->required()
      ->type_name("FILE.h5[:path]");
  command->add_option("--output", arguments->output, "HDF5 file to write")->required()->type_name("FILE.h5");
  command
      ->add_option("--sigma", arguments->noise,
                   "Standard deviation of the noise in the data's units: one number, or one for each column, "
                   "0.1,0.2 (default: the noise level of a model that is told one, --level)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::PositiveNumber);
  add_method_options(*command, *arguments);
  command
      ->add_option("--reference", arguments->reference,
                   "The same rows without noise, (N, D): reports the root mean square error before and after")
      ->type_name("FILE.h5[:path]");
  command->add_flag("--json", arguments->json, "Print the summary as JSON");
  command->callback([arguments, command, &action] {
    arguments->given = given_options(*command);
    action = [arguments](const comm::Communicator& communicator) {
      return denoise(communicator, *arguments);
    };
  });
}

}  // namespace ebmpi::cli
