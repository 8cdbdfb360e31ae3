// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "training/model.hpp"

namespace ebmpi::training {

/// How models are combined.
enum class CombinationKind {
  product,  ///< E = Σ w_i E_i/T_i; a negative weight means "and not"
  mixture   ///< E = -log Σ π_i exp(-E_i/T_i - log Z_i)
};

/// One model of a combination.
struct Member {
  double weight = 1.0;  ///< w of a product, of any sign; π of a mixture, > 0, normalised here
  double log_z = 0.0;   ///< of exp(-E_i/T_i), in the units of the data; of a mixture
};

/// The combination of whole models, each with its networks, as one model at temperature 1 over the same data
/// space. Its model space is that of the first, without projection unless all have the same one. Throws
/// core::InputError where the dimensions differ, one is a score network, or one knows only a projection of
/// the data that the others do not share, so that there is no density.
template <class Scalar>
Model<Scalar> combine_models(CombinationKind kind, const std::vector<Model<Scalar>>& models,
                             const std::vector<Member>& members);

/// The same density raised to the power 1/T: E/T at temperature 1.
template <class Scalar>
Model<Scalar> tempered(const Model<Scalar>& model, double temperature);

/// Collective. A file that MODEL may name like a checkpoint; src/io/README.md has the format. `description`
/// says to people what it was made from.
template <class Scalar>
void write_combination(const comm::Communicator& communicator, const std::string& path,
                       const Model<Scalar>& model, const std::string& description);

/// Collective. Throws core::FileError where the file is damaged.
template <class Scalar>
Model<Scalar> read_combination(const comm::Communicator& communicator, const std::string& path);

}  // namespace ebmpi::training
