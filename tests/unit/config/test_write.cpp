// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "config/write.hpp"
#include "parse_helpers.hpp"

using namespace ebmpi::config;
using test::parse;

namespace {

std::string annotated_input(const char* name = "annotated.toml") {
  const auto root = std::filesystem::path(__FILE__).parent_path().parent_path().parent_path().parent_path();
  std::ifstream file(root / "jobs" / name, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Key by dotted name, value as written, of a TOML text with one key on a line; `#key = value` counts too.
std::map<std::string, std::string> keys_written_in(const std::string& text) {
  std::map<std::string, std::string> keys;
  const std::regex line(R"(\[(\w+)\]|#?(\w+) = (.*))");
  std::string section;
  std::istringstream lines(text);
  for (std::string one; std::getline(lines, one);) {
    std::smatch match;
    if (!std::regex_match(one, match, line)) continue;
    if (match[1].matched) section = match[1];
    if (match[2].matched) keys[section + "." + match[2].str()] = match[3];
  }
  return keys;
}

void check_round_trip(const RunConfig& config) {
  const std::string text = to_toml(config);
  INFO(text);
  CHECK(parse_config(text, "/elsewhere/config.toml", {}) == config);
}

}  // namespace

TEST_CASE("the resolved config reads back as an equal one", "[config]") {
  check_round_trip(parse("[data]\ndensity = \"two_moons\"\n"));
  check_round_trip(
      parse("[data]\nfile = \"sets/a \\\"b\\\" \\\\ \\t \\u001b \\u007f é.h5\"\ndataset = "
            "\"train/x\"\nstandardize = false\n"));
  check_round_trip(parse("[data]\ndensity = \"gaussian\"\ndimension = 5\n[sampler]\nnoise_scale = 0.005\n"));
  check_round_trip(parse("[data]\ndensity = \"rings\"\n[sampler]\ntemperature = 0.25\nnoise_scale = 0.0\n"));
  check_round_trip(
      parse("[data]\ndensity = \"rings\"\n[objective]\nkind = \"contrastive_divergence\"\n"
            "[sampler]\nstart = \"data\"\n[optimizer]\nkind = \"sgd\"\nmomentum = 0.9\nschedule = \"step\"\n"
            "decay_every = 7\ndecay_factor = 0.3\n[network]\nhidden = [3, 2, 1]\n"));
  check_round_trip(
      parse("[data]\ndensity = \"rings\"\n[optimizer]\nschedule = \"cosine\"\nfinal_fraction = 0.01\n"));
}

TEST_CASE("the resolved config of every objective reads back as an equal one", "[config]") {
  const std::string data = "[data]\ndensity = \"rings\"\n";
  for (const char* kind : {"contrastive_divergence", "persistent_contrastive_divergence", "score_matching",
                           "sliced_score_matching", "denoising_score_matching",
                           "noise_contrastive_estimation", "energy_discrepancy"}) {
    const std::string objective = "[objective]\nkind = \"" + std::string(kind) + "\"\n";
    check_round_trip(parse(data + objective));
    check_round_trip(parse(data + objective + "energy_regularization = 0.0\n"));
    check_round_trip(parse(data + objective + "energy_regularization = 0.1\ngradient_penalty = 0.2\n"));
  }
  for (const char* lines : {"sigma = 0.3\nantithetic = true\n", "sigmas = []\n",
                            "sigmas = [3, 1.5, 0.1]\nsigma_weighting = \"uniform\"\n"}) {
    const std::string objective = "[objective]\nkind = \"denoising_score_matching\"\n" + std::string(lines);
    check_round_trip(parse(data + objective));
    check_round_trip(parse(data + objective, {"network.kind=score_mlp", "network.spectral_norm=true"}));
  }
  for (const char* lines : {"contrast = \"conditional\"\nnoise_ratio = 1\nconditional_scale = 0.7\n",
                            "noise = \"mixture\"\nnoise_components = 5\nnoise_covariance = \"diagonal\"\n",
                            "noise = \"uniform\"\nnoise_ratio = 0.5\n"}) {
    check_round_trip(
        parse(data + "[objective]\nkind = \"noise_contrastive_estimation\"\n" + std::string(lines)));
  }
  check_round_trip(parse(data + "[objective]\nkind = \"sliced_score_matching\"\nprojections = 4\n"
                                "directions = \"gaussian\"\nvariance_reduction = false\n"));
  check_round_trip(parse(data + "[objective]\nkind = \"energy_discrepancy\"\ndiffusion_time = 0.5\n"
                                "perturbations = 7\nstabilization = 2\n"));
}

TEST_CASE("numbers read back bit for bit", "[config]") {
  RunConfig config = parse("[data]\ndensity = \"rings\"\n");
  config.run.seed = std::numeric_limits<std::int64_t>::max();
  for (const double value :
       {0.1 + 0.2, 1.0 / 3.0, 1e-8, 1e22, 123456789.0, std::numeric_limits<double>::max(),
        std::numeric_limits<double>::min(), std::numeric_limits<double>::denorm_min()}) {
    config.optimizer.learning_rate = value;
    check_round_trip(config);
  }
}

TEST_CASE("only keys that apply are written", "[config]") {
  const auto keys =
      keys_written_in(to_toml(parse("[data]\ndensity = \"rings\"\n[sampler]\nnoise_scale = 0.1\n")));
  for (const char* absent :
       {"data.file", "data.dataset", "sampler.start", "sampler.temperature", "optimizer.momentum",
        "optimizer.decay_every", "optimizer.decay_factor", "optimizer.final_fraction"}) {
    CHECK_FALSE(keys.contains(absent));
  }
  CHECK(keys.at("sampler.noise_scale") == "0.1");
  CHECK(keys.at("optimizer.learning_rate") == "0.001");
  CHECK(keys.at("network.hidden") == "[128, 128]");
  CHECK(keys.at("run.output") == "\"runs/run\"");
  const std::set<std::string> objective = {"objective.kind", "objective.energy_regularization",
                                           "objective.gradient_penalty"};
  for (const auto& [name, value] : keys) CHECK((!name.starts_with("objective.") || objective.contains(name)));
  for (const std::string& name : objective) CHECK(keys.contains(name));
}

TEST_CASE("the keys of a ladder are written, not those in its place", "[config]") {
  const auto keys =
      keys_written_in(to_toml(parse("[data]\ndensity = \"rings\"\n[network]\nkind = "
                                    "\"score_mlp\"\n[objective]\nkind = "
                                    "\"denoising_score_matching\"\nsigmas = [1, 0.25]\n")));
  CHECK(keys.at("objective.sigmas") == "[1.0, 0.25]");
  CHECK(keys.at("objective.sigma_weighting") == "\"variance\"");
  for (const char* absent : {"objective.sigma", "objective.energy_regularization", "objective.contrast",
                             "sampler.steps", "sampler.temperature", "sampler.noise_scale"}) {
    CHECK_FALSE(keys.contains(absent));
  }
  for (const char* present : {"sampler.kind", "sampler.step_size", "sampler.gradient_clip"}) {
    CHECK(keys.contains(present));
  }
}

TEST_CASE("the annotated input parses to the defaults", "[config]") {
  RunConfig expected;
  expected.data.density = "two_moons";
  expected.run.output = "runs/annotated";
  CHECK(parse_config(annotated_input(), "annotated.toml", {}) == expected);
}

TEST_CASE("the annotated input lists every key with its default", "[config]") {
  const auto written = keys_written_in(annotated_input());
  std::set<std::string> known;
  for (const KeyDescription& key : list_keys()) {
    const std::string name = key.section + "." + key.key;
    INFO(name);
    known.insert(name);
    REQUIRE(written.contains(name));
    if (name != "data.density") CHECK(written.at(name) == key.default_value);
    CHECK_FALSE(key.meaning.empty());
    CHECK((key.type == "string" || key.type == "true or false" || !key.range.empty()));
  }
  for (const auto& [name, value] : written) CHECK(known.contains(name));
}

TEST_CASE("the annotated input is what the table of keys gives", "[config]") {
  // After a change of the table, write the text shown here to jobs/annotated.toml.
  CHECK(annotated_input() == annotated_toml());
  CHECK(annotated_input("annotated_infer.toml") == annotated_toml(Program::infer));
}

TEST_CASE("the annotated input of infer parses to the defaults", "[config]") {
  RunConfig expected = default_config(Program::infer);
  expected.simulator.kind = "gaussian_location";
  expected.data.truth = {1.0, -1.0};
  expected.run.output = "runs/annotated_infer";
  const RunConfig config =
      parse_config(annotated_input("annotated_infer.toml"), "annotated_infer.toml", {}, Program::infer);
  CHECK(config == expected);
}

TEST_CASE("every field of the structs has a key", "[config]") {
  RunConfig config;
  auto& [run, data, network, objective, flow, sampler, optimizer, parallel, simulator, parameters, inference,
         program] = config;
  // Each binding fails to compile when its struct gains or loses a field; the numbers must then follow.
  [[maybe_unused]] auto& [r1, r2, r3, r4, r5, r6, r7, r8, r9] = run;
  [[maybe_unused]] auto& [d1, d2, d3, d4, d5, d6, d7, d8, d9, d10, d11, d12] = data;
  [[maybe_unused]] auto& [n1, n2, n3, n4] = network;
  [[maybe_unused]] auto& [j1, j2, j3, j4, j5, j6, j7, j8, j9, j10, j11, j12, j13, j14, j15, j16, j17, j18,
                          j19, j20, j21, j22] = objective;
  [[maybe_unused]] auto& [f1, f2, f3, f4, f5, f6, f7] = flow;
  [[maybe_unused]] auto& [s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11, s12, s13, s14, s15, s16, s17, s18] =
      sampler;
  [[maybe_unused]] auto& [o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15, o16] = optimizer;
  [[maybe_unused]] auto& [p1] = parallel;
  [[maybe_unused]] auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18] =
      simulator;
  [[maybe_unused]] auto& [a1, a2, a3, a4, a5] = parameters;
  [[maybe_unused]] auto& [i1, i2, i3, i4, i5, i6, i7, i8, i9, i10, i11, i12, i13] = inference;
  CHECK(program == Program::train);
  const std::map<std::string, int> fields = {{"run", 9},        {"data", 12},     {"network", 4},
                                             {"objective", 22}, {"flow", 7},      {"sampler", 18},
                                             {"optimizer", 16}, {"parallel", 1},  {"simulator", 18},
                                             {"parameters", 5}, {"inference", 13}};
  std::map<std::string, std::set<std::string>> keys;
  for (const Program of : {Program::train, Program::infer}) {
    for (const KeyDescription& key : list_keys(of)) keys[key.section].insert(key.key);
  }
  CHECK(keys.size() == fields.size());
  for (const auto& [section, names] : keys) {
    INFO(section);
    CHECK(static_cast<int>(names.size()) == fields.at(section));
  }
}
