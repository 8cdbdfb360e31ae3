// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/philox.hpp"

namespace ebmpi::simulation {

/// A parameter of a simulator. The bounds of its valid range are open, and infinite where there is none.
struct Parameter {
  std::string name;
  double lower;
  double upper;
  double typical;  ///< a sensible start
};

/// Where the random numbers of a call come from: those of its row i are a pure function of (key,
/// first_number + i, step), whatever rows are simulated with it, and on any number of threads.
struct Context {
  core::PhiloxKey key;
  std::uint32_t step;
  std::int64_t first_number;
};

/// What has happened so far that a run should report, over all calls on this rank.
struct Tally {
  std::int64_t truncated_rows = 0;  ///< rows that reached Settings::most_events
  std::int64_t restarts = 0;        ///< external workers that were replaced
  std::int64_t timeouts = 0;        ///< how many of those because they took too long
};

/// Draws data x ~ p(x | θ). d parameters, D columns of a data row.
class Simulator {
public:
  virtual ~Simulator() = default;

  /// (d)
  virtual const std::vector<Parameter>& parameters() const = 0;
  /// D
  virtual int columns() const = 0;
  /// (D); x_0 … x_{D-1} unless the simulator has better ones.
  virtual std::vector<std::string> column_names() const;

  /// x (n, D) = one simulation for each row of theta (n, d), both row-major and on the host. `theta` must be
  /// inside the bounds. Throws core::InputError where an external simulator fails for good, and
  /// std::invalid_argument where the lengths do not fit together.
  virtual void simulate(const Context& context, std::span<const double> theta, std::span<double> x) = 0;

  virtual Tally tally() const { return {}; }
};

/// What a data row tells of one simulation.
enum class Record {
  standard,  ///< as listed at make_simulator
  summary    ///< sir: the final size alone; lotka_volterra: nine summaries of the whole path
};

/// How rows travel to an external simulator and back.
enum class Exchange { csv, hdf5 };

/// Each kind reads what make_simulator lists for it.
struct Settings {
  std::string kind{};
  std::uint64_t seed = 0;  ///< only of the simulation that an external simulator's columns are learned from

  std::int64_t dimension = 2;      ///< >= 1
  double noise = 1.0;              ///< > 0, a standard deviation
  std::int64_t draws = 1;          ///< >= 1
  std::int64_t population = 1000;  ///< >= 2
  std::int64_t infected = 10;      ///< >= 1 and < population, at the start
  std::int64_t customers = 50;     ///< >= 2
  std::int64_t times = 10;         ///< >= 1
  double duration = 0.0;           ///< > 0; 0: the kind's own
  Record record = Record::standard;
  std::int64_t most_events = 100000;  ///< >= 1, of one simulation

  std::string command{};  ///< run as /bin/sh -c "exec COMMAND"
  Exchange exchange = Exchange::csv;
  std::int64_t workers = 0;  ///< processes on each rank; 0: one for each host thread
  double timeout = 60.0;     ///< > 0, seconds that may pass without an answer (README.md)
  std::int64_t retries = 2;  ///< >= 0, after the first failure of a request
  std::int64_t batch = 64;   ///< >= 1, most rows of one request
  std::int64_t columns = 0;  ///< D; 0: what the first answer has
  std::vector<std::string> parameter_names{};
  std::vector<double> typical{};  ///< (d), of the parameters; empty: zeros
  std::string scratch_folder{};   ///< of the files exchanged; empty: the system's temporary folder
};

/// The kinds that make_simulator knows.
std::span<const std::string_view> simulator_names();

/// Makes a simulator, and for an external one starts the first worker where its columns must be learned.
/// Throws core::InputError for an unknown kind and for settings outside of their ranges.
///
// clang-format off
/// kind               settings; parameters; data
/// gaussian_location  dimension, noise; mean_i (D); x ~ N(mean, noise²·I)
/// gaussian_scale     dimension; variance > 0; x ~ N(0, variance·I)
/// linear_gaussian    dimension, noise; theta_i (D); x ~ N(A θ, noise²·I), A of linear_gaussian_matrix
/// gaussian_mixture   dimension, noise; offset, weight in (0, 1); x ~ N(m·(1, …, 1), noise²·I), m = offset with
///                    probability weight, else 0
/// sir                population, infected, times, duration (60 days), record; infection_rate > 0, recovery_rate
///                    > 0, per day; infected share of the population at `times` equally spaced days
/// lotka_volterra     times, duration (30), record, most_events; predator_birth, predator_death, prey_birth,
///                    prey_death > 0; predators and prey at `times` equally spaced times
/// two_moons          none; theta_0, theta_1; a point on a crescent (2)
/// mg1                customers; service_minimum > 0, service_range > 0, arrival_rate > 0; quantiles at 0, 25, 50,
///                    75 and 100 % of the times between departures
/// g_and_k            draws; a, b > 0, g, k > 0; the draw, or of several their seven octiles
/// external           command, …; parameter_names; whatever the command answers
// clang-format on
std::unique_ptr<Simulator> make_simulator(const Settings& settings);

}  // namespace ebmpi::simulation
