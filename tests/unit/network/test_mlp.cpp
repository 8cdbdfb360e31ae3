// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "core/random.hpp"
#include "network/mlp.hpp"
#include "support/views.hpp"

using namespace ebmpi;
using network::MlpShape;

TEST_CASE("the flat buffer holds PyTorch's tensors in PyTorch's order", "[network][mlp]") {
  const MlpShape shape{3, {5, 4}};
  CHECK(shape.layers() == 3);
  CHECK(shape.weights() == 15 + 20 + 4);
  const auto layout = network::mlp_layout(shape);
  const auto& tensors = layout.tensors();
  REQUIRE(tensors.size() == 6);
  CHECK(layout.size() == 39 + 5 + 4 + 1);
  CHECK(tensors[0].name == "layers.0.weight");
  CHECK(tensors[0].shape == std::vector<std::int64_t>{5, 3});
  CHECK(tensors[0].offset == 0);
  CHECK(tensors[3].name == "layers.1.bias");
  CHECK(tensors[3].shape == std::vector<std::int64_t>{4});
  CHECK(tensors[3].offset == 15 + 5 + 20);
  CHECK(tensors[4].name == "layers.2.weight");
  CHECK(tensors[4].shape == std::vector<std::int64_t>{1, 4});
}

TEST_CASE("several outputs and a log normalizer have their place in the buffer", "[network][mlp]") {
  MlpShape shape{3, {5}, network::Activation::silu, 3};
  CHECK(shape.weights() == 15 + 15);
  CHECK(network::mlp_layout(shape).tensors().back().shape == std::vector<std::int64_t>{3});
  shape.log_normalizer = network::LogNormalizer::learned;
  const auto layout = network::mlp_layout(shape);
  REQUIRE(layout.tensors().size() == 5);
  CHECK(layout.tensors()[4].name == "log_normalizer");
  CHECK(layout.tensors()[4].shape == std::vector<std::int64_t>{1});
  CHECK(layout.tensors()[4].offset == 15 + 5 + 15 + 3);
  network::Mlp<double> mlp(shape);
  mlp.initialize(3);
  const auto view = mlp.view();
  CHECK(view.tensors == 5);
  CHECK(view.log_normalizer_index == 38);
  CHECK(view.log_normalizer == mlp.parameters().data() + 38);
  CHECK(test::to_host(mlp.parameters()).back() == 0.0);
}

TEST_CASE("the initial parameters are uniform within 1/sqrt(inputs) of each layer", "[network][mlp]") {
  network::Mlp<double> mlp({9, {400, 64}});
  mlp.initialize(42);
  const auto parameters = test::to_host(mlp.parameters());
  const double inputs[] = {9, 9, 400, 400, 64, 64};
  for (std::size_t i = 0; i < 6; ++i) {
    const auto& tensor = mlp.layout().tensors()[i];
    const double bound = 1 / std::sqrt(inputs[i]);
    const auto n = static_cast<double>(tensor.size());
    double largest = 0, mean = 0, square = 0;
    for (std::int64_t k = tensor.offset; k < tensor.offset + tensor.size(); ++k) {
      largest = std::fmax(largest, std::abs(parameters[k]));
      mean += parameters[k] / n;
      square += parameters[k] * parameters[k] / n;
    }
    INFO(tensor.name);
    CHECK(largest <= bound);
    if (n < 50) continue;
    // Variance bound²/3, and that of the square 4 bound⁴/45: 4 standard errors each.
    CHECK(std::abs(mean) < 4 * bound / std::sqrt(3 * n));
    CHECK(std::abs(square - bound * bound / 3) < 4 * bound * bound * std::sqrt(4 / (45 * n)));
  }
}

TEST_CASE("an initial parameter is a function of the seed and its position", "[network][mlp]") {
  network::Mlp<double> wide({9, {40}}), other({9, {40}});
  network::Mlp<float> narrow({9, {40}});
  wide.initialize(1);
  narrow.initialize(1);
  other.initialize(2);
  const auto a = test::to_host(wide.parameters()), b = test::to_host(other.parameters());
  const auto c = test::to_host(narrow.parameters());
  int same = 0, rounded = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    same += a[i] == b[i];
    rounded += c[i] == static_cast<float>(a[i]);
  }
  CHECK(same == 0);
  CHECK(rounded == static_cast<int>(a.size()));
  const auto bits = core::draw(core::stream_key(1, core::Purpose::initial_parameters), 17, 0, 0);
  CHECK(a[17] == (2 * core::uniform<double>(bits.word[0]) - 1) / 3);
}
