// SPDX-License-Identifier: Apache-2.0
#include "io/metrics_file.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "core/error.hpp"
#include "io/atomic_file.hpp"
#include "io/text_file.hpp"

namespace ebmpi::io {

namespace {

/// Lines that have their end, without it: a run that was killed may leave half a line.
std::vector<std::string_view> complete_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::optional<std::int64_t> step_of(std::string_view line) {
  const std::string_view field = line.substr(0, line.find(','));
  std::int64_t step = 0;
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), step);
  if (error != std::errc() || end != field.data() + field.size()) return std::nullopt;
  return step;
}

}  // namespace

MetricsFile::MetricsFile(std::string path, const std::vector<std::string>& columns) : path_(std::move(path)) {
  for (const std::string& column : columns) header_ += (header_.empty() ? "" : ",") + column;
  const std::string text = std::filesystem::exists(path_) ? read_text_file_here(path_) : "";
  const auto lines = complete_lines(text);
  if (lines.empty()) {
    replace_text_file(path_, header_ + "\n");
  } else if (lines.front() != header_) {
    throw core::FileError(path_ + " has other columns than this run writes (" + std::string(lines.front()) +
                          "; expected " + header_ + "); move the file away, or choose another output folder");
  }
  open_for_appending();
}

void MetricsFile::resume_after(std::int64_t step) {
  stream_.reset();
  const std::string text = read_text_file_here(path_);
  std::string kept = header_ + "\n";
  for (const std::string_view line : complete_lines(text)) {
    const auto line_step = step_of(line);
    if (line_step && *line_step <= step) kept += std::string(line) + "\n";
  }
  replace_text_file(path_, kept);
  open_for_appending();
}

void MetricsFile::append(const std::string& line) {
  if (std::fprintf(stream_.get(), "%s\n", line.c_str()) < 0 || std::fflush(stream_.get()) != 0) fail();
}

void MetricsFile::open_for_appending() {
  stream_.reset(std::fopen(path_.c_str(), "ab"));
  if (!stream_) fail();
}

void MetricsFile::fail() const {
  throw core::FileError("cannot write " + path_ + " (" + std::strerror(errno) +
                        "); check that the folder may be written and has space left");
}

}  // namespace ebmpi::io
