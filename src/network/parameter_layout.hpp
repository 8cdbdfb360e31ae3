// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ebmpi::network {

/// One tensor in the flat parameter buffer, with the name and shape that PyTorch gives it.
struct ParameterTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::int64_t offset = 0;

  std::int64_t size() const {
    std::int64_t product = 1;
    for (const std::int64_t extent : shape) product *= extent;
    return product;
  }
};

/// Where each named tensor lies in the flat buffer of all parameters.
class ParameterLayout {
public:
  /// Appends a tensor and returns its number.
  int append(std::string name, std::vector<std::int64_t> shape) {
    tensors_.push_back({std::move(name), std::move(shape), size_});
    size_ += tensors_.back().size();
    return static_cast<int>(tensors_.size()) - 1;
  }

  const std::vector<ParameterTensor>& tensors() const { return tensors_; }
  std::int64_t size() const { return size_; }

private:
  std::vector<ParameterTensor> tensors_;
  std::int64_t size_ = 0;
};

}  // namespace ebmpi::network
