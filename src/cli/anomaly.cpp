// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "cli/anomaly_report.hpp"
#include "cli/command.hpp"
#include "cli/model_options.hpp"
#include "core/error.hpp"
#include "data/validation_split.hpp"
#include "evaluation/evaluate_rows.hpp"
#include "io/dataset_reader.hpp"
#include "io/file_writer.hpp"
#include "statistics/anomaly.hpp"
#include "statistics/bootstrap.hpp"

namespace ebmpi::cli {
namespace {

struct AnomalyArguments {
  ModelArguments model;
  std::string normal, data, output;
  std::string score = "energy";
  std::vector<double> false_alarms{0.01};
  std::int64_t top = 10;
  std::int64_t replicates = 1000;
  std::uint64_t seed = 1;
  bool json = false;
};

/// Anomaly scores of all rows of a data set, on every rank.
template <class Scalar>
std::vector<double> scores_of(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                              const io::DatasetReader& reader, const std::string& kind) {
  const bool is_norm = kind == "norm";
  const auto dimension = static_cast<std::size_t>(reader.columns());
  std::vector<double> own;
  evaluation::evaluate_rows<Scalar>(
      communicator, model, reader, is_norm ? evaluation::Gradients::wanted : evaluation::Gradients::none,
      [&](const auto& rows) {
        for (std::size_t row = 0; row < rows.energies.size(); ++row) {
          double square = 0.0;
          for (const double slope :
               rows.gradients.subspan(is_norm ? row * dimension : 0, is_norm ? dimension : 0)) {
            square += slope * slope;
          }
          own.push_back(is_norm ? std::sqrt(square) : static_cast<double>(rows.energies[row]));
        }
      });
  return communicator.gather_all(own);
}

/// Whether a data set is the one that the model was trained on.
bool is_training_set(const config::RunConfig& config, const io::DatasetName& name) {
  if (config.data.file.empty()) return false;
  std::error_code none;
  return io::dataset_in(config.data.file, config.data.dataset).dataset == name.dataset &&
         std::filesystem::equivalent(config.data.file, name.file, none);
}

/// On every rank, which of the runs were trained on the data set.
std::vector<std::int64_t> runs_on(const comm::Communicator& communicator,
                                  const std::vector<config::RunConfig>& runs, const io::DatasetName& name) {
  std::vector<std::int64_t> same(runs.size(), 0);
  communicator.together([&] {
    if (!communicator.is_root()) return;
    for (std::size_t i = 0; i < runs.size(); ++i) same[i] = is_training_set(runs[i], name) ? 1 : 0;
  });
  communicator.broadcast(std::span(same));
  return same;
}

/// The scores of normal rows that the model has not seen: of its own training set, only the rows held out, by
/// all of its runs. A model scores what it was trained on lower than other normal rows, so that p-values from
/// those rows would be too small.
std::vector<double> without_trained_rows(const comm::Communicator& communicator,
                                         const std::vector<config::RunConfig>& runs,
                                         const io::DatasetName& name, std::vector<double> scores) {
  const std::vector<std::int64_t> same = runs_on(communicator, runs, name);
  std::vector<bool> is_unseen(scores.size(), true);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (same[i] == 0) continue;
    const double fraction = data::held_out_fraction(runs[i].data.validation_fraction, runs[i].data.window,
                                                    static_cast<std::int64_t>(scores.size()));
    const data::ValidationSplit held_out(static_cast<std::uint64_t>(runs[i].run.seed), fraction);
    for (std::size_t row = 0; row < scores.size(); ++row)
      is_unseen[row] = is_unseen[row] && held_out(static_cast<std::int64_t>(row));
  }
  std::vector<double> unseen;
  for (std::size_t row = 0; row < scores.size(); ++row) {
    if (is_unseen[row]) unseen.push_back(scores[row]);
  }
  if (!unseen.empty()) return unseen;
  throw core::InputError(fmt::format(
      "{} is what the model was trained on, and no row of it was held out (data.validation_fraction "
      "was {}; p-values from rows that a model has seen are too small); give other normal rows in "
      "--normal",
      name.text(), runs.front().data.validation_fraction));
}

/// Labels of all rows, on every rank, where `y` stands beside the data set.
std::optional<std::vector<std::int64_t>> labels_of(const comm::Communicator& communicator,
                                                   const io::DatasetReader& reader) {
  return io::read_labels(communicator, io::labels_beside(reader.name()), reader.rows(), {0, reader.rows()});
}

void check_rate(double rate, const statistics::NormalScores& normal) {
  if (rate >= normal.smallest_rate() && rate < 1.0) return;
  throw core::InputError(
      fmt::format("--false-alarm {} cannot be kept with {} normal rows (they resolve rates from {:.3g} to "
                  "below 1); give more rows "
                  "in --normal, or another rate",
                  rate, normal.count(), normal.smallest_rate()));
}

Detection judge_detection(const comm::Communicator& communicator, const AnomalyArguments& arguments,
                          const std::vector<double>& scores, const std::vector<std::int64_t>& labels) {
  Detection detection{static_cast<std::int64_t>(labels.size()) - std::ranges::count(labels, 0),
                      statistics::auroc(scores, labels), statistics::average_precision(scores, labels)};
  if (arguments.replicates > 0) {
    detection.intervals = statistics::bootstrap_intervals(communicator, scores, labels, arguments.seed,
                                                          static_cast<int>(arguments.replicates));
  }
  return detection;
}

template <class Scalar>
Verdict judge(const comm::Communicator& communicator, const AnomalyArguments& arguments,
              const training::Model<Scalar>& model, const io::DatasetReader& normal_reader,
              const io::DatasetReader& reader) {
  Verdict verdict;
  verdict.score_kind = arguments.score;
  verdict.normal_scores =
      without_trained_rows(communicator, model.runs, normal_reader.name(),
                           scores_of(communicator, model, normal_reader, arguments.score));
  const statistics::NormalScores normal(verdict.normal_scores);
  for (const double rate : arguments.false_alarms) check_rate(rate, normal);
  verdict.scores = scores_of(communicator, model, reader, arguments.score);
  verdict.labels = labels_of(communicator, reader);
  for (const double score : verdict.scores) verdict.p_values.push_back(normal.p_value(score));
  for (const double rate : arguments.false_alarms)
    verdict.alarms.push_back(raise_alarm(normal, verdict, rate));
  if (verdict.labels)
    verdict.detection = judge_detection(communicator, arguments, verdict.scores, *verdict.labels);
  verdict.top = highest_rows(verdict.scores, arguments.top);
  return verdict;
}

template <class Scalar>
int detect(const comm::Communicator& communicator, const AnomalyArguments& arguments,
           const training::Model<Scalar>& model) {
  if (arguments.score == "energy") model.require_energy("'ebmpi anomaly --score energy'");
  const io::DatasetReader normal_reader(communicator, io::parse_dataset_name(arguments.normal));
  const io::DatasetReader reader(communicator, io::parse_dataset_name(arguments.data));
  io::FileWriter file(communicator,
                      arguments.output);  // first, so that a wrong path is noticed before the work
  const Verdict verdict = judge(communicator, arguments, model, normal_reader, reader);
  write_origin(file, arguments.model, model);
  write_verdict(communicator, file, verdict);
  file.commit();
  if (communicator.is_root()) {
    const Json report = summary(verdict, arguments.json ? Reader::program : Reader::person);
    fmt::print("{}", arguments.json ? report.to_json() : report.to_text());
  }
  return static_cast<int>(core::ExitCode::done);
}

int anomaly(const comm::Communicator& communicator, const AnomalyArguments& arguments) {
  return with_model(communicator, arguments.model,
                    [&](const auto& model) { return detect(communicator, arguments, model); });
}

void add_report_options(CLI::App& command, AnomalyArguments& arguments) {
  command
      .add_option("--false-alarm", arguments.false_alarms,
                  "Share of normal rows that may be flagged; several, 0.01,0.05, give a threshold each")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command.add_option("--top", arguments.top, "Rows of the highest scores to list; 0: none")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command
      .add_option("--replicates", arguments.replicates,
                  "Of the bootstrap behind the intervals, which takes time in proportion; 0: no intervals")
      ->check(CLI::Range(0, 1000000))
      ->capture_default_str();
  command.add_option("--seed", arguments.seed, "Chooses what the bootstrap draws")->capture_default_str();
}

}  // namespace

void add_anomaly(CLI::App& program, Action& action) {
  const auto arguments = std::make_shared<AnomalyArguments>();
  CLI::App* const command = program.add_subcommand("anomaly", "Find rows that are unlike normal ones");
  command->footer(
      "Writes /score (N), high for anomalies; /p_value (N), the chance that a normal row scores at least as "
      "high, from the normal rows; /normal/score; /top/row, /top/score and /top/p_value of the highest "
      "scores; and where labels y (0: normal) stand beside the tested rows, /y and the attributes auroc and "
      "average_precision with 95 % bootstrap intervals, and the rates of true and false positives at each "
      "threshold. Rows above the attribute threshold, those with a p-value of at most the first "
      "--false-alarm, are flagged; thresholds lists that of every rate. Where --normal names the data set "
      "that the model was trained on, only the rows that the training held out (data.validation_fraction) "
      "are used.");
  add_model_options(*command, arguments->model);
  command->add_option("--normal", arguments->normal, "Normal rows, (n, D)")
      ->required()
      ->type_name("FILE.h5[:path]");
  command->add_option("--data", arguments->data, "Rows to test, (N, D)")
      ->required()
      ->type_name("FILE.h5[:path]");
  command->add_option("--output", arguments->output, "HDF5 file to write")->required()->type_name("FILE.h5");
  command
      ->add_option("--score", arguments->score, "energy: E(x); norm: |grad E(x)| in the data's coordinates")
      ->check(CLI::IsMember({"energy", "norm"}))
      ->capture_default_str();
  add_report_options(*command, *arguments);
  command->add_flag("--json", arguments->json, "Print the summary as JSON");
  command->callback([arguments, &action] {
    action = [arguments](const comm::Communicator& communicator) {
      return anomaly(communicator, *arguments);
    };
  });
}

}  // namespace ebmpi::cli
