// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "comm/shards.hpp"
#include "core/tile_rows.hpp"
#include "training/model.hpp"

namespace ebmpi::evaluation {

/// Steps for which the noise of a chain runs on; then a new segment of it begins. Chains that stop at the end
/// of a segment can go on as if they had not stopped.
inline constexpr std::int64_t segment_steps = 100;

/// Langevin chains in a trained energy.
struct ChainSettings {
  std::int64_t steps = 1000;
  double step_size = 0.01;         ///< η, in model space
  double temperature = 1.0;        ///< T of exp(-E/T)
  double gradient_clip = 0.0;      ///< bound on ‖∇E‖; 0 is none
  std::uint64_t seed = 1;          ///< chooses the noise, with the chain's number
  std::int64_t segments_done = 0;  ///< of noise, that earlier runs of the same chains have used
  /// Noise levels to go down, each for `steps` steps of η (σ/σ_last)² (annealed Langevin, Song and Ermon
  /// 2019, arXiv 1907.05600); none: `steps` steps at the model's own.
  std::vector<double> sigmas = {};
};

/// Model-space positions (rows, K) of this rank's chains with the global numbers `rows`. Each from the noise
/// distribution that training used: normal, with the mean and standard deviation of the training data.
template <class Scalar>
core::Rows<Scalar> start_from_noise(const training::Model<Scalar>& model, std::uint64_t seed,
                                    comm::IndexRange rows);

/// Collective. Chain i from row i mod C of a data set (C, K) in model space: persistent chains of a
/// checkpoint, or chains to be continued. Throws core::FileError.
template <class Scalar>
core::Rows<Scalar> start_from_file(const comm::Communicator& communicator,
                                   const training::Model<Scalar>& model, const std::string& file,
                                   const std::string& data_set, comm::IndexRange rows);

/// Advances the chains `x` (rows, K) in place and returns how many segments of noise they have used in all.
/// Chain i is a pure function of its start, the settings and i. Collective: throws core::DivergenceError on
/// every rank where a chain left the range of numbers.
template <class Scalar>
std::int64_t run_chains(const comm::Communicator& communicator, const training::Model<Scalar>& model,
                        const ChainSettings& settings, comm::IndexRange rows, const core::Rows<Scalar>& x);

/// Where the chains are.
template <class Scalar>
struct ChainEnds {
  std::vector<Scalar> model_x;  ///< (rows, K)
  std::vector<Scalar> x;        ///< (rows, D), in data units
  std::vector<Scalar> energy;   ///< (rows)
};

template <class Scalar>
ChainEnds<Scalar> chain_ends(const training::Model<Scalar>& model, const core::Rows<Scalar>& x);

}  // namespace ebmpi::evaluation
