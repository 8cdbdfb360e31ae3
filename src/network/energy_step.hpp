// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace ebmpi::network {

/// How an energy is put together from parts, step by step, as a calculator for reverse notation would: a sum
/// or a mixture is opened, its members come, each a part or again a sum or a mixture, and it is closed.
///     sum       E = Σ_i w_i E_i                              a product of experts
///     mixture   E = -log Σ_i exp(s_i - w_i E_i)              s_i = log π_i - log Z_i
/// Hinton 2002, doi:10.1162/089976602760128018; Du, Li and Mordatch 2020, arXiv 2004.06030.
struct EnergyStep {
  enum class What : std::int64_t { open_sum = 0, open_mixture = 1, part = 2, close = 3 };

  What what = What::part;
  std::int64_t part = 0;   ///< number of the part
  double weight = 1.0;     ///< w, of a part or of what is closed, in what it is a member of
  double log_share = 0.0;  ///< s, where that is a mixture
};

/// Sums and mixtures inside one another at most.
inline constexpr int deepest_energy = 8;

/// Throws std::invalid_argument where the steps do not open and close in order, a sum or a mixture is empty,
/// there is more than one energy or none, a part does not exist, or they are nested too deeply.
void check_steps(const std::vector<EnergyStep>& steps, std::int64_t parts);

/// The steps of a sum or a mixture of whole energies, whose steps are `members`; the parts of each are
/// counted on from those before. `weights` and `log_shares` (one for each member); the latter may be empty
/// for a sum.
std::vector<EnergyStep> combine(EnergyStep::What open, const std::vector<std::vector<EnergyStep>>& members,
                                const std::vector<double>& weights, const std::vector<double>& log_shares);

}  // namespace ebmpi::network
