// SPDX-License-Identifier: Apache-2.0
#include "selftest/check.hpp"

#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace ebmpi::selftest {

Tolerance exact() {
  return {0.0, "exact"};
}

Tolerance roundings(int count, double scale) {
  return {0x1p-24 * count * scale, fmt::format("{} roundings", count)};
}

Tolerance standard_errors(double one) {
  return {4.0 * one, "4 standard errors"};
}

double largest_difference(std::span<const double> measured, std::span<const double> wanted) {
  if (measured.size() != wanted.size())
    throw std::invalid_argument(fmt::format("{} numbers to compare with {}", measured.size(), wanted.size()));
  double largest = 0;
  for (std::size_t i = 0; i < measured.size(); ++i) {
    const double difference = std::abs(measured[i] - wanted[i]);
    if (std::isnan(difference)) return difference;
    largest = std::fmax(largest, difference);
  }
  return largest;
}

void CheckList::compare(const std::string& name, double measured, double wanted, const Tolerance& tolerance) {
  compare(name, {&measured, 1}, {&wanted, 1}, tolerance);
}

void CheckList::compare(const std::string& name, std::span<const double> measured,
                        std::span<const double> wanted, const Tolerance& tolerance) {
  checks_.push_back({name, largest_difference(measured, wanted), tolerance.value, tolerance.basis});
}

void CheckList::append(const CheckList& other) {
  checks_.insert(checks_.end(), other.checks_.begin(), other.checks_.end());
}

}  // namespace ebmpi::selftest
