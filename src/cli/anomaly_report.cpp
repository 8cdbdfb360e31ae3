// SPDX-License-Identifier: Apache-2.0
#include "cli/anomaly_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

#include "evaluation/row_pieces.hpp"

namespace ebmpi::cli {
namespace {

template <class Member>
auto of_all(const std::vector<Alarm>& alarms, Member Alarm::*member) {
  std::vector<Member> values;
  for (const Alarm& alarm : alarms) values.push_back(alarm.*member);
  return values;
}

template <class Value>
std::vector<Value> at_rows(const std::vector<Value>& all, const std::vector<std::int64_t>& rows) {
  std::vector<Value> values;
  for (const std::int64_t row : rows) values.push_back(all[static_cast<std::size_t>(row)]);
  return values;
}

std::vector<double> ends(const statistics::Interval& interval) {
  return {interval.lower, interval.upper};
}

Json row_figures(const Verdict& verdict, std::int64_t row) {
  const auto at = static_cast<std::size_t>(row);
  Json figures = Json::object();
  figures.set("score", verdict.scores[at]).set("p_value", verdict.p_values[at]);
  if (verdict.labels) figures.set("label", (*verdict.labels)[at]);
  return figures;
}

/// A list of rows, or a line for each.
Json top_rows(const Verdict& verdict, Reader reader) {
  Json result = reader == Reader::program ? Json::array() : Json::object();
  for (const std::int64_t row : verdict.top) {
    if (reader == Reader::person) {
      result.set(fmt::format("row {}", row), row_figures(verdict, row));
      continue;
    }
    Json figures = row_figures(verdict, row);
    figures.set("row", row);
    result.add(std::move(figures));
  }
  return result;
}

void add_alarm_lists(Json& report, const Verdict& verdict) {
  const std::vector<Alarm>& alarms = verdict.alarms;
  report.set("false_alarm_rates", Json::array(of_all(alarms, &Alarm::rate)))
      .set("thresholds", Json::array(of_all(alarms, &Alarm::threshold)))
      .set("flagged_counts", Json::array(of_all(alarms, &Alarm::flagged)));
}

void add_detection(Json& report, const Verdict& verdict) {
  const Detection& detection = *verdict.detection;
  report.set("true_positive_rates", Json::array(of_all(verdict.alarms, &Alarm::true_positive_rate)))
      .set("false_positive_rates", Json::array(of_all(verdict.alarms, &Alarm::false_positive_rate)))
      .set("anomalies", detection.anomalies)
      .set("auroc", detection.auroc);
  if (detection.intervals) report.set("auroc_interval", Json::array(ends(detection.intervals->auroc)));
  report.set("average_precision", detection.average_precision);
  if (detection.intervals)
    report.set("average_precision_interval", Json::array(ends(detection.intervals->average_precision)));
}

template <class Value>
void write_all(const comm::Communicator& communicator, io::FileWriter& file, const std::string& path,
               const std::vector<Value>& all) {
  const auto rows = static_cast<std::int64_t>(all.size());
  const comm::IndexRange own = evaluation::own_rows(communicator, rows);
  const auto part =
      std::span(all).subspan(static_cast<std::size_t>(own.first), static_cast<std::size_t>(own.size()));
  file.write_rows(path, rows, 0, own.first, std::span<const Value>(part));
}

void write_detection(io::FileWriter& file, const Verdict& verdict) {
  const Detection& detection = *verdict.detection;
  const auto write = [&](const std::string& name, double value, const statistics::Interval* interval) {
    if (!std::isfinite(value)) return;
    file.attribute("/", name, value);
    if (interval != nullptr) file.attribute("/", name + "_interval", ends(*interval));
  };
  const auto* const intervals = detection.intervals ? &*detection.intervals : nullptr;
  write("auroc", detection.auroc, intervals ? &intervals->auroc : nullptr);
  write("average_precision", detection.average_precision,
        intervals ? &intervals->average_precision : nullptr);
  file.attribute("/", "true_positive_rates", of_all(verdict.alarms, &Alarm::true_positive_rate));
  file.attribute("/", "false_positive_rates", of_all(verdict.alarms, &Alarm::false_positive_rate));
}

}  // namespace

std::vector<std::int64_t> highest_rows(const std::vector<double>& scores, std::int64_t count) {
  std::vector<std::int64_t> rows(scores.size());
  std::iota(rows.begin(), rows.end(), std::int64_t{0});
  const auto end = rows.begin() + std::min(count, static_cast<std::int64_t>(rows.size()));
  std::partial_sort(rows.begin(), end, rows.end(), [&](std::int64_t a, std::int64_t b) {
    const double score_a = scores[static_cast<std::size_t>(a)], score_b = scores[static_cast<std::size_t>(b)];
    return score_a != score_b ? score_a > score_b : a < b;
  });
  rows.erase(end, rows.end());
  return rows;
}

Alarm raise_alarm(const statistics::NormalScores& normal, const Verdict& verdict, double rate) {
  Alarm alarm{rate, normal.threshold(rate)};
  std::int64_t hits = 0, anomalies = 0;
  for (std::size_t row = 0; row < verdict.scores.size(); ++row) {
    const std::int64_t is_flagged = verdict.scores[row] > alarm.threshold ? 1 : 0;
    const std::int64_t is_anomaly = verdict.labels && (*verdict.labels)[row] != 0 ? 1 : 0;
    alarm.flagged += is_flagged;
    hits += is_flagged * is_anomaly;
    anomalies += is_anomaly;
  }
  const auto others = static_cast<std::int64_t>(verdict.scores.size()) - anomalies;
  alarm.true_positive_rate = static_cast<double>(hits) / static_cast<double>(anomalies);
  alarm.false_positive_rate = static_cast<double>(alarm.flagged - hits) / static_cast<double>(others);
  return alarm;
}

Json summary(const Verdict& verdict, Reader reader) {
  const Alarm& first = verdict.alarms.front();
  Json report = Json::object();
  report.set("score", verdict.score_kind)
      .set("normal_rows", verdict.normal_scores.size())
      .set("rows", verdict.scores.size())
      .set("false_alarm_rate", first.rate)
      .set("threshold", first.threshold)
      .set("flagged", first.flagged);
  if (reader == Reader::program || verdict.alarms.size() > 1) add_alarm_lists(report, verdict);
  if (verdict.detection) add_detection(report, verdict);
  if (!verdict.top.empty()) report.set("top", top_rows(verdict, reader));
  return report;
}

void write_verdict(const comm::Communicator& communicator, io::FileWriter& file, const Verdict& verdict) {
  const Alarm& first = verdict.alarms.front();
  file.attribute("/", "score_kind", verdict.score_kind);
  file.attribute("/", "false_alarm_rate", first.rate);
  file.attribute("/", "threshold", first.threshold);
  file.attribute("/", "flagged", first.flagged);
  file.attribute("/", "false_alarm_rates", of_all(verdict.alarms, &Alarm::rate));
  file.attribute("/", "thresholds", of_all(verdict.alarms, &Alarm::threshold));
  file.attribute("/", "flagged_counts", of_all(verdict.alarms, &Alarm::flagged));
  write_all(communicator, file, "/score", verdict.scores);
  write_all(communicator, file, "/p_value", verdict.p_values);
  write_all(communicator, file, "/normal/score", verdict.normal_scores);
  if (!verdict.top.empty()) {
    write_all(communicator, file, "/top/row", verdict.top);
    write_all(communicator, file, "/top/score", at_rows(verdict.scores, verdict.top));
    write_all(communicator, file, "/top/p_value", at_rows(verdict.p_values, verdict.top));
    if (verdict.labels) write_all(communicator, file, "/top/y", at_rows(*verdict.labels, verdict.top));
  }
  if (!verdict.labels) return;
  write_all(communicator, file, "/y", *verdict.labels);
  write_detection(file, verdict);
}

}  // namespace ebmpi::cli
