# SPDX-License-Identifier: Apache-2.0
"""log Z, likelihood and distances of models as a user asks for them, against closed forms and the grid in NumPy."""

import json
import math
import pathlib
import shutil
import sys
import tempfile
import unittest

import h5py
import numpy as np

import harness
from harness import ebmpi

sys.path.insert(0, str(harness.REPOSITORY / "analysis"))
import likelihood  # noqa: E402
from ebmpi_reader import open_model  # noqa: E402

RUN = """
[run]
steps = {steps}
output = "{output}"
checkpoint_every = {steps}
[data]
{data}
[network]
{network}
hidden = [24, 24]
[objective]
{objective}
[optimizer]
batch_size = 256
"""
SHORT = ("--ais-chains", 512, "--ais-stages", 200, "--equilibrate", 100)


class Evaluate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="ebmpi-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        moons = 'density = "two_moons"\ncount = 4000'
        cls.chains = cls.train("chains", moons, 'kind = "persistent_contrastive_divergence"')
        cls.matched = cls.train("matched", moons, 'kind = "score_matching"')
        cls.contrast = cls.train("contrast", moons, 'kind = "noise_contrastive_estimation"')
        cls.score = cls.train("score", moons, 'kind = "score_matching"', 'kind = "score_mlp"')
        rng = np.random.default_rng(3)
        with h5py.File(cls.folder / "rows.h5", "w") as file:
            file["x"] = rng.normal(size=(900, 4)) @ rng.normal(size=(4, 4)) + [3.0, -1.0, 0.0, 50.0]
        cls.projected = cls.train("projected", f'file = "{cls.folder / "rows.h5"}"\npca = 2', 'kind = "score_matching"')
        cls.moons = cls.generate("two_moons", "moons", "--seed", 9)

    @classmethod
    def train(cls, name, data, objective, network="", steps=200):
        config = cls.folder / f"{name}.toml"
        config.write_text(RUN.format(steps=steps, output=cls.folder / name, data=data, objective=objective, network=network))
        ebmpi("train", config, ranks=0)
        return cls.folder / name

    @classmethod
    def generate(cls, density, name, *options):
        path = cls.folder / f"{name}.h5"
        ebmpi("data", "generate", density, "--count", 2000, "--output", path, *options, ranks=0)
        return path

    def evaluate(self, model, data, *options, ranks=0, **keywords):
        done = ebmpi("evaluate", model, "--data", data, "--json", *options, ranks=ranks, **keywords)
        self.warnings = harness.problems(done)
        return json.loads(done.stdout)

    def refused(self, *parts, model=None, options=(), expect=2):
        done = ebmpi("evaluate", model or self.matched, "--data", self.moons, *options, ranks=0, expect=expect)
        lines = harness.problems(done)
        self.assertEqual(len(lines), 1, done.stderr)
        for part in parts:
            self.assertIn(part, lines[0])
        self.assertRegex(lines[0], r"^ebmpi: .+\(.+\); .+")

    def test_gaussian_of_50_dimensions(self):
        data = self.generate("gaussian", "gaussian", "--dimension", 50)
        found = self.evaluate("density:gaussian,dimension=50", data, *SHORT)
        self.assertEqual((found["log_z_method"], found["is_likelihood"], found["log_z_learned"]), ("ais", True, 0))
        self.assertLessEqual(found["log_z_lower"], 0)
        self.assertGreaterEqual(found["log_z_upper"], 0)
        self.assertLess(found["log_z_upper"] - found["log_z_lower"], 0.1)
        with h5py.File(data) as file:
            log_density = file["log_density"][()]
        error = found["log_likelihood_standard_error"]
        self.assertAlmostEqual(found["log_likelihood"], log_density.mean(), delta=4 * found["log_z_standard_error"] + 1e-4)
        self.assertAlmostEqual(error, log_density.std(ddof=1) / math.sqrt(len(log_density)), delta=0.01 * error)
        self.assertLess(found["truth"]["fisher_divergence"]["value"], 1e-8)  # score in closed form by both
        self.assertLess(abs(found["truth"]["kl_divergence"]["value"]), 0.02)
        for name in ("mmd_squared", "energy_distance", "kernel_stein_squared"):
            distance = found["distances"][name]
            self.assertLess(abs(distance["value"]), 4 * distance["standard_error"], name)

    def test_grid_is_that_of_numpy(self):
        for model in (self.chains, self.matched):
            found = self.evaluate(model, self.moons, "--log-z", "grid", "--no-distances")
            checkpoint = open_model(model)
            box = found["grid"]
            np.testing.assert_allclose([box["minimum"], box["maximum"]], [[-6, -6], [6, 6]], rtol=1e-6)
            twin = likelihood.grid_log_z(checkpoint, 6.0, 401)
            self.assertAlmostEqual(found["log_z"], twin + checkpoint.log_volume, delta=1e-3)
            with h5py.File(self.moons) as file:
                mean, error = likelihood.log_likelihood(checkpoint, file["x"][()].astype(float), twin)
            self.assertAlmostEqual(found["log_likelihood"], mean, delta=1e-3)
            total = math.hypot(error, found["log_z_standard_error"])
            self.assertAlmostEqual(found["log_likelihood_standard_error"], total, delta=1e-3 * total)

    def test_annealing_brackets_the_grid(self):
        for model, start in ((self.chains, "chains"), (self.matched, "ends")):
            found = self.evaluate(model, self.moons, "--log-z", "ais", *SHORT, "--no-distances", "--truth", "none")
            self.assertEqual((found["reverse"]["start"], found["truth"]), (start, None))
            grid = found["grid"]["log_z"]
            self.assertLessEqual(found["log_z_lower"], grid)
            self.assertGreaterEqual(found["log_z_upper"] + found["grid"]["error"], grid)  # the box cuts tails off
            self.assertLess(found["log_z_upper"] - found["log_z_lower"], 0.1)
            on_grid = found["mean_exponent"] - grid
            self.assertLessEqual(found["log_likelihood_lower"], on_grid)
            self.assertGreaterEqual(found["log_likelihood_upper"], on_grid)
            self.assertEqual(len(found["annealing"]["betas"]), 201)

    def test_reverse_from_samples_in_a_file(self):
        samples = self.generate("eight_gaussians", "samples", "--noise", 0.3, "--seed", 4)
        data = self.generate("eight_gaussians", "eight", "--noise", 0.3)
        found = self.evaluate("density:eight_gaussians,noise=0.3", data, "--log-z", "ais", "--model-samples", samples,
                              *SHORT)
        self.assertEqual(found["reverse"]["start"], "samples")
        self.assertLessEqual(found["log_z_lower"], 0)
        self.assertGreaterEqual(found["log_z_upper"], 0)
        self.assertEqual(found["distances"]["samples"], 2000)
        for name in ("mmd_squared", "energy_distance", "kernel_stein_squared"):
            distance = found["distances"][name]
            self.assertLess(abs(distance["value"]), 4 * distance["standard_error"], name)

    def test_samples_of_the_model(self):
        """Those of `sample` are as far from the data as those of annealing."""
        path = self.folder / "draws.h5"
        ebmpi("sample", self.matched, "--sampler", "hmc", "--count", 1500, "--steps", 200, "--output", path, ranks=0)
        given = self.evaluate(self.matched, self.moons, "--model-samples", path)["distances"]
        made = self.evaluate(self.matched, self.moons)["distances"]
        self.assertEqual((given["samples"], made["samples"]), (1500, 1024))
        for name in ("mmd_squared", "energy_distance"):
            error = math.hypot(given[name]["standard_error"], made[name]["standard_error"])
            self.assertLess(abs(given[name]["value"] - made[name]["value"]), 4 * error, name)

    def test_distances_see_another_density(self):
        data = self.generate("gaussian", "other", "--dimension", 2)
        found = self.evaluate("density:eight_gaussians,noise=0.3", data, "--most-rows", 500, "--units", "standardized")
        self.assertEqual((found["distances"]["rows"], found["distances"]["units"]), (500, "standardized"))
        for name in ("mmd_squared", "energy_distance", "kernel_stein_squared"):
            self.assertGreater(found["distances"][name]["value"], 5 * found["distances"][name]["standard_error"], name)
        # log densities are those of the named truth, not of the model
        self.assertGreater(found["truth"]["kl_divergence"]["value"], 1)

    def test_truth_may_be_named(self):
        with h5py.File(self.moons) as file:
            rows, log_density = file["x"][()], file["log_density"][()]
        with h5py.File(self.folder / "bare.h5", "w") as file:
            file["x"] = rows
        bare = self.evaluate(self.matched, self.folder / "bare.h5", "--no-distances")
        self.assertIsNone(bare["truth"])
        named = self.evaluate(self.matched, self.folder / "bare.h5", "--no-distances", "--truth", "density:two_moons,noise=0.1")
        self.assertAlmostEqual(named["truth"]["log_likelihood"]["value"], log_density.mean(), places=9)
        self.assertEqual(named["truth"], self.evaluate(self.matched, self.moons, "--no-distances")["truth"])

    def test_learned_log_z(self):
        found = self.evaluate(self.contrast, self.moons, "--no-distances", "--truth", "none")
        checkpoint = open_model(self.contrast)
        self.assertAlmostEqual(found["log_z_learned"], checkpoint.log_z_learned("ema") + checkpoint.log_volume, places=4)
        self.assertFalse(found["log_z_learned_is_exact"])

    def test_no_likelihood_from_bad_weights(self):
        data = self.generate("twenty_five_gaussians", "many", "--noise", 0.05)
        found = self.evaluate("density:twenty_five_gaussians,noise=0.05", data, "--log-z", "ais", "--ais-stages", 2,
                              "--ais-leapfrogs", 1, "--ais-chains", 256, "--no-distances")
        self.assertLess(found["ess"], 0.1 * 256)
        self.assertFalse(found["is_likelihood"])
        self.assertIsNone(found["log_likelihood"])
        self.assertIn("effective sample size", found["reason"])
        self.assertNotIn("kl_divergence", found["truth"])
        self.assertRegex("".join(self.warnings), "^ebmpi: warning: there is no likelihood: .+;")
        one_sided = self.evaluate(self.matched, self.moons, "--log-z", "ais", "--reverse", "none", *SHORT)
        self.assertEqual((one_sided["log_z_upper"], one_sided["reverse"], one_sided["is_likelihood"]), (None, None, False))
        strict = self.evaluate(self.matched, self.moons, "--log-z", "ais", *SHORT, "--tolerance", 1e-4)
        self.assertIn("--tolerance", strict["reason"])

    def test_sides_that_differ_are_told(self):
        """Chains from the base do not find the neck of a funnel; samples from there bound log Z all the same."""
        data = self.generate("funnel", "funnel", "--dimension", 10, "--noise", 3)
        samples = self.generate("funnel", "funnel-samples", "--dimension", 10, "--noise", 3, "--seed", 5)
        found = self.evaluate("density:funnel,dimension=10,noise=3", data, "--model-samples", samples, "--no-distances")
        self.assertGreater(found["sides_apart"], 4)
        self.assertIn("forward and reverse run differ", "".join(self.warnings))
        self.assertLess(found["log_z_lower"], 0)
        self.assertGreater(found["log_z_upper"], 0)

    def test_energy_that_does_not_rise(self):
        """The density of a new network goes on for ever, which neither way takes for a likelihood."""
        fresh = self.train("fresh", 'density = "two_moons"\ncount = 4000', 'kind = "score_matching"', steps=1)
        for method, reason in (("grid", "edge of the grid"), ("ais", "effective sample size")):
            found = self.evaluate(fresh, self.moons, "--log-z", method, *SHORT, "--no-distances")
            self.assertIn(reason, found["reason"])
            self.assertIsNone(found["log_likelihood"])
            self.assertRegex("".join(self.warnings), "^ebmpi: warning: there is no likelihood: .+;")
        self.assertLessEqual(found["log_z_lower"], min(found["forward"]["log_z"], found["reverse"]["log_z"]))
        self.assertGreaterEqual(found["log_z_upper"], max(found["forward"]["log_z"], found["reverse"]["log_z"]))

    def test_projection(self):
        found = self.evaluate(self.projected, self.folder / "rows.h5", "--most-rows", 300)
        self.assertEqual((found["space"], found["distances"]["kernel_stein_squared"]["space"]), ("model", "model"))
        grid = found["grid"]  # NumPy's is a cube
        twin = likelihood.grid_log_z(open_model(self.projected), max(grid["maximum"]), 401)
        self.assertAlmostEqual(found["log_z"], twin, delta=1e-3 + grid["edge_mass"])
        self.assertIn("principal components", "".join(self.warnings))
        annealed = self.evaluate(self.projected, self.folder / "rows.h5", "--log-z", "ais", "--no-distances", *SHORT)
        self.assertLessEqual(annealed["log_z_lower"], found["log_z"])
        self.assertGreaterEqual(annealed["log_z_upper"] + grid["edge_mass"], found["log_z"])

    def test_score_network(self):
        found = self.evaluate(self.score, self.moons, "--log-z", "none", "--most-rows", 500)
        self.assertEqual((found["log_z"], found["log_likelihood"], found["log_z_method"]), (None, None, None))
        self.assertGreater(found["truth"]["fisher_divergence"]["value"], 0)
        self.assertIn("kernel_stein_squared", found["distances"])
        self.refused("score network", "--log-z none", model=self.score)

    def test_same_bits_on_any_number_of_ranks(self):
        for method in ("ais", "grid"):
            options = ("--log-z", method, "--ais-chains", 200, "--ais-stages", 60, "--equilibrate", 20, "--most-rows", 300)
            alone, shared = (self.evaluate(self.chains, self.moons, *options, ranks=ranks) for ranks in (1, 3))
            self.assertEqual(alone, shared)

    def test_output_file_and_table(self):
        path = self.folder / "report.json"
        done = ebmpi("evaluate", self.matched, "--data", self.moons, "--no-distances", "--output", path, ranks=0)
        written = json.loads(path.read_text())
        self.assertRegex(done.stdout, rf"(?m)^log_z +{written['log_z']:.6g}$")
        self.assertEqual(written, self.evaluate(self.matched, self.moons, "--no-distances"))
        self.refused("cannot", options=("--output", self.folder / "missing" / "report.json"), expect=4)

    def test_bad_requests(self):
        self.refused("--model-samples", options=("--log-z", "ais", "--reverse", "samples"))
        self.refused("no persistent chains", options=("--log-z", "ais", "--reverse", "chains"))
        self.refused("--reverse chains says nothing", model=self.chains, options=("--reverse", "chains"))
        self.refused("a grid is possible for up to 3", model="density:gaussian,dimension=4", options=("--log-z", "grid"))
        self.refused("odd", options=("--grid-intervals", 65))
        self.refused("is no density", options=("--truth", "two_moons"))
        self.refused("2 columns", model="density:gaussian,dimension=4")


if __name__ == "__main__":
    unittest.main()
