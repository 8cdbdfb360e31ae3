// SPDX-License-Identifier: Apache-2.0
#include "io/row_access.hpp"

namespace ebmpi::io {

namespace {

constexpr std::size_t least_chunk_cache = std::size_t{1} << 20;  // HDF5's default
constexpr std::size_t largest_chunk_cache = std::size_t{1} << 26;

/// Bytes of a chunk in memory; 0 without chunks.
std::size_t chunk_bytes(std::int64_t data_set) {
  const Handle properties(H5Dget_create_plist(data_set), H5Pclose);
  if (H5Pget_layout(properties.id()) != H5D_CHUNKED) return 0;
  hsize_t extents[H5S_MAX_RANK] = {};
  const int dimensions = H5Pget_chunk(properties.id(), H5S_MAX_RANK, extents);
  const Handle type(H5Dget_type(data_set), H5Tclose);
  std::size_t bytes = H5Tget_size(type.id());
  for (int i = 0; i < dimensions; ++i) bytes *= static_cast<std::size_t>(extents[i]);
  return bytes;
}

}  // namespace

Handle open_rows(std::int64_t file, const std::string& path) {
  Handle data_set(H5Dopen2(file, path.c_str(), H5P_DEFAULT), H5Dclose);
  const std::size_t bytes = data_set ? chunk_bytes(data_set.id()) : 0;
  if (bytes <= least_chunk_cache || bytes > largest_chunk_cache) return data_set;
  const Handle access(H5Pcreate(H5P_DATASET_ACCESS), H5Pclose);
  H5Pset_chunk_cache(access.id(), H5D_CHUNK_CACHE_NSLOTS_DEFAULT, bytes, H5D_CHUNK_CACHE_W0_DEFAULT);
  data_set.close();  // one that is open already would keep its cache
  return Handle(H5Dopen2(file, path.c_str(), access.id()), H5Dclose);
}

std::vector<std::int64_t> stored_chunk(std::int64_t data_set, std::size_t dimensions) {
  const Handle properties(H5Dget_create_plist(data_set), H5Pclose);
  std::vector<hsize_t> extents(dimensions, 1);
  if (H5Pget_layout(properties.id()) == H5D_CHUNKED)
    H5Pget_chunk(properties.id(), static_cast<int>(dimensions), extents.data());
  return {extents.begin(), extents.end()};
}

Selection select_block(const std::vector<std::int64_t>& shape, const std::vector<std::int64_t>& start,
                       const std::vector<std::int64_t>& count) {
  const auto dimensions = static_cast<int>(shape.size());
  const std::vector<hsize_t> extents(shape.begin(), shape.end());
  const std::vector<hsize_t> first(start.begin(), start.end());
  const std::vector<hsize_t> block(count.begin(), count.end());
  Selection selection{Handle(H5Screate_simple(dimensions, extents.data(), nullptr), H5Sclose),
                      Handle(H5Screate_simple(dimensions, block.data(), nullptr), H5Sclose)};
  if (element_count(count) == 0) {
    H5Sselect_none(selection.file_space.id());
    H5Sselect_none(selection.memory_space.id());
  } else {
    H5Sselect_hyperslab(selection.file_space.id(), H5S_SELECT_SET, first.data(), nullptr, block.data(),
                        nullptr);
  }
  return selection;
}

Selection select_rows(const std::vector<std::int64_t>& shape, std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> start(shape.size(), 0);
  std::vector<std::int64_t> block = shape;
  start[0] = first;
  block[0] = count;
  return select_block(shape, start, block);
}

}  // namespace ebmpi::io
