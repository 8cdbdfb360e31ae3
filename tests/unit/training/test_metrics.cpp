// SPDX-License-Identifier: Apache-2.0
#include "training/metrics.hpp"

#include <algorithm>
#include <catch2/catch_test_macros.hpp>
#include <map>
#include <sstream>

using namespace ebmpi;

TEST_CASE("Each column of metrics.csv holds what its name says", "[training]") {
  training::Metrics metrics;
  metrics.step = 1200;
  metrics.loss = {0.1, {{"energy_data", -0.25}, {"energy_gap", -0.75}}};
  metrics.validation_energy = -3.0;
  metrics.score_norm = 1.75;
  metrics.log_z = 2.25;
  metrics.validation_loss = 0.2;
  metrics.gradient_norm = 1e-7;
  metrics.learning_rate = 0.001;
  metrics.chains = training::ChainMetrics{4.0, 0.9, 0.0625, 600.0, 0.6, 0.02, 0.3, 0.875, 0.4, 1.05, 64};
  metrics.samples_per_second = 12345.67;
  metrics.seconds = 98.7654;

  std::map<std::string, std::string> cells;
  std::istringstream line(training::metrics_line(metrics));
  for (const std::string& column : training::metrics_columns(metrics))
    REQUIRE(std::getline(line, cells[column], ','));
  CHECK(line.peek() == std::char_traits<char>::eof());
  CHECK(cells == std::map<std::string, std::string>{{"step", "1200"},
                                                    {"loss", "0.1"},
                                                    {"energy_data", "-0.25"},
                                                    {"energy_gap", "-0.75"},
                                                    {"validation_energy", "-3"},
                                                    {"score_norm", "1.75"},
                                                    {"log_z", "2.25"},
                                                    {"validation_loss", "0.2"},
                                                    {"gradient_norm", "1e-07"},
                                                    {"learning_rate", "0.001"},
                                                    {"chain_gradient_norm", "4"},
                                                    {"equipartition", "0.9"},
                                                    {"outside", "0.0625"},
                                                    {"chain_age", "600"},
                                                    {"chain_acceptance", "0.6"},
                                                    {"chain_step_size", "0.02"},
                                                    {"exchange_rate", "0.3"},
                                                    {"chain_ancestors", "0.875"},
                                                    {"chain_autocorrelation", "0.4"},
                                                    {"chain_r_hat", "1.05"},
                                                    {"samples_per_second", "12345.7"},
                                                    {"seconds", "98.765"}});
}

TEST_CASE("Figures that an objective lacks have no column", "[training]") {
  const std::vector<std::string> expected{
      "step",          "loss",          "score_norm",         "validation_loss", "loss_fraction",
      "gradient_norm", "learning_rate", "samples_per_second", "seconds"};
  training::Metrics metrics;
  metrics.loss.loss = 0.1;
  metrics.validation_loss = 0.2;
  CHECK(training::metrics_columns(metrics) == expected);
  CHECK(training::metrics_line(metrics) == "0,0.1,0,0.2,0.5,0,0,0.0,0.000");
}

TEST_CASE("Short Langevin chains have no column of acceptance, exchanges or persistence", "[training]") {
  training::Metrics metrics;
  metrics.chains.emplace();
  const std::vector<std::string> columns = training::metrics_columns(metrics);
  const auto first = std::ranges::find(columns, "chain_gradient_norm");
  CHECK(std::vector<std::string>(first, columns.end()) ==
        std::vector<std::string>{"chain_gradient_norm", "equipartition", "outside", "chain_age",
                                 "samples_per_second", "seconds"});
}

TEST_CASE("A number in metrics.csv reads back exactly", "[training]") {
  training::Metrics metrics;
  metrics.loss.loss = 0.1 + 0.2;  // 0.30000000000000004
  const std::string line = training::metrics_line(metrics);
  CHECK(std::stod(line.substr(line.find(',') + 1)) == metrics.loss.loss);
}
