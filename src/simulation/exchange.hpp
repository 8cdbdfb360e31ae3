// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/simulator.hpp"

namespace ebmpi::simulation {

/// Rows that one worker is asked for at once.
struct Request {
  std::size_t width;                     ///< d
  std::span<const std::uint64_t> seeds;  ///< (n), of 53 bits
  std::span<const double> theta;         ///< (n, d)
  std::span<double> x;                   ///< (n, D), or empty where the answer's numbers are not wanted
  std::size_t rows() const { return seeds.size(); }
};

/// What is wrong with an answer.
struct AnswerFault {
  std::size_t row = 0;  ///< of the request
  std::string what;
};

/// The language spoken with the workers: what is written to their standard input, and what the lines of their
/// standard output mean.
class RowExchange {
public:
  /// `columns` D; 0: that of the first answer.
  explicit RowExchange(std::size_t columns) : columns_(columns) {}
  virtual ~RowExchange() = default;

  std::size_t columns() const { return columns_; }
  virtual std::string ask(const Request& request) = 0;
  virtual std::size_t answer_lines(const Request& request) const = 0;
  /// Takes line number `line` (from 0) of the answer, without its end.
  virtual std::optional<AnswerFault> take(const Request& request, std::size_t line,
                                          std::string_view text) = 0;

protected:
  /// Checks one row of the answer, learns D from it if it is not yet known, and stores it.
  std::optional<AnswerFault> store(const Request& request, std::size_t row, std::span<const double> values);

private:
  std::size_t columns_;
};

/// Lines `seed,theta_1,…,theta_d` out, lines `x_1,…,x_D` back.
class CsvExchange final : public RowExchange {
public:
  using RowExchange::RowExchange;

  std::string ask(const Request& request) override;
  std::size_t answer_lines(const Request& request) const override { return request.rows(); }
  std::optional<AnswerFault> take(const Request& request, std::size_t line, std::string_view text) override;

private:
  std::vector<double> values_;
};

/// The line that csv has for a row, without its end.
std::string csv_row(const Request& request, std::size_t row);

/// `text` for a message: quoted, at most 100 bytes of it, and those that cannot be printed as '?'.
std::string quote(std::string_view text);

/// Throws core::InputError where the scratch folder of hdf5 cannot be used.
std::unique_ptr<RowExchange> make_exchange(const Settings& settings);

}  // namespace ebmpi::simulation
