// SPDX-License-Identifier: Apache-2.0
#include "simulation/exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "simulation/file_exchange.hpp"

namespace ebmpi::simulation {

namespace {

constexpr std::size_t longest_quote = 100;

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") + 1 - begin);
}

/// A number as any language prints it, nan and inf among them.
std::optional<double> read_number(std::string_view field) {
  field = without_blanks(field);
  if (field.starts_with('+')) field.remove_prefix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
  if (error == std::errc::result_out_of_range && end == field.data() + field.size()) {
    // Too small for a double is 0; too large shows up as infinite.
    return field.find("e-") != std::string_view::npos || field.find("E-") != std::string_view::npos
               ? 0.0
               : HUGE_VAL;
  }
  if (error != std::errc() || end != field.data() + field.size()) return std::nullopt;
  return value;
}

}  // namespace

std::string quote(std::string_view text) {
  std::string result = "'" + std::string(text.substr(0, longest_quote));
  std::ranges::replace_if(
      result, [](char c) { return c >= 0 && (c < ' ' || c == 127); }, '?');
  return result + (text.size() > longest_quote ? "…'" : "'");
}

std::string csv_row(const Request& request, std::size_t row) {
  return fmt::format("{},{}", request.seeds[row],
                     fmt::join(request.theta.subspan(row * request.width, request.width), ","));
}

std::optional<AnswerFault> RowExchange::store(const Request& request, std::size_t row,
                                              std::span<const double> values) {
  if (columns_ == 0) columns_ = values.size();
  if (values.size() != columns_)
    return AnswerFault{row, fmt::format("has {} numbers where {} are expected", values.size(), columns_)};
  const auto bad = std::ranges::find_if_not(values, [](double value) { return std::isfinite(value); });
  if (bad != values.end())
    return AnswerFault{
        row, fmt::format("has {} as number {}, which is not finite", *bad, bad - values.begin() + 1)};
  if (!request.x.empty())
    std::ranges::copy(values, request.x.begin() + static_cast<std::ptrdiff_t>(row * columns_));
  return std::nullopt;
}

std::string CsvExchange::ask(const Request& request) {
  std::string text;
  for (std::size_t row = 0; row < request.rows(); ++row) text += csv_row(request, row) + "\n";
  return text;
}

std::optional<AnswerFault> CsvExchange::take(const Request& request, std::size_t line,
                                             std::string_view text) {
  values_.clear();
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::optional<double> value = read_number(text.substr(begin, end - begin));
    if (!value)
      return AnswerFault{line,
                         fmt::format("its line {} is not numbers with commas between them", quote(text))};
    values_.push_back(*value);
    begin = end + 1;
  }
  std::optional<AnswerFault> fault = store(request, line, values_);
  if (fault) fault->what = fmt::format("its line {} {}", quote(text), fault->what);
  return fault;
}

std::unique_ptr<RowExchange> make_exchange(const Settings& settings) {
  const auto columns = static_cast<std::size_t>(settings.columns);
  if (settings.exchange == Exchange::csv) return std::make_unique<CsvExchange>(columns);
  return std::make_unique<FileExchange>(columns, settings.scratch_folder);
}

}  // namespace ebmpi::simulation
