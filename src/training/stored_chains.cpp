// SPDX-License-Identifier: Apache-2.0
#include "training/stored_chains.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>
#include <vector>

#include "core/error.hpp"

namespace ebmpi::training {

namespace {

using sampling::DualAveraging;
using sampling::EnergyRecord;

constexpr std::size_t search_columns = 5;

/// This rank's part of the population in a file.
struct Place {
  std::int64_t chains;  ///< of all ranks
  comm::IndexRange own;

  /// Of the chains that have a history.
  template <class Scalar>
  Place followed() const {
    const auto bound = [](std::int64_t chain) { return std::min(chain, EnergyRecord<Scalar>::followed); };
    return {bound(chains), {bound(own.first), bound(own.last)}};
  }
};

template <class View>
void write_view(io::FileWriter& file, const std::string& name, const Place& place, std::int64_t rows_of_chain,
                const View& view) {
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), view);
  using Value = typename View::non_const_value_type;
  file.write_rows(name, place.chains * rows_of_chain,
                  View::rank() == 2 ? static_cast<std::int64_t>(view.extent(1)) : 0,
                  place.own.first * rows_of_chain, std::span<const Value>(host.data(), host.size()));
}

template <class View>
void read_view(const io::FileReader& file, const std::string& name, const Place& place,
               std::int64_t rows_of_chain, const View& view) {
  using Value = typename View::non_const_value_type;
  const auto host = Kokkos::create_mirror_view(view);
  const std::vector<Value> values =
      file.read_rows<Value>(name, place.own.first * rows_of_chain, static_cast<std::int64_t>(view.extent(0)));
  std::copy(values.begin(), values.end(), host.data());
  Kokkos::deep_copy(view, host);
}

/// The replicas at level 0, (C, D).
template <class Scalar>
core::Rows<Scalar> coldest(const sampling::Population<Scalar>& population) {
  const auto x = population.x();
  const auto level = population.level();
  const core::Rows<Scalar> cold("ebmpi::training::coldest", population.age().extent(0), x.extent(1));
  const Kokkos::RangePolicy<core::ExecutionSpace> policy(0, x.extent(0));
  const std::int64_t replicas = population.replicas();
  Kokkos::parallel_for(
      "ebmpi::training::gather_coldest", policy, KOKKOS_LAMBDA(std::int64_t replica) {
        if (level(replica) != 0) return;
        for (std::size_t d = 0; d < x.extent(1); ++d) cold(replica / replicas, d) = x(replica, d);
      });
  return cold;
}

template <class Scalar>
void write_population(io::FileWriter& file, const Place& place, const Negatives<Scalar>& negatives) {
  const sampling::Population<Scalar>& population = *negatives.population();
  const std::int64_t replicas = population.replicas();
  write_view(file, "/chains/x", place, 1, replicas > 1 ? coldest(population) : population.x());
  write_view(file, "/chains/age", place, 1, population.age());
  if (replicas > 1) {
    write_view(file, "/chains/replicas/x", place, replicas, population.x());
    write_view(file, "/chains/replicas/level", place, replicas, population.level());
  }
  write_view(file, "/chains/energy", place, 1, negatives.record().last());
  write_view(file, "/chains/energy_before", place, 1, negatives.record().before());
  write_view(file, "/chains/energy_history", place.followed<Scalar>(), 1, negatives.record().history());
}

template <class Scalar>
void read_population(const io::FileReader& file, const Place& place, const Negatives<Scalar>& negatives) {
  const sampling::Population<Scalar>& population = *negatives.population();
  const std::int64_t replicas = population.replicas();
  read_view(file, replicas > 1 ? "/chains/replicas/x" : "/chains/x", place, replicas, population.x());
  if (replicas > 1) read_view(file, "/chains/replicas/level", place, replicas, population.level());
  read_view(file, "/chains/age", place, 1, population.age());
  if (!file.exists("/chains/energy")) return;  // of a version that kept no record: it begins here
  read_view(file, "/chains/energy", place, 1, negatives.record().last());
  read_view(file, "/chains/energy_before", place, 1, negatives.record().before());
  read_view(file, "/chains/energy_history", place.followed<Scalar>(), 1, negatives.record().history());
}

template <class Scalar>
void write_search(io::FileWriter& file, const TestedChains<Scalar>& tested) {
  const auto levels = static_cast<std::int64_t>(tested.searches().size());
  std::vector<double> search;
  for (const DualAveraging& own : tested.searches()) {
    const DualAveraging::State& state = own.state();
    search.insert(search.end(), {state.centre, state.logarithm, state.error, state.average,
                                 static_cast<double>(state.count)});
  }
  file.write_replicated("/chains/step_lengths", {levels}, std::span<const double>(tested.lengths()));
  file.write_replicated("/chains/step_search", {levels, static_cast<std::int64_t>(search_columns)},
                        std::span<const double>(search));
}

template <class Scalar>
void read_search(const io::FileReader& file, TestedChains<Scalar>& tested) {
  const std::vector<double> lengths = file.read_replicated<double>("/chains/step_lengths").values;
  const std::vector<double> search = file.read_replicated<double>("/chains/step_search").values;
  const std::size_t levels = tested.searches().size();
  if (lengths.size() != levels || search.size() != levels * search_columns) {
    throw core::FileError(
        fmt::format("{}: /chains/step_search has another length than the config inside asks "
                    "for (the file was changed by hand); use another checkpoint",
                    file.path()));
  }
  std::vector<DualAveraging::State> states;
  for (std::size_t level = 0; level < levels; ++level) {
    const double* const own = search.data() + level * search_columns;
    states.push_back({own[0], own[1], own[2], own[3], static_cast<std::int64_t>(own[4])});
  }
  tested.restore(lengths, states);
}

template <class Scalar>
Place place_of(const comm::ShardMap& shards, const Negatives<Scalar>& negatives) {
  return {negatives.population_size(), shards.owned_slice(negatives.population_size())};
}

}  // namespace

template <class Scalar>
void write_chains(io::FileWriter& file, const comm::ShardMap& shards, const Negatives<Scalar>& negatives) {
  if (negatives.population()) write_population(file, place_of(shards, negatives), negatives);
  if (negatives.tested() && negatives.tested()->is_adaptive()) write_search(file, *negatives.tested());
}

template <class Scalar>
void read_chains(const io::FileReader& file, const comm::ShardMap& shards, Negatives<Scalar>& negatives) {
  if (negatives.population()) read_population(file, place_of(shards, negatives), negatives);
  if (negatives.tested() && negatives.tested()->is_adaptive()) read_search(file, *negatives.tested());
}

template void write_chains(io::FileWriter&, const comm::ShardMap&, const Negatives<float>&);
template void write_chains(io::FileWriter&, const comm::ShardMap&, const Negatives<double>&);
template void read_chains(const io::FileReader&, const comm::ShardMap&, Negatives<float>&);
template void read_chains(const io::FileReader&, const comm::ShardMap&, Negatives<double>&);

}  // namespace ebmpi::training
