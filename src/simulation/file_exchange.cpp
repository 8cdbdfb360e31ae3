// SPDX-License-Identifier: Apache-2.0
#include "simulation/file_exchange.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <cerrno>
#include <system_error>

#include "core/error.hpp"
#include "io/file_reader.hpp"
#include "io/file_writer.hpp"

namespace ebmpi::simulation {

namespace {

std::filesystem::path make_folder(const std::string& parent) {
  std::error_code error;
  const std::filesystem::path place =
      parent.empty() ? std::filesystem::temp_directory_path(error) : std::filesystem::path(parent);
  if (!error) std::filesystem::create_directories(place, error);
  std::string name = (place / "ebmpi-simulations-XXXXXX").string();
  if (!error && ::mkdtemp(name.data()) == nullptr) error.assign(errno, std::generic_category());
  if (error)
    throw core::InputError(fmt::format(
        "no folder for the files of simulations can be made in {} ({}); set simulator.scratch_folder to one "
        "that can be written",
        place.string(), error.message()));
  return name;
}

}  // namespace

FileExchange::FileExchange(std::size_t columns, const std::string& parent)
    : RowExchange(columns), alone_(MPI_COMM_SELF), folder_(make_folder(parent)) {}

FileExchange::~FileExchange() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

FileExchange::Files FileExchange::files_of(const Request& request) const {
  const std::string stem = (folder_ / std::to_string(request.seeds.front())).string();
  return {stem + ".theta.h5", stem + ".x.h5"};
}

std::string FileExchange::ask(const Request& request) {
  const Files files = files_of(request);
  std::filesystem::remove(files.output);  // what a failed attempt has left
  const auto rows = static_cast<std::int64_t>(request.rows());
  const std::vector<std::int64_t> seeds(request.seeds.begin(), request.seeds.end());
  io::FileWriter writer(alone_, files.input);
  writer.write_replicated("/theta", {rows, static_cast<std::int64_t>(request.width)}, request.theta);
  writer.write_replicated("/seed", {rows}, std::span<const std::int64_t>(seeds));
  writer.commit();
  return files.input + "\t" + files.output + "\n";
}

std::optional<AnswerFault> FileExchange::take(const Request& request, std::size_t, std::string_view text) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text != "done") return AnswerFault{0, fmt::format("its line {} is not done", quote(text))};
  const Files files = files_of(request);
  try {
    std::optional<AnswerFault> fault = read(request, files.output);
    if (fault) fault->what = fmt::format("row {} of /x in its file {}", fault->row, fault->what);
    std::filesystem::remove(files.input);
    std::filesystem::remove(files.output);
    return fault;
  } catch (const core::FileError& error) {
    return AnswerFault{0, fmt::format("its file cannot be used: {}", error.what())};
  }
}

std::optional<AnswerFault> FileExchange::read(const Request& request, const std::string& file) {
  const io::FileReader reader(alone_, file);
  const io::Array<double> x = reader.read_replicated<double>("/x");
  const std::size_t rows = request.rows();
  if (x.shape.size() != 2 || x.shape[0] != static_cast<std::int64_t>(rows))
    return AnswerFault{0, fmt::format("is missing: its shape is ({}), and ({}, D) is expected",
                                      fmt::join(x.shape, ", "), rows)};
  const std::size_t width = rows == 0 ? 0 : x.values.size() / rows;
  for (std::size_t row = 0; row < rows; ++row) {
    std::optional<AnswerFault> fault =
        store(request, row, std::span<const double>(x.values).subspan(row * width, width));
    if (fault) return fault;
  }
  return std::nullopt;
}

}  // namespace ebmpi::simulation
