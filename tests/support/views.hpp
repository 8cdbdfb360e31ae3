// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <Kokkos_Core.hpp>
#include <vector>

#include "core/tile_rows.hpp"

// Between the tests' host vectors and the Views that the code under test reads.

namespace ebmpi::test {

template <class Value>
using Buffer = Kokkos::View<Value*, core::MemorySpace>;

template <class Value>
void copy_to(const std::vector<Value>& from, const Buffer<Value>& to) {
  const auto host = Kokkos::create_mirror_view(to);
  for (std::size_t i = 0; i < from.size(); ++i) host(i) = from[i];
  Kokkos::deep_copy(to, host);
}

/// (N) on the device.
template <class Value>
Buffer<Value> to_device(const std::vector<Value>& values) {
  const Buffer<Value> view("ebmpi::test::buffer", values.size());
  copy_to(values, view);
  return view;
}

/// (N) on the host.
template <class View>
auto to_host(const View& view) {
  Kokkos::fence();
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), view);
  return std::vector<typename View::non_const_value_type>(host.data(), host.data() + host.extent(0));
}

/// Row-major (N, D) on the device.
template <class Scalar>
core::Rows<Scalar> to_rows(const std::vector<Scalar>& values, std::size_t dimension) {
  const core::Rows<Scalar> rows("ebmpi::test::rows", values.size() / dimension, dimension);
  const auto host = Kokkos::create_mirror_view(rows);
  for (std::size_t i = 0; i < values.size(); ++i) host(i / dimension, i % dimension) = values[i];
  Kokkos::deep_copy(rows, host);
  return rows;
}

/// Row-major (N · D) on the host.
template <class Scalar>
std::vector<Scalar> from_rows(const core::Rows<Scalar>& rows) {
  Kokkos::fence();
  const auto host = Kokkos::create_mirror_view_and_copy(Kokkos::HostSpace(), rows);
  std::vector<Scalar> values;
  for (std::size_t i = 0; i < host.extent(0); ++i) {
    for (std::size_t d = 0; d < host.extent(1); ++d) values.push_back(host(i, d));
  }
  return values;
}

template <class To, class From>
std::vector<To> converted(const std::vector<From>& values) {
  return std::vector<To>(values.begin(), values.end());
}

}  // namespace ebmpi::test
