// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "comm/communicator.hpp"
#include "simulation/exchange.hpp"

namespace ebmpi::simulation {

/// For each request a line `INPUT<TAB>OUTPUT` out and the line `done` back; the rows travel in HDF5 files of
/// these names, in a folder that lives as long as this object: /theta (n, d) float64 and /seed (n) int64 in,
/// /x (n, D) of any number type out. A file that was read is removed.
class FileExchange final : public RowExchange {
public:
  /// `parent` is where the folder is made; empty: the system's place for temporary files. Throws
  /// core::InputError where that cannot be.
  FileExchange(std::size_t columns, const std::string& parent);
  ~FileExchange() override;

  std::string ask(const Request& request) override;
  std::size_t answer_lines(const Request&) const override { return 1; }
  std::optional<AnswerFault> take(const Request& request, std::size_t line, std::string_view text) override;

private:
  struct Files {
    std::string input, output;
  };
  /// Their names follow from the first seed, which no other request that is under way has.
  Files files_of(const Request& request) const;
  std::optional<AnswerFault> read(const Request& request, const std::string& file);

  comm::Communicator alone_;
  std::filesystem::path folder_;
};

}  // namespace ebmpi::simulation
