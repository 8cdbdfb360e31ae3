// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

namespace ebmpi::selftest {

/// One number that is known beforehand, and how far off it was.
struct Check {
  std::string name;  ///< "subject: what", with the dimension in the subject where there are several
  double error = 0;  ///< largest deviation found, >= 0 or NaN
  double tolerance = 0;
  std::string basis;  ///< where the tolerance comes from
  int rank = 0;       ///< the lowest rank that found `error`

  /// A NaN does not pass.
  bool passed() const { return error <= tolerance; }
};

/// How far a right result may be off, and why.
struct Tolerance {
  double value = 0;
  std::string basis;
};

/// Whole numbers and bits.
Tolerance exact();
/// As many roundings to float one after another, each of half a unit in the last place, of numbers of
/// magnitude `scale` or less (Higham 2002, doi:10.1137/1.9780898718027, lemma 3.1).
Tolerance roundings(int count, double scale);
/// Four standard errors of a mean of random numbers: a right program exceeds them once in 16000 checks. The
/// numbers are pure functions of a fixed seed, so it does so always or never.
Tolerance standard_errors(double one);

/// The largest |measured - wanted|; NaN where any of them is.
double largest_difference(std::span<const double> measured, std::span<const double> wanted);

/// Checks in the order in which they were made.
class CheckList {
public:
  void compare(const std::string& name, double measured, double wanted, const Tolerance& tolerance);
  /// Throws std::invalid_argument where the lengths differ.
  void compare(const std::string& name, std::span<const double> measured, std::span<const double> wanted,
               const Tolerance& tolerance);
  void append(const CheckList& other);

  const std::vector<Check>& checks() const { return checks_; }

private:
  std::vector<Check> checks_;
};

}  // namespace ebmpi::selftest
