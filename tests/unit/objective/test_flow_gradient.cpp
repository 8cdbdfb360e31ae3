// SPDX-License-Identifier: Apache-2.0
// What a flow descends: losses and gradients of flow-contrastive estimation and of maximum likelihood against
// PyTorch (tests/golden/flow.json) and against differences of the reported loss.
#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <cmath>
#include <vector>

#include "objective/flow_gradient.hpp"
#include "support/compare.hpp"
#include "support/golden_flow.hpp"
#include "support/jet_sums.hpp"
#include "support/numbers.hpp"
#include "support/plain_network.hpp"
#include "support/tile_runner.hpp"

using namespace ebmpi;
using objective::flow_terms;
using objective::FlowTerm;
using test::GoldenCase;

namespace {

const core::PhiloxKey key = core::stream_key(5, core::Purpose::flow_samples);

template <class Scalar>
struct FlowSums {
  std::vector<double> gradient;  // completed, (P)
  std::vector<double> terms;
  std::vector<std::int64_t> fixed_point;
};

template <class Scalar>
FlowSums<Scalar> flow_sums(const network::Flow<Scalar>& flow, const objective::Rival<Scalar>* rival,
                           const test::JetBatch<Scalar>& batch, test::Task task, int workers = 2) {
  core::FixedPointSum sum(test::flow_slots(flow.layout(), flow_terms), workers);
  for (int attempt = 0; attempt < 2; ++attempt) {
    sum.clear();
    objective::add_flow_gradients(core::ExecutionSpace(), flow.view(), rival, batch, key, task, sum.adder(),
                                  sum.workers());
    sum.collect();
    if (sum.judge(static_cast<std::int64_t>(batch.blocks.extent(0))) == core::FixedPointSum::Verdict::good)
      break;
  }
  FlowSums<Scalar> result;
  std::vector<double> sums;
  for (std::int64_t i = 0; i < sum.values(); ++i)
    (i < flow.layout().size() ? sums : result.terms).push_back(sum.value(i));
  result.fixed_point.assign(sum.sums().begin(), sum.sums().end());
  result.gradient =
      test::completed(flow, sums, result.terms[static_cast<std::size_t>(FlowTerm::volume_weight)]);
  return result;
}

/// Data rows and as many samples of the flow.
template <class Scalar>
test::JetBatch<Scalar> batch_of_both(const core::Rows<Scalar>& samples, std::int64_t rows, int size) {
  auto blocks = test::blocks_of(rows, size);
  for (auto block : test::blocks_of(rows, size, 1)) blocks.push_back(block);
  return test::batch_of<Scalar>(samples, blocks, rows);
}

network::MlpShape rival_shape(int dimension) {
  network::MlpShape shape{dimension, {4}, network::Activation::tanh};
  shape.log_normalizer = network::LogNormalizer::learned;
  return shape;
}

std::vector<double> mean_of(std::vector<double> sums, double rows) {
  for (double& value : sums) value /= rows;
  return sums;
}

template <class Scalar>
void check_golden(const GoldenCase& golden, int size) {
  const double tolerance = sizeof(Scalar) == 8 ? 1e-10 : 2e-4, rows = static_cast<double>(golden.rows);
  INFO(golden.name << ", " << 8 * sizeof(Scalar) << " bits, blocks of " << size);
  const auto flow = test::flow_with<Scalar>(test::flow_shape_of(golden), golden["parameters"]);
  auto energy = golden["energy_parameters"];
  energy.push_back(golden["log_normalizer"][0]);
  const auto mlp = test::mlp_with<Scalar>(rival_shape(flow.shape().dimension), energy);
  const auto rival = mlp.view();
  const auto samples = test::to_rows(test::converted<Scalar>(golden["x"]), golden["x"].size() / golden.rows);
  const auto batch = batch_of_both<Scalar>(samples, static_cast<std::int64_t>(golden.rows), size);

  const auto contrast = flow_sums<Scalar>(flow, &rival, batch, test::Task::gradient);
  CHECK(std::abs(objective::report_flow_contrast(contrast.terms, rows).loss - golden["contrast_loss"][0]) <
        tolerance);
  CHECK(test::worst_error(mean_of(contrast.gradient, rows), golden["contrast_gradient"]) < tolerance);

  const auto data =
      test::batch_of<Scalar>(samples, test::blocks_of(static_cast<std::int64_t>(golden.rows), size));
  const auto likelihood = flow_sums<Scalar>(flow, nullptr, data, test::Task::gradient);
  CHECK(std::abs(objective::report_flow_likelihood(likelihood.terms, rows).loss -
                 golden["likelihood_loss"][0]) < tolerance);
  CHECK(test::worst_error(mean_of(likelihood.gradient, rows), golden["likelihood_gradient"]) < tolerance);
}

}  // namespace

TEST_CASE("a flow's losses and gradients are PyTorch's", "[objective][flow]") {
  for (const auto& golden : test::golden_flow_cases()) {
    for (const int size : {64, 2}) {
      check_golden<double>(golden, size);
      check_golden<float>(golden, size);
    }
  }
}

TEST_CASE("a flow's gradient is the slope of the loss that it reports", "[objective][flow]") {
  constexpr std::int64_t rows = 70;
  for (const auto mixing : {network::Mixing::linear, network::Mixing::permutation}) {
    const network::FlowShape shape{3, 3, {5}, network::Activation::silu, mixing};
    const auto parameters =
        test::arbitrary_numbers(static_cast<std::size_t>(network::flow_layout(shape).size()), 8, 0.4);
    const auto samples = test::to_rows(test::arbitrary_numbers(rows * 3, 6, 2.0), 3);
    const auto batch = batch_of_both<double>(samples, rows, core::tile_size);
    const auto mlp = test::mlp_with<double>(
        rival_shape(3), test::arbitrary_numbers(
                            static_cast<std::size_t>(network::mlp_layout(rival_shape(3)).size()), 7, 0.9));
    const auto rival = mlp.view();
    const auto sums =
        flow_sums<double>(test::flow_with<double>(shape, parameters), &rival, batch, test::Task::gradient);
    double worst = 0;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const auto value = [&](double offset) {
        auto moved = parameters;
        moved[i] += offset;
        const auto there =
            flow_sums<double>(test::flow_with<double>(shape, moved), &rival, batch, test::Task::loss);
        // The loss reported is -V, and the flow descends V.
        return -there.terms[static_cast<std::size_t>(FlowTerm::loss)];
      };
      worst = std::max(worst, std::abs(test::slope_of(value, 1e-3) - sums.gradient[i]) / rows);
    }
    CHECK(worst < 1e-9);
  }
}

TEST_CASE("a flow's sums do not depend on the workers", "[objective][flow]") {
  constexpr std::int64_t rows = 300;
  const network::FlowShape shape{4, 3, {6}};
  const auto flow = test::flow_with<float>(
      shape, test::arbitrary_numbers(static_cast<std::size_t>(network::flow_layout(shape).size()), 8, 0.4));
  const auto samples = test::to_rows(test::converted<float>(test::arbitrary_numbers(rows * 4, 6, 2.0)), 4);
  const auto batch = batch_of_both<float>(samples, rows, core::tile_size);
  const auto one = flow_sums<float>(flow, nullptr, batch, test::Task::gradient, 1);
  const auto three = flow_sums<float>(flow, nullptr, batch, test::Task::gradient, 3);
  CHECK(one.fixed_point == three.fixed_point);
}
