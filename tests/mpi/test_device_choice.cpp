// SPDX-License-Identifier: Apache-2.0
#include <mpi.h>

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>

#include "comm/device_choice.hpp"
#include "core/error.hpp"

using namespace ebmpi;
using comm::agree_on_device;
using comm::DeviceSharing;

// The ranks of a test are on one node.

TEST_CASE("ranks that see all devices of a node take one each", "[comm][devices]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  core::VisibleDevices devices;
  for (int i = 0; i < world.size() + 1; ++i) devices.names.push_back("bus " + std::to_string(i));
  CHECK(agree_on_device(world, devices, DeviceSharing::refused) == world.rank());
}

TEST_CASE("ranks with a device of their own keep it", "[comm][devices]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const core::VisibleDevices devices{{"bus " + std::to_string(world.rank())}, ""};
  CHECK(agree_on_device(world, devices, DeviceSharing::refused) == 0);
}

TEST_CASE("ranks on the same device are refused together, or allowed", "[comm][devices]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const core::VisibleDevices devices{{"the only one"}, ""};
  CHECK(agree_on_device(world, devices, DeviceSharing::allowed) == 0);
  if (world.size() == 1) return;
  CHECK_THROWS_WITH(agree_on_device(world, devices, DeviceSharing::refused),
                    Catch::Matchers::ContainsSubstring("would share 1 GPU (") &&
                        Catch::Matchers::ContainsSubstring("EBMPI_SHARE_GPUS=1"));
}

TEST_CASE("one rank without a device ends all", "[comm][devices]") {
  const comm::Communicator world(MPI_COMM_WORLD);
  const bool last = world.rank() + 1 == world.size();
  const core::VisibleDevices devices =
      last ? core::VisibleDevices{{}, "no device"}
           : core::VisibleDevices{{"bus " + std::to_string(world.rank())}, ""};
  CHECK_THROWS_AS(agree_on_device(world, devices, DeviceSharing::refused), core::InputError);
}
