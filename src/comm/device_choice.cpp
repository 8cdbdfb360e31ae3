// SPDX-License-Identifier: Apache-2.0
#include "comm/device_choice.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include "core/error.hpp"

namespace ebmpi::comm {
namespace {

using Names = std::vector<std::string>;

/// Matches ranks to devices one rank after another; a rank that finds its devices taken asks their owners to
/// move (augmenting paths: Kuhn 1955, doi:10.1002/nav.3800020109).
class Matching {
public:
  explicit Matching(std::span<const Names> seen) : seen_(seen), taken_(seen.size(), nothing) {}

  bool place(std::size_t rank) {
    std::set<std::string> asked;
    return place(rank, asked);
  }
  const std::vector<int>& taken() const { return taken_; }

private:
  static constexpr int nothing = -1;

  bool place(std::size_t rank, std::set<std::string>& asked) {
    const Names& names = seen_[rank];
    for (std::size_t device = 0; device < names.size(); ++device) {
      if (owner_.count(names[device]) == 0) return take(rank, device);
    }
    for (std::size_t device = 0; device < names.size(); ++device) {
      if (!asked.insert(names[device]).second) continue;
      if (place(owner_.at(names[device]), asked)) return take(rank, device);
    }
    return false;
  }

  bool take(std::size_t rank, std::size_t device) {
    owner_[seen_[rank][device]] = rank;
    taken_[rank] = static_cast<int>(device);
    return true;
  }

  std::span<const Names> seen_;
  std::vector<int> taken_;
  std::map<std::string, std::size_t> owner_;
};

/// Each rank takes the device of its list that the fewest before it have.
std::vector<int> share_evenly(std::span<const Names> seen) {
  std::map<std::string, int> load;
  std::vector<int> taken;
  for (const Names& names : seen) {
    const auto lighter = [&](const std::string& a, const std::string& b) { return load[a] < load[b]; };
    const auto chosen = std::min_element(names.begin(), names.end(), lighter);
    ++load[*chosen];
    taken.push_back(static_cast<int>(chosen - names.begin()));
  }
  return taken;
}

bool variable_is_one(const char* name) {
  const char* const value = std::getenv(name);
  return value != nullptr && std::strcmp(value, "1") == 0;
}

std::string joined(const Names& names) {
  std::string text;
  for (const std::string& name : names) text += name + '\n';
  return text;
}

Names split(const std::string& text) {
  Names names;
  for (std::size_t first = 0; first < text.size();) {
    const std::size_t end = text.find('\n', first);
    names.push_back(text.substr(first, end - first));
    first = end + 1;
  }
  return names;
}

/// The ranks that share this one's memory, and so its GPUs.
struct Node {
  std::vector<Names> seen;  // by each of them, in the order of their ranks
  std::size_t place = 0;    // of this rank among them
};

Node look_around(const Communicator& communicator, const Names& own) {
  MPI_Comm handle = MPI_COMM_NULL;
  MPI_Comm_split_type(communicator.handle(), MPI_COMM_TYPE_SHARED, communicator.rank(), MPI_INFO_NULL,
                      &handle);
  Node found;
  {
    const Communicator node(handle);
    for (const std::string& text : node.gather_all(joined(own))) found.seen.push_back(split(text));
    found.place = static_cast<std::size_t>(node.rank());
  }
  MPI_Comm_free(&handle);
  return found;
}

std::string host_name() {
  char name[MPI_MAX_PROCESSOR_NAME] = {};
  int length = 0;
  MPI_Get_processor_name(name, &length);
  return {name, static_cast<std::size_t>(length)};
}

std::size_t distinct_devices(std::span<const Names> seen) {
  std::set<std::string> all;
  for (const Names& names : seen) all.insert(names.begin(), names.end());
  return all.size();
}

void require_a_device(const core::VisibleDevices& devices, int rank) {
  if (!devices.names.empty()) return;
  const std::string vendor = core::device_vendor();
  throw core::InputError("rank " + std::to_string(rank) + " sees no GPU on " + host_name() +
                         " (this program was built for " + vendor + " GPUs; " +
                         (devices.problem.empty() ? "none is visible" : devices.problem) +
                         "); run it where there is one, ask the scheduler for one per rank "
                         "(--gpus-per-task=1), or use a build for CPUs");
}

[[noreturn]] void refuse_sharing(std::size_t ranks, std::size_t devices) {
  throw core::InputError(
      std::to_string(ranks) + " ranks on " + host_name() + " would share " + std::to_string(devices) +
      (devices == 1 ? " GPU" : " GPUs") +
      " (each rank needs one of its own: on a shared one they only take turns); start one rank per GPU "
      "(--ntasks-per-node, --gpus-per-task=1), or set EBMPI_SHARE_GPUS=1 where sharing is meant, as with "
      "MPS");
}

}  // namespace

std::vector<int> assign_devices(std::span<const Names> seen, DeviceSharing sharing) {
  if (std::any_of(seen.begin(), seen.end(), [](const Names& names) { return names.empty(); })) return {};
  Matching matching(seen);
  for (std::size_t rank = 0; rank < seen.size(); ++rank) {
    if (matching.place(rank)) continue;
    return sharing == DeviceSharing::allowed ? share_evenly(seen) : std::vector<int>{};
  }
  return matching.taken();
}

int agree_on_device(const Communicator& communicator, const core::VisibleDevices& own,
                    DeviceSharing sharing) {
  communicator.together([&] { require_a_device(own, communicator.rank()); });
  const Node node = look_around(communicator, own.names);
  std::vector<int> taken;
  communicator.together([&] {
    taken = assign_devices(node.seen, sharing);
    if (taken.empty()) refuse_sharing(node.seen.size(), distinct_devices(node.seen));
  });
  return taken[node.place];
}

std::optional<int> choose_device(const Communicator& communicator) {
  if (*core::device_vendor() == '\0') return std::nullopt;
  const DeviceSharing sharing =
      variable_is_one("EBMPI_SHARE_GPUS") ? DeviceSharing::allowed : DeviceSharing::refused;
  return agree_on_device(communicator, core::visible_devices(), sharing);
}

}  // namespace ebmpi::comm
