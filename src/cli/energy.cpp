// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.hpp"
#include "cli/model_options.hpp"
#include "core/error.hpp"
#include "evaluation/evaluate_rows.hpp"
#include "io/dataset_reader.hpp"
#include "io/file_writer.hpp"

namespace ebmpi::cli {
namespace {

struct EnergyArguments {
  ModelArguments model;
  std::string data;
  std::string output;
  bool score = false;
  std::string ratio;          // another model
  std::vector<double> log_z;  // of the two models, in data units
  std::string against;        // other rows
};

/// log p of this rank's rows less that of something else, and whether nothing is missing from it.
struct LogRatio {
  std::vector<double> values;
  bool is_normalised = true;
};

void check_arguments(const EnergyArguments& arguments) {
  if (!arguments.ratio.empty() && !arguments.against.empty()) {
    throw core::InputError(
        "--ratio and --against contradict each other (one compares two models at the same rows, the other "
        "two sets of rows under one model); leave one out");
  }
  if (!arguments.log_z.empty() && arguments.ratio.empty()) {
    throw core::InputError(
        "--log-z means nothing without --ratio (it gives log Z of the two models that are compared); leave "
        "it out");
  }
}

/// What makes the energies a density in the data's units, where it is known: log p(x) = -E(x)/T - log Z.
template <class Scalar>
void write_log_z(io::FileWriter& file, const training::Model<Scalar>& model) {
  if (model.known_log_z == training::KnownLogZ::none) return;
  const bool is_learned = model.known_log_z == training::KnownLogZ::learned;
  file.attribute("/", is_learned ? "learned_log_z" : "exact_log_z", model.log_z);
}

/// -E/T of this rank's rows.
template <class Scalar>
std::vector<double> exponents(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                              const io::DatasetReader& reader) {
  std::vector<double> values;
  evaluation::evaluate_rows<Scalar>(communicator, model, reader, evaluation::Gradients::none,
                                    [&](const auto& rows) {
                                      for (const Scalar energy : rows.energies)
                                        values.push_back(-static_cast<double>(energy) / model.temperature);
                                    });
  return values;
}

/// In place of -E/T of MODEL, its difference to that of the other one.
template <class Scalar, class Other>
LogRatio compare_models(const comm::Communicator& communicator, const EnergyArguments& arguments,
                        const training::Model<Scalar>& model, const training::Model<Other>& other,
                        const io::DatasetReader& reader, std::vector<double> values) {
  other.require_energy("'ebmpi energy --ratio'");
  if (other.transform.dimension() != model.transform.dimension()) {
    throw core::InputError(fmt::format(
        "{} and {} cannot be compared (their data have {} and {} columns); name models of the same data",
        model.checkpoint, other.checkpoint, model.transform.dimension(), other.transform.dimension()));
  }
  const std::vector<double> others = exponents(communicator, other, reader);
  LogRatio ratio{std::move(values)};
  double shift = 0.0;
  if (!arguments.log_z.empty()) {
    shift = arguments.log_z.at(1) - arguments.log_z.at(0);
  } else if (model.known_log_z != training::KnownLogZ::none &&
             other.known_log_z != training::KnownLogZ::none) {
    shift = other.log_z - model.log_z;
  } else {
    ratio.is_normalised = false;
  }
  for (std::size_t row = 0; row < others.size(); ++row) ratio.values[row] += shift - others[row];
  return ratio;
}

/// log p(x_i) - log p(y_i), in which log Z cancels.
template <class Scalar>
LogRatio compare_rows(const comm::Communicator& communicator, const EnergyArguments& arguments,
                      const training::Model<Scalar>& model, const io::DatasetReader& reader,
                      std::vector<double> values) {
  const io::DatasetReader others(communicator, io::parse_dataset_name(arguments.against));
  if (others.rows() != reader.rows()) {
    throw core::InputError(
        fmt::format("{} has {} rows and {} has {} (row i of one is compared with row i of the other); give "
                    "as many",
                    others.name().text(), others.rows(), reader.name().text(), reader.rows()));
  }
  const std::vector<double> at_others = exponents(communicator, model, others);
  LogRatio ratio{std::move(values)};
  for (std::size_t row = 0; row < at_others.size(); ++row) ratio.values[row] -= at_others[row];
  return ratio;
}

/// `values` are -E/T of this rank's rows.
template <class Scalar>
std::optional<LogRatio> log_ratio(const comm::Communicator& communicator, const EnergyArguments& arguments,
                                  const training::Model<Scalar>& model, const io::DatasetReader& reader,
                                  std::vector<double> values) {
  if (!arguments.against.empty())
    return compare_rows(communicator, arguments, model, reader, std::move(values));
  if (arguments.ratio.empty()) return std::nullopt;
  return training::with_model(communicator, arguments.ratio, arguments.model.which(), [&](auto other) {
    if (other.sigma > 0.0) apply_sigma(arguments.model, other);
    return std::optional(
        compare_models(communicator, arguments, model, std::as_const(other), reader, std::move(values)));
  });
}

void write_log_ratio(io::FileWriter& file, const EnergyArguments& arguments, const LogRatio& ratio,
                     const io::DatasetReader& reader, std::int64_t first) {
  file.write_rows("/log_ratio", reader.rows(), 0, first, std::span<const double>(ratio.values));
  file.attribute("/", "log_ratio_is_normalised", ratio.is_normalised ? 1 : 0);
  if (!arguments.ratio.empty()) file.attribute("/", "ratio_to", arguments.ratio);
  if (!arguments.against.empty()) file.attribute("/", "against", arguments.against);
}

void report(const EnergyArguments& arguments, const io::DatasetReader& reader,
            const std::optional<LogRatio>& ratio) {
  std::string what = "energies";
  if (arguments.score) what += ratio ? ", scores" : " and scores";
  if (ratio) what += " and log ratios";
  fmt::print("{}: {} of {} rows of {}\n", arguments.output, what, reader.rows(), reader.name().text());
  if (!ratio || ratio->is_normalised) return;
  fmt::print(stderr,
             "ebmpi: /log_ratio is only known up to a constant (log Z of a model is not known, so that it is "
             "the difference of -E/T); give both with --log-z\n");
}

template <class Scalar>
int write_energies(const comm::Communicator& communicator, const EnergyArguments& arguments,
                   const training::Model<Scalar>& model) {
  model.require_energy("'ebmpi energy'");
  const io::DatasetReader reader(communicator, io::parse_dataset_name(arguments.data));
  io::FileWriter file(communicator,
                      arguments.output);  // first, so that a wrong path is noticed before the work
  const auto gradients = arguments.score ? evaluation::Gradients::wanted : evaluation::Gradients::none;
  std::vector<Scalar> energies, scores;  // of this rank's rows: (rows), (rows, D)
  evaluation::evaluate_rows<Scalar>(communicator, model, reader, gradients, [&](const auto& rows) {
    energies.insert(energies.end(), rows.energies.begin(), rows.energies.end());
    for (const double slope : rows.gradients)
      scores.push_back(static_cast<Scalar>(-slope / model.temperature));
  });
  std::vector<double> values;
  for (const Scalar energy : energies) values.push_back(-static_cast<double>(energy) / model.temperature);
  const std::optional<LogRatio> ratio = log_ratio(communicator, arguments, model, reader, std::move(values));
  const std::int64_t first = evaluation::own_rows(communicator, reader.rows()).first;
  write_origin(file, arguments.model, model);
  file.attribute("/", "temperature", model.temperature);
  file.attribute("/", "data", reader.name().text());
  write_log_z(file, model);
  file.write_rows("/energy", reader.rows(), 0, first, std::span<const Scalar>(energies));
  if (arguments.score) {
    file.write_rows("/score", reader.rows(), reader.columns(), first, std::span<const Scalar>(scores));
  }
  if (ratio) write_log_ratio(file, arguments, *ratio, reader, first);
  file.commit();
  if (communicator.is_root()) report(arguments, reader, ratio);
  return static_cast<int>(core::ExitCode::done);
}

int energy(const comm::Communicator& communicator, const EnergyArguments& arguments) {
  check_arguments(arguments);
  return with_model(communicator, arguments.model,
                    [&](const auto& model) { return write_energies(communicator, arguments, model); });
}

void add_ratio_options(CLI::App& command, EnergyArguments& arguments) {
  command
      .add_option("--ratio", arguments.ratio,
                  "Another model: also /log_ratio (N), log p(x) of MODEL less that of the other, in the "
                  "data's units; where log Z of either is not known, only up to a constant")
      ->type_name("MODEL");
  command
      .add_option("--log-z", arguments.log_z,
                  "With --ratio: log Z of MODEL and of the other, in the data's units: log p(x) = -E(x)/T - "
                  "log Z")
      ->expected(2)
      ->type_name("A B");
  command
      .add_option("--against", arguments.against,
                  "Other rows, (N, D): also /log_ratio (N), log p of a row less that of the other of the "
                  "same number")
      ->type_name("FILE.h5[:path]");
}

}  // namespace

void add_energy(CLI::App& program, Action& action) {
  const auto arguments = std::make_shared<EnergyArguments>();
  CLI::App* const command = program.add_subcommand(
      "energy", "Energy, score, and log ratio to another model or other rows, of each row of a data set");
  command->footer(
      "p(x) is proportional to exp(-E(x)/T), T the attribute temperature: E is defined up to a constant, and "
      "log p in the data's units differs from that in model space by another. With data.pca what the model "
      "does not see does not count: rows that differ only there have one energy. The attribute "
      "learned_log_z, "
      "where noise contrastive estimation has learned it, or exact_log_z gives log p(x) = -E(x)/T less it, "
      "in "
      "the data's units. Rows are read in pieces; a rank keeps the energies of its rows, and with --score "
      "their scores, until all are written.");
  add_model_options(*command, arguments->model);
  command->add_option("--data", arguments->data, "Rows, (N, D)")->required()->type_name("FILE.h5[:path]");
  command->add_option("--output", arguments->output, "HDF5 file to write: /energy (N)")
      ->required()
      ->type_name("FILE.h5");
  command->add_flag("--score", arguments->score,
                    "Also /score (N, D), the gradient of log p(x): -grad E(x)/T in the data's coordinates");
  add_ratio_options(*command, *arguments);
  command->callback([arguments, &action] {
    action = [arguments](const comm::Communicator& communicator) { return energy(communicator, *arguments); };
  });
}

}  // namespace ebmpi::cli
