// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <limits>
#include <string>
#include <vector>

#include "config/derived.hpp"
#include "config/parse.hpp"
#include "config/resume.hpp"
#include "config/write.hpp"
#include "core/error.hpp"

using namespace ebmpi;
using namespace ebmpi::config;
using Catch::Matchers::ContainsSubstring;

namespace {

RunConfig parse_infer(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_config(text, "run.toml", overrides, Program::infer);
}

const std::string smallest = "[simulator]\nkind = \"gaussian_location\"\n[data]\ntruth = [0.0, 1.0]\n";

void check_refused(const std::string& text, const std::string& expected, Program program = Program::infer) {
  INFO(text);
  CHECK_THROWS_WITH(parse_config(text, "run.toml", {}, program), ContainsSubstring(expected));
}

}  // namespace

TEST_CASE("a config of infer has defaults of its own and reads back", "[config]") {
  const RunConfig config = parse_infer(smallest);
  CHECK(config.program == Program::infer);
  CHECK(config.run.steps == 500);
  CHECK(config.data.count == 1000);
  CHECK(config.inference.learning_rate == 0.5);
  CHECK(resolved_shards(config) == 15);
  CHECK(first_tail_step(config) == 250);
  const std::string text = to_toml(config);
  CHECK(program_of(text) == Program::infer);
  CHECK(parse_infer(text) == config);

  const RunConfig adam = parse_infer(smallest + "[inference]\nascent = \"adam\"\n");
  CHECK(adam.inference.learning_rate == 0.1);
  CHECK(program_of(to_toml(parse_config("[data]\ndensity = \"rings\"\n", "a.toml"))) == Program::train);
}

TEST_CASE("bounds may be infinite and names are texts", "[config]") {
  const RunConfig config = parse_config(
      "[simulator]\nkind = \"external\"\ncommand = \"python3 {config}/s.py {config}\"\n[data]\nfile = "
      "\"x.h5\"\n[parameters]\nnames = [\"a\", \"b \\\" c\"]\nlower = [-inf, 0.0]\nupper = [inf, 2]\n",
      "/jobs/run.toml", {}, Program::infer);
  CHECK(config.parameters.lower == std::vector<double>{-std::numeric_limits<double>::infinity(), 0.0});
  CHECK(config.simulator.command == "python3 /jobs/s.py /jobs");
  CHECK(parse_config(to_toml(config), "/else/run.toml", {}, Program::infer) == [&] {
    RunConfig same = config;
    same.run.output = "runs/run";
    return same;
  }());
}

TEST_CASE("keys of the other program say where they belong", "[config]") {
  check_refused(smallest + "[sampler]\nsteps = 3\n", "section 'sampler' is one of `ebmpi train`");
  check_refused("[data]\ndensity = \"rings\"\n[simulator]\nkind = \"sir\"\n",
                "section 'simulator' is one of `ebmpi infer`", Program::train);
  check_refused(smallest + "[run]\nvalidate_every = 3\n",
                "run.toml:6: key 'run.validate_every' is one of `ebmpi train`");
  CHECK_THROWS_WITH(parse_infer(smallest, {"optimizer.kind=adam"}),
                    ContainsSubstring("key 'optimizer.kind' is one of `ebmpi train`"));
  check_refused(smallest + "[inference]\nsimulation = 3\n",
                "unknown key 'inference.simulation' (did you mean 'simulations'?)");
}

TEST_CASE("contradictions in a config of infer are found", "[config]") {
  check_refused("[simulator]\nkind = \"sir\"\n", "neither data.file nor data.truth is given");
  check_refused("[data]\ntruth = [1.0]\n", "simulator.kind is not given");
  check_refused("[simulator]\nkind = \"external\"\n[data]\nfile = \"a.h5\"\n",
                "simulator.command is not given");
  check_refused(smallest + "[parameters]\nstart = [1.0]\n", "has another length than");
  check_refused(smallest + "[parameters]\nlower = [0.5, -1.0]\n", "is not above parameters.lower");
  check_refused(smallest + "[parameters]\nlower = [-1.0, 3.0]\nupper = [2.0, 3.0]\n", "is not below");
  check_refused(smallest + "[inference]\nwidth = [1.0, 1.0, 1.0]\n", "it must have one, or one for each");
  check_refused(smallest + "[parallel]\nshards = 1001\n", "every shard needs a simulation of each step");
  check_refused(smallest + "[inference]\nfinal_width = [0.1]\n", "applies only with inference.width_rule");
  check_refused("[simulator]\nkind = \"sir\"\ninfected = 1000\n[data]\ntruth = [0.3, 0.1]\n",
                "nobody could be infected");
  check_refused("[simulator]\nkind = \"sir\"\nnoise = 1.0\n[data]\ntruth = [0.3, 0.1]\n",
                "simulator.noise applies only with simulator.kind");
  check_refused(smallest + "[network]\nhidden = [3]\n",
                "network.hidden applies only with inference.features");
  check_refused(smallest + "[inference]\nfeatures = \"neural\"\nwidth_rule = \"pilot\"\n",
                "the network has not learned anything");
  check_refused(smallest + "[run]\nsteps = 2\n[inference]\ntail = 0.5\n", "less than two steps");
}

TEST_CASE("what keeps a run of infer from going on", "[config]") {
  const RunConfig before = parse_infer(smallest);
  CHECK(incompatible_keys(before, parse_infer(smallest, {"run.steps=900", "inference.tail=0.2"})).empty());
  CHECK(incompatible_keys(before, parse_infer(smallest, {"inference.ridge=0.5"})) ==
        std::vector<std::string>{"inference.ridge: 0.001 in the checkpoint, 0.5 in the config"});
  const std::string annealed = smallest + "[inference]\nwidth_rule = \"annealed\"\n";
  CHECK(incompatible_keys(parse_infer(annealed), parse_infer(annealed, {"run.steps=900"})).size() == 1);
}
