// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "objective/denoising.hpp"
#include "objective/score_matching.hpp"
#include "selftest/isotropic_fit.hpp"

// What theory says of each objective, on samples of N(0, I) and E = ½a‖x‖² (or s = -ax): its loss in closed
// form at some a, where its minimum lies, and that its gradient is that of its loss. The objective is handed
// in, so that a wrong one can be shown to fail.

namespace ebmpi::selftest {

using objective::Objective;

/// Score matching, of an energy or a score network: ½a²‖x‖² - aD for each row, minimum at 1; along random
/// directions in the mean.
void check_score_matching(CheckList& list, const std::string& name, const Objective<float>& objective,
                          const objective::ScoreMatchingSettings& settings, int dimension,
                          Isotropic network = Isotropic::energy);

/// Denoising score matching: minimum at 1/(1 + σ²), or its weighted mean over several σ.
void check_denoising(CheckList& list, const std::string& name, const Objective<float>& objective,
                     const objective::DenoisingSettings& settings, int dimension,
                     Isotropic network = Isotropic::energy);

/// Contrastive divergence: ½a times the difference of the mean squares of data and negatives.
void check_contrastive_divergence(CheckList& list, const std::string& name, const Objective<float>& objective,
                                  int dimension);

/// Binary noise contrast with known noise: minimum at a = 1, c = -log Z.
void check_noise_contrast(CheckList& list, const std::string& name, const Objective<float>& objective,
                          int ratio, int dimension);

/// Ranking with known noise: minimum at 1.
void check_ranking(CheckList& list, const std::string& name, const Objective<float>& objective, int ratio,
                   int dimension);

/// Conditional noise contrast with steps of standard deviation `scale`: minimum at 1, and closed forms at 0.
void check_conditional(CheckList& list, const std::string& name, const Objective<float>& objective, int ratio,
                       double scale, int dimension);

/// Energy discrepancy. At w = 1 the minimum is at 1 for any number M of perturbations: given x + √t ξ the row
/// has the density p(x) N(x; ·, t) where its perturbations have N(·, t), so that the loss ranks with exact
/// noise. `at_zero` may have another w; it is evaluated at a = 0, where the loss is log((w + M)/M).
void check_energy_discrepancy(CheckList& list, const std::string& name, const Objective<float>& objective,
                              const Objective<float>& at_zero, double stabilization_at_zero, double time,
                              int perturbations, int dimension);

/// All of them as the program builds them, at every dimension; and the penalties λE² and μ‖∇E‖².
CheckList score_matching_checks();
CheckList denoising_checks();
CheckList contrast_checks();
CheckList penalty_checks();

}  // namespace ebmpi::selftest
