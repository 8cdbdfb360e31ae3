// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <set>
#include <system_error>
#include <utility>

#include "core/error.hpp"
#include "data/csv_line.hpp"
#include "data/import.hpp"

namespace ebmpi::data {

namespace {

std::string in_quotes(const std::string& text) {
  return "'" + text + "'";
}

/// What std::from_chars made of a whole field; a leading '+', which it does not take, is dropped.
template <class Number>
std::errc parse_number(const std::string& field, Number& number) {
  const char* first = field.data();
  const char* last = first + field.size();
  if (field.size() > 1 && field[0] == '+' && field[1] != '-') ++first;
  const auto [end, error] = std::from_chars(first, last, number);
  return error == std::errc() && end != last ? std::errc::invalid_argument : error;
}

class CsvReader {
public:
  CsvReader(const std::string& path, const std::optional<std::string>& label_column)
      : path_(path), stream_(path) {
    if (!stream_)
      throw core::FileError("cannot read " + path_ + " (no such file, or no permission); check the path");
    read_header();
    choose_label_column(label_column);
  }

  ImportedTable read() {
    while (next_line()) add_row();
    if (stream_.bad())
      throw core::FileError("cannot read " + path_ + " to its end (a disk error); check the disk");
    if (table_.rows == 0) refuse("has no rows", "there is only a header line", "add rows below the header");
    return std::move(table_);
  }

private:
  [[noreturn]] void refuse(const std::string& problem, const std::string& why,
                           const std::string& advice) const {
    throw core::InputError(path_ + " " + problem + " (" + why + "); " + advice);
  }

  [[noreturn]] void refuse_line(const std::string& problem, const std::string& why,
                                const std::string& advice) const {
    throw core::InputError(path_ + ":" + std::to_string(line_number_) + ": " + problem + " (" + why + "); " +
                           advice);
  }

  /// Reads the next line that is not blank; blank ones may only end the file.
  bool next_line() {
    std::int64_t blank_lines = 0;
    while (std::getline(stream_, line_)) {
      ++line_number_;
      if (line_.ends_with('\r')) line_.pop_back();
      if (line_.find_first_not_of(" \t") != std::string::npos) {
        if (blank_lines > 0) {
          line_number_ -= 1;
          refuse_line("the line is blank", "rows follow it", "remove the line or fill in its values");
        }
        return true;
      }
      ++blank_lines;
    }
    return false;
  }

  void split() {
    if (!split_line(line_, delimiter_, fields_))
      refuse_line("a quote is not closed", "a quoted field must end on its line", "add or remove a quote");
  }

  void read_header() {
    if (!next_line()) {
      if (stream_.bad())
        throw core::FileError("cannot read " + path_ +
                              " (it is not a plain file, or a disk error); check the path");
      refuse("is empty", "it has no header line", "write a line of column names, then the rows");
    }
    if (line_.starts_with("\xEF\xBB\xBF")) line_.erase(0, 3);  // byte-order mark of UTF-8
    delimiter_ = detect_delimiter(line_);
    split();
    names_ = fields_;
    check_names();
  }

  void check_names() const {
    std::set<std::string> seen;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (names_[i].empty())
        refuse_line("column " + std::to_string(i + 1) + " has no name", "the header names every column",
                    "name it, or leave it out (pandas: to_csv(index=False))");
      if (!seen.insert(names_[i]).second)
        refuse_line("column name " + in_quotes(names_[i]) + " is there twice", "names tell the columns apart",
                    "rename one");
    }
    if (looks_like_a_row())
      refuse_line("the first line holds numbers", "it should name the columns", "add a header line above it");
  }

  /// All numbers, and not just the columns counted from 0 or 1, as pandas names them.
  bool looks_like_a_row() const {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      double number = 0.0;
      if (parse_number(names_[i], number) != std::errc()) return false;
    }
    const auto counted_from = [&](std::size_t first) {
      for (std::size_t i = 0; i < names_.size(); ++i)
        if (names_[i] != std::to_string(i + first)) return false;
      return true;
    };
    return !counted_from(0) && !counted_from(1);
  }

  void choose_label_column(const std::optional<std::string>& label_column) {
    label_index_ = names_.size();
    if (label_column) {
      label_index_ = static_cast<std::size_t>(std::ranges::find(names_, *label_column) - names_.begin());
      if (label_index_ == names_.size())
        refuse("has no column " + in_quotes(*label_column), "the labels should be there",
               "use one of the names in its first line");
    }
    for (std::size_t i = 0; i < names_.size(); ++i)
      if (i != label_index_) table_.column_names.push_back(names_[i]);
    table_.columns = static_cast<std::int64_t>(table_.column_names.size());
    if (table_.columns == 0)
      refuse("has only the label column", "there is nothing to learn from", "add columns");
  }

  void add_row() {
    split();
    if (fields_.size() != names_.size())
      refuse_line("there are " + std::to_string(fields_.size()) + " fields",
                  "the header has " + std::to_string(names_.size()), "give every row one value per column");
    for (std::size_t i = 0; i < fields_.size(); ++i) {
      if (fields_[i].empty())
        refuse_line("column " + in_quotes(names_[i]) + " has no value", "missing values cannot be trained on",
                    "fill it in or leave out the row");
      if (i == label_index_)
        table_.labels.push_back(label(fields_[i]));
      else
        table_.values.push_back(number(i));
    }
    ++table_.rows;
  }

  double number(std::size_t column) const {
    double value = 0.0;
    const std::errc error = parse_number(fields_[column], value);
    const std::string place = "column " + in_quotes(names_[column]) + " has " + in_quotes(fields_[column]);
    if (error == std::errc::result_out_of_range)
      refuse_line(place, "it is outside the range of double precision", "rescale the column");
    if (error != std::errc())
      refuse_line(place, "it is not a number", "write numbers like -1.5e3, with a decimal point");
    if (!std::isfinite(value)) refuse_line(place, "it is not finite", "fill it in or leave out the row");
    return value;
  }

  std::int64_t label(const std::string& field) const {
    std::int64_t value = 0;
    if (parse_number(field, value) != std::errc())
      refuse_line("label column " + in_quotes(names_[label_index_]) + " has " + in_quotes(field),
                  "it is not a whole number", "number the classes");
    return value;
  }

  std::string path_;
  std::ifstream stream_;
  std::string line_;
  std::int64_t line_number_ = 0;
  char delimiter_ = ',';
  std::vector<std::string> names_;
  std::vector<std::string> fields_;
  std::size_t label_index_ = 0;  ///< names_.size() without a label column
  ImportedTable table_;
};

}  // namespace

ImportedTable import_csv(const std::string& path, const std::optional<std::string>& label_column) {
  return CsvReader(path, label_column).read();
}

}  // namespace ebmpi::data
