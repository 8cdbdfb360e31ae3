// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <set>
#include <string>
#include <vector>

#include "training/metrics.hpp"

namespace ebmpi::training {

/// Watches the negatives. Short chains that do not mix are no estimate of the gradient: the energy that they
/// train can be wrong by any amount while the loss looks quiet. Signs show it, each judged on the mean over
/// the last lines of metrics, since one line sees one batch of chains only:
///  - equipartition: in equilibrium (x - c)·∇E averages D·T for every energy (partial integration);
///  - overlap: the energies of data and chains should be alike up to their spread;
///  - range: the chains should be where data can be;
///  - acceptance: with a Metropolis test, some proposals should be accepted;
/// and others that a sampler is not at its best: nearly all proposals accepted, few exchanges of
/// temperatures, persistent chains that stay apart from each other.
class ChainHealth {
public:
  /// Takes in a line of metrics; returns the warnings that are new.
  std::vector<std::string> look(const Metrics& metrics);
  /// At the end of a run: a warning where the last lines still show a sign of failure, else nothing.
  std::vector<std::string> verdict() const;

private:
  enum class Sign { equipartition, overlap, range, stuck, short_steps, exchange, mixing };
  using Found = std::vector<std::pair<Sign, std::string>>;

  Found signs() const;
  void add_equilibrium(Found& found) const;
  void add_acceptance(Found& found) const;
  void add_mixing(Found& found) const;

  std::deque<Metrics> recent_;
  std::set<Sign> warned_;
};

}  // namespace ebmpi::training
