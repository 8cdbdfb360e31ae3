// SPDX-License-Identifier: Apache-2.0
#include "evaluation/draw_writer.hpp"

#include <algorithm>
#include <span>
#include <string>

namespace ebmpi::evaluation {

namespace {

constexpr std::int64_t kept_bytes = std::int64_t{4} << 20;

/// (chains, draws, columns) from one (chains, columns) for each draw.
template <class Value, class Part>
std::vector<Value> draws_innermost(std::size_t draws, std::size_t chains, std::size_t columns,
                                   const Part& part) {
  std::vector<Value> values(chains * draws * columns);
  for (std::size_t draw = 0; draw < draws; ++draw) {
    const auto& from = part(draw);
    for (std::size_t chain = 0; chain < chains; ++chain) {
      std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(chain * columns), columns,
                  values.begin() + static_cast<std::ptrdiff_t>((chain * draws + draw) * columns));
    }
  }
  return values;
}

}  // namespace

template <class Scalar>
DrawWriter<Scalar>::DrawWriter(io::FileWriter& file, std::int64_t chains, std::int64_t draws,
                               std::int64_t dimension, double temperature, bool energies, bool chains_stay)
    : file_(file),
      dimension_(dimension),
      most_kept_(std::clamp<std::int64_t>(
          kept_bytes / (chains * dimension * static_cast<std::int64_t>(sizeof(Scalar))), 1, draws)),
      temperature_(temperature),
      energies_(energies) {
  const std::int64_t block = most_kept_;
  if (!chains_stay) most_kept_ = 1;
  for (const char* group : {"/posterior", "/sample_stats"}) {
    file_.dimension(std::string(group) + "/chain", chains);
    file_.dimension(std::string(group) + "/draw", draws);
  }
  file_.dimension("/posterior/coordinate", dimension);
  file_.template create_blocks<Scalar>("/posterior/x", {chains, draws, dimension}, {chains, block, dimension},
                                       {"chain", "draw", "coordinate"});
  const auto create = [&](const std::string& name) {
    file_.template create_blocks<Scalar>("/sample_stats/" + name, {chains, draws}, {chains, block},
                                         {"chain", "draw"});
  };
  if (!energies_) return;
  create("lp");
  create("energy");
  create("acceptance_rate");
  file_.template create_blocks<std::int64_t>("/sample_stats/diverging", {chains, draws}, {chains, block},
                                             {"chain", "draw"});
}

template <class Scalar>
void DrawWriter<Scalar>::add(const ChainStates<Scalar>& states) {
  kept_.push_back(states);
  if (static_cast<std::int64_t>(kept_.size()) >= most_kept_) flush();
}

template <class Scalar>
void DrawWriter<Scalar>::write_numbers(const std::string& name, const std::vector<Scalar>& values) {
  const comm::IndexRange chains = kept_.front().chains;
  file_.template write_block<Scalar>("/sample_stats/" + name, {chains.first, written_},
                                     {chains.size(), static_cast<std::int64_t>(kept_.size())},
                                     std::span<const Scalar>(values));
}

template <class Scalar>
void DrawWriter<Scalar>::flush() {
  if (kept_.empty()) return;
  const comm::IndexRange chains = kept_.front().chains;
  const std::size_t draws = kept_.size(), rows = static_cast<std::size_t>(chains.size());
  const auto x = draws_innermost<Scalar>(
      draws, rows,
      static_cast<std::size_t>(dimension_), [&](std::size_t draw) -> const auto& { return kept_[draw].x; });
  file_.template write_block<Scalar>("/posterior/x", {chains.first, written_, 0},
                                     {chains.size(), static_cast<std::int64_t>(draws), dimension_},
                                     std::span<const Scalar>(x));
  if (energies_) {
    auto energy = draws_innermost<Scalar>(
        draws, rows, 1, [&](std::size_t draw) -> const auto& { return kept_[draw].energy; });
    write_numbers("energy", energy);
    for (Scalar& value : energy) value = static_cast<Scalar>(-value / temperature_);
    write_numbers("lp", energy);
    write_numbers("acceptance_rate", draws_innermost<Scalar>(
                                         draws, rows, 1, [&](std::size_t draw) -> const auto& {
                                           return kept_[draw].acceptance;
                                         }));
    const auto diverging = draws_innermost<std::int64_t>(
        draws, rows, 1, [&](std::size_t draw) -> const auto& { return kept_[draw].divergences; });
    file_.template write_block<std::int64_t>("/sample_stats/diverging", {chains.first, written_},
                                             {chains.size(), static_cast<std::int64_t>(draws)},
                                             std::span<const std::int64_t>(diverging));
  }
  written_ += static_cast<std::int64_t>(draws);
  kept_.clear();
}

template class DrawWriter<float>;
template class DrawWriter<double>;

}  // namespace ebmpi::evaluation
