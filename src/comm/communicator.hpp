// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mpi.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace ebmpi::comm {

/// The ranks of a run. All members that take data are collective: every rank calls them in the same order,
/// with the same length. This folder is the only one that includes mpi.h, apart from io, which hands the
/// handle on to HDF5. An error inside MPI ends all ranks (MPI_ERRORS_ARE_FATAL): a run that lost a rank
/// resumes from its checkpoint.
class Communicator {
public:
  /// A private duplicate of `parent`, so that the library's messages never meet the caller's. `largest_count`
  /// is how many elements one MPI call may carry (MPI counts are int); longer arrays travel in pieces.
  explicit Communicator(MPI_Comm parent, std::int64_t largest_count = std::int64_t{1} << 30);
  ~Communicator();
  Communicator(const Communicator&) = delete;
  Communicator& operator=(const Communicator&) = delete;

  int rank() const { return rank_; }
  int size() const { return size_; }
  bool is_root() const { return rank_ == 0; }
  MPI_Comm handle() const { return handle_; }
  /// Whether all ranks share one node's memory.
  bool is_on_one_node() const { return is_on_one_node_; }
  /// Elements that one MPI call may carry.
  std::int64_t largest_count() const { return largest_count_; }

  void barrier() const;
  /// In place, elementwise, over all ranks. The sum of integers is exact; that of doubles depends on the
  /// number of ranks in its last bits (exact_sum.hpp gives one that does not).
  void sum(std::span<std::int64_t> values) const;
  void sum(std::span<double> values) const;
  /// In place, elementwise, over all ranks. A NaN on any rank gives NaN.
  void max(std::span<double> values) const;
  void max(std::span<std::int64_t> values) const;
  void min(std::span<std::int64_t> values) const;
  /// The data of rank `from`, on every rank.
  std::string broadcast(const std::string& text, int from = 0) const;
  void broadcast(std::span<double> values, int from = 0) const;
  void broadcast(std::span<std::int64_t> values, int from = 0) const;
  void broadcast(std::span<std::byte> values, int from = 0) const;
  /// Concatenation over the ranks, in rank order, on every rank; the lengths may differ.
  std::vector<double> gather_all(std::span<const double> values) const;
  std::vector<std::string> gather_all(const std::string& text) const;

  /// Runs `work` on every rank; where it throws on any, every rank throws the error of the lowest such rank,
  /// so that a failure of one (a full disk, a NaN in its part of the data) ends all of them with one message
  /// and no hang. `work` must not communicate after a point where it may fail on one rank only. A core::Error
  /// keeps its type and exit code; std::system_error (files) becomes core::FileError, std::bad_alloc
  /// core::InputError, and anything else, which is a fault of the program, std::runtime_error; the texts of
  /// these three name the rank.
  void together(const std::function<void()>& work) const;

  /// Ends all ranks at once with the exit code: the last resort where they can no longer agree.
  [[noreturn]] void abort(int exit_code) const;

private:
  MPI_Comm handle_ = MPI_COMM_NULL;
  std::int64_t largest_count_;
  int rank_ = 0;
  int size_ = 1;
  bool is_on_one_node_ = true;
};

}  // namespace ebmpi::comm
