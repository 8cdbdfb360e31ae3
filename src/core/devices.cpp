// SPDX-License-Identifier: Apache-2.0
// The one source file that calls a GPU's own runtime.
#include "core/devices.hpp"

#include <Kokkos_Macros.hpp>
#include <array>
#include <cstddef>
#include <span>

#if defined(KOKKOS_ENABLE_CUDA)
#include <cuda.h>
#include <cuda_runtime.h>
#elif defined(KOKKOS_ENABLE_HIP)
#include <hip/hip_runtime.h>
#endif

namespace ebmpi::core {
namespace {

/// What the runtimes say: counts, bus addresses ("0000:c1:00.0") and the 16 bytes that name a device or,
/// where one is cut into several, its part.
struct Answer {
  int count = 0;
  std::string problem;
};

#if defined(KOKKOS_ENABLE_CUDA)

Answer count_devices() {
  Answer answer;
  const cudaError_t error = cudaGetDeviceCount(&answer.count);
  if (error != cudaSuccess) return {0, std::string("cudaGetDeviceCount: ") + cudaGetErrorString(error)};
  return answer;
}

bool bus_address(std::span<char> text, int device) {
  return cudaDeviceGetPCIBusId(text.data(), static_cast<int>(text.size()), device) == cudaSuccess;
}

bool unique_bytes(std::array<unsigned char, 16>& bytes, int device) {
  CUuuid uuid;
  CUdevice handle;
  if (cuDeviceGet(&handle, device) != CUDA_SUCCESS) return false;
  if (cuDeviceGetUuid(&uuid, handle) != CUDA_SUCCESS) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(uuid.bytes[i]);
  return true;
}

#elif defined(KOKKOS_ENABLE_HIP)

Answer count_devices() {
  Answer answer;
  const hipError_t error = hipGetDeviceCount(&answer.count);
  if (error != hipSuccess) return {0, std::string("hipGetDeviceCount: ") + hipGetErrorString(error)};
  return answer;
}

bool bus_address(std::span<char> text, int device) {
  return hipDeviceGetPCIBusId(text.data(), static_cast<int>(text.size()), device) == hipSuccess;
}

bool unique_bytes(std::array<unsigned char, 16>& bytes, int device) {
  hipUUID uuid;
  hipDevice_t handle;
  if (hipDeviceGet(&handle, device) != hipSuccess) return false;
  if (hipDeviceGetUuid(&uuid, handle) != hipSuccess) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<unsigned char>(uuid.bytes[i]);
  return true;
}

#else

Answer count_devices() {
  return {};
}

bool bus_address(std::span<char>, int) {
  return false;
}

bool unique_bytes(std::array<unsigned char, 16>&, int) {
  return false;
}

#endif

/// Address and bytes together: parts of one device share the address, and a runtime may leave the bytes zero.
std::string name_of(int device) {
  std::array<char, 32> address{};
  std::array<unsigned char, 16> bytes{};
  std::string name = bus_address(address, device) ? address.data() : "device " + std::to_string(device);
  if (!unique_bytes(bytes, device)) return name;
  constexpr char digits[] = "0123456789abcdef";
  name += ' ';
  for (const unsigned char byte : bytes) {
    name += digits[byte / 16];
    name += digits[byte % 16];
  }
  return name;
}

}  // namespace

VisibleDevices visible_devices() {
  const Answer answer = count_devices();
  VisibleDevices devices;
  devices.problem = answer.problem;
  for (int device = 0; device < answer.count; ++device) devices.names.push_back(name_of(device));
  return devices;
}

const char* device_vendor() {
#if defined(KOKKOS_ENABLE_CUDA)
  return "NVIDIA";
#elif defined(KOKKOS_ENABLE_HIP)
  return "AMD";
#else
  return "";
#endif
}

}  // namespace ebmpi::core
