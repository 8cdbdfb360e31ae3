// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <string>
#include <vector>

#include "comm/device_choice.hpp"
#include "comm/device_memory.hpp"
#include "core/devices.hpp"

using ebmpi::comm::assign_devices;
using ebmpi::comm::DeviceSharing;

namespace {

using Names = std::vector<std::string>;
using Seen = std::vector<Names>;

Seen all_see(std::size_t ranks, const Names& names) {
  return Seen(ranks, names);
}

/// How many ranks compute on each piece of hardware.
std::map<std::string, int> load(const Seen& seen, const std::vector<int>& taken) {
  std::map<std::string, int> ranks;
  for (std::size_t i = 0; i < taken.size(); ++i) ++ranks[seen[i].at(static_cast<std::size_t>(taken[i]))];
  return ranks;
}

}  // namespace

TEST_CASE("ranks that see the same devices take them in order", "[comm][devices]") {
  CHECK(assign_devices(all_see(4, {"A", "B", "C", "D"}), DeviceSharing::refused) == std::vector{0, 1, 2, 3});
  CHECK(assign_devices(all_see(2, {"A", "B", "C", "D"}), DeviceSharing::refused) == std::vector{0, 1});
  CHECK(assign_devices(all_see(1, {"A"}), DeviceSharing::refused) == std::vector{0});
}

TEST_CASE("a device for each rank from the scheduler is kept, the same one twice refused",
          "[comm][devices]") {
  CHECK(assign_devices(Seen{{"A"}, {"B"}, {"C"}}, DeviceSharing::refused) == std::vector{0, 0, 0});
  CHECK(assign_devices(Seen{{"A"}, {"B"}, {"A"}}, DeviceSharing::refused).empty());
  CHECK(assign_devices(all_see(2, {"A"}), DeviceSharing::refused).empty());
}

TEST_CASE("more ranks than devices are refused, or spread evenly where that is allowed", "[comm][devices]") {
  const Seen seen = all_see(5, {"A", "B"});
  CHECK(assign_devices(seen, DeviceSharing::refused).empty());
  const auto taken = assign_devices(seen, DeviceSharing::allowed);
  CHECK(taken == std::vector{0, 1, 0, 1, 0});
  CHECK(assign_devices(Seen{{"A"}, {"A"}, {"B"}}, DeviceSharing::allowed) == std::vector{0, 0, 0});
}

TEST_CASE("sharing is used only where it is needed", "[comm][devices]") {
  CHECK(assign_devices(all_see(3, {"A", "B", "C"}), DeviceSharing::allowed) == std::vector{0, 1, 2});
}

TEST_CASE("lists that overlap are matched where that is possible at all", "[comm][devices]") {
  // Each later rank can only have what those before it would take first.
  const Seen seen{{"A", "B"}, {"B", "A", "C"}, {"A"}, {"B"}};
  const auto taken = assign_devices(seen, DeviceSharing::refused);
  CHECK(taken.empty());  // four ranks, three devices
  const Seen four{{"A", "B"}, {"B", "C"}, {"C", "D", "A"}, {"A"}};
  const auto matched = assign_devices(four, DeviceSharing::refused);
  REQUIRE(matched.size() == 4);
  for (const auto& [name, ranks] : load(four, matched)) {
    INFO(name);
    CHECK(ranks == 1);
  }
}

TEST_CASE("a build for CPUs has no device to choose and host memory to send", "[comm][devices]") {
  if (*ebmpi::core::device_vendor() != '\0') SKIP("this build is for GPUs");
  const ebmpi::comm::Communicator self(MPI_COMM_SELF);
  CHECK_FALSE(ebmpi::comm::choose_device(self).has_value());
  CHECK(ebmpi::comm::device_memory_is_accepted(self));
}

TEST_CASE("a rank without a device leaves nobody with one", "[comm][devices]") {
  CHECK(assign_devices(Seen{{"A"}, {}}, DeviceSharing::refused).empty());
  CHECK(assign_devices(Seen{{"A"}, {}}, DeviceSharing::allowed).empty());
}
