// SPDX-License-Identifier: Apache-2.0
#include "comm/communicator.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <limits>

#include "comm/agreement.hpp"

namespace ebmpi::comm {

namespace {

template <class Value>
MPI_Datatype mpi_type() {
  if constexpr (std::is_same_v<Value, double>) return MPI_DOUBLE;
  if constexpr (std::is_same_v<Value, std::int64_t>) return MPI_INT64_T;
  return MPI_BYTE;
}

/// Calls `work(piece)` for consecutive pieces of at most `limit` elements.
template <class Value, class Work>
void for_each_piece(std::span<Value> values, std::int64_t limit, const Work& work) {
  const auto step = static_cast<std::size_t>(limit);
  for (std::size_t first = 0; first < values.size(); first += step) {
    work(values.subspan(first, std::min(step, values.size() - first)));
  }
}

template <class Value>
void all_reduce(std::span<Value> values, MPI_Op operation, MPI_Comm handle, std::int64_t limit) {
  for_each_piece(values, limit, [&](std::span<Value> piece) {
    MPI_Allreduce(MPI_IN_PLACE, piece.data(), static_cast<int>(piece.size()), mpi_type<Value>(), operation,
                  handle);
  });
}

template <class Value>
void broadcast_pieces(std::span<Value> values, int from, MPI_Comm handle, std::int64_t limit) {
  for_each_piece(values, limit, [&](std::span<Value> piece) {
    MPI_Bcast(piece.data(), static_cast<int>(piece.size()), mpi_type<Value>(), from, handle);
  });
}

/// Integers ordered as the doubles are, with NaN above everything: the maximum of keys keeps a NaN, which
/// MPI_MAX on doubles may drop, depending on the order in which it meets the ranks.
std::int64_t order_key(double value) {
  constexpr std::int64_t magnitude_bits = std::numeric_limits<std::int64_t>::max();
  if (std::isnan(value)) value = std::numeric_limits<double>::quiet_NaN();
  const auto bits = std::bit_cast<std::int64_t>(value);
  return bits < 0 ? bits ^ magnitude_bits : bits;
}

double from_order_key(std::int64_t key) {
  constexpr std::int64_t magnitude_bits = std::numeric_limits<std::int64_t>::max();
  return std::bit_cast<double>(key < 0 ? key ^ magnitude_bits : key);
}

/// What every rank contributed, one after another, and how much that was.
template <class Value>
struct Gathered {
  std::vector<Value> values;
  std::vector<std::int64_t> counts;  // (ranks)
};

/// Gathers in rounds in which a rank sends at most limit / ranks elements, so that counts and displacements
/// fit in an int.
template <class Value>
Gathered<Value> gather(std::span<const Value> values, MPI_Comm handle, int ranks, std::int64_t limit) {
  Gathered<Value> all;
  all.counts.resize(ranks);
  const auto own = static_cast<std::int64_t>(values.size());
  MPI_Allgather(&own, 1, MPI_INT64_T, all.counts.data(), 1, MPI_INT64_T, handle);

  std::vector<std::int64_t> starts(ranks);  // of each rank's part in the result
  std::int64_t total = 0;
  for (int rank = 0; rank < ranks; ++rank) {
    starts[rank] = total;
    total += all.counts[rank];
  }
  all.values.resize(total);
  const std::int64_t per_round = std::max<std::int64_t>(1, limit / ranks);
  const std::int64_t longest = *std::max_element(all.counts.begin(), all.counts.end());
  std::vector<int> counts(ranks);
  std::vector<int> places(ranks);
  std::vector<Value> round;
  for (std::int64_t first = 0; first < longest; first += per_round) {
    int filled = 0;
    for (int rank = 0; rank < ranks; ++rank) {
      counts[rank] = static_cast<int>(std::clamp<std::int64_t>(all.counts[rank] - first, 0, per_round));
      places[rank] = filled;
      filled += counts[rank];
    }
    round.resize(filled);
    const Value* mine = values.data() + std::min(first, own);
    const int sent = static_cast<int>(std::clamp<std::int64_t>(own - first, 0, per_round));
    MPI_Allgatherv(mine, sent, mpi_type<Value>(), round.data(), counts.data(), places.data(),
                   mpi_type<Value>(), handle);
    for (int rank = 0; rank < ranks; ++rank) {
      std::copy_n(round.begin() + places[rank], counts[rank], all.values.begin() + starts[rank] + first);
    }
  }
  return all;
}

}  // namespace

Communicator::Communicator(MPI_Comm parent, std::int64_t largest_count) : largest_count_(largest_count) {
  MPI_Comm_dup(parent, &handle_);
  MPI_Comm_set_errhandler(handle_, MPI_ERRORS_ARE_FATAL);
  MPI_Comm_rank(handle_, &rank_);
  MPI_Comm_size(handle_, &size_);
  MPI_Comm node = MPI_COMM_NULL;
  MPI_Comm_split_type(handle_, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &node);
  int ranks_of_node = 1;
  MPI_Comm_size(node, &ranks_of_node);
  MPI_Comm_free(&node);
  is_on_one_node_ = ranks_of_node == size_;
}

Communicator::~Communicator() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  if (finalized == 0) MPI_Comm_free(&handle_);
}

void Communicator::barrier() const {
  MPI_Barrier(handle_);
}

void Communicator::sum(std::span<std::int64_t> values) const {
  all_reduce(values, MPI_SUM, handle_, largest_count_);
}

void Communicator::sum(std::span<double> values) const {
  all_reduce(values, MPI_SUM, handle_, largest_count_);
}

void Communicator::max(std::span<std::int64_t> values) const {
  all_reduce(values, MPI_MAX, handle_, largest_count_);
}

void Communicator::min(std::span<std::int64_t> values) const {
  all_reduce(values, MPI_MIN, handle_, largest_count_);
}

void Communicator::max(std::span<double> values) const {
  std::vector<std::int64_t> keys(values.size());
  std::transform(values.begin(), values.end(), keys.begin(), order_key);
  max(std::span<std::int64_t>(keys));
  std::transform(keys.begin(), keys.end(), values.begin(), from_order_key);
}

std::string Communicator::broadcast(const std::string& text, int from) const {
  auto length = static_cast<std::int64_t>(text.size());
  broadcast(std::span(&length, 1), from);
  std::string copy = rank_ == from ? text : std::string(length, '\0');
  broadcast(std::as_writable_bytes(std::span(copy.data(), copy.size())), from);
  return copy;
}

void Communicator::broadcast(std::span<double> values, int from) const {
  broadcast_pieces(values, from, handle_, largest_count_);
}

void Communicator::broadcast(std::span<std::int64_t> values, int from) const {
  broadcast_pieces(values, from, handle_, largest_count_);
}

void Communicator::broadcast(std::span<std::byte> values, int from) const {
  broadcast_pieces(values, from, handle_, largest_count_);
}

std::vector<double> Communicator::gather_all(std::span<const double> values) const {
  return gather(values, handle_, size_, largest_count_).values;
}

std::vector<std::string> Communicator::gather_all(const std::string& text) const {
  const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
  const auto all = gather(bytes, handle_, size_, largest_count_);
  std::vector<std::string> texts;
  const auto* next = reinterpret_cast<const char*>(all.values.data());
  for (const std::int64_t count : all.counts) {
    texts.emplace_back(next, static_cast<std::size_t>(count));
    next += count;
  }
  return texts;
}

void Communicator::together(const std::function<void()>& work) const {
  const Failure own = failure_of(work, rank_);
  std::int64_t first_failed = own.kind == FailureKind::none ? size_ : rank_;
  min(std::span(&first_failed, 1));
  if (first_failed == size_) return;
  const int from = static_cast<int>(first_failed);
  auto kind = static_cast<std::int64_t>(own.kind);
  broadcast(std::span(&kind, 1), from);
  throw_failure({static_cast<FailureKind>(kind), broadcast(own.text, from)});
}

void Communicator::abort(int exit_code) const {
  MPI_Abort(handle_, exit_code);
  std::_Exit(exit_code);
}

}  // namespace ebmpi::comm
