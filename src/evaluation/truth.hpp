// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "comm/communicator.hpp"
#include "data/synthetic.hpp"
#include "io/dataset_reader.hpp"

namespace ebmpi::evaluation {

/// The density that data were drawn from.
struct Truth {
  std::unique_ptr<data::Density> density;  ///< null where it is not known
  double noise = 0.1;
};

/// Collective. What `text` names: "density:NAME[,noise=S]", of the data's dimension; "none"; or "auto", what
/// the attributes density and noise of the data's file say, as `data generate` writes them. Throws
/// core::InputError on an unknown name, or one that has no value.
Truth find_truth(const comm::Communicator& communicator, const std::string& text,
                 const io::DatasetReader& reader);

/// Collective. log p (N) and its gradient (N, D), by central differences, at x (N, D) in data units, the same
/// on every rank; where the density is 0, not finite.
struct TrueValues {
  std::vector<double> log_densities, scores;
};
TrueValues true_values(const comm::Communicator& communicator, const Truth& truth, std::span<const double> x);

}  // namespace ebmpi::evaluation
