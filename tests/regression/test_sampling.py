# SPDX-License-Identifier: Apache-2.0
"""Samplers and combinations as a user meets them: exact targets, draws on disk, going on, diagnostics, refusals."""

import json
import shutil
import sys
import unittest

import h5py
import numpy as np

import harness
from harness import attributes, ebmpi, numbers
from test_commands import WithModels

sys.path.insert(0, str(harness.REPOSITORY / "analysis"))
from ebmpi_reader import open_model  # noqa: E402  (the folder is known first)

TESTED = ("mala", "metropolis", "hmc", "parallel_tempering")
# What a run writes of itself rather than of its draws.
OWN = ("model",)


def comparable(path):
    return {name: np.asarray(value).tolist() for name, value in attributes(path).items() if name not in OWN}


class Sampling(WithModels):
    def sample(self, model, name, *options, ranks=0, **keywords):
        path = self.out(name)
        done = ebmpi("sample", model, "--output", path, *options, ranks=ranks, **keywords)
        self.text = done.stdout
        return path

    def test_exact_targets(self):
        """Means and variances of a correlated Gaussian within 4 standard errors, of independent chains."""
        count = 4000
        for sampler in TESTED:
            data = numbers(self.sample("density:gaussian,dimension=3", sampler, "--sampler", sampler, "--count", count,
                                       "--steps", 200))["x"]
            exact = 0.5 ** np.abs(np.subtract.outer(np.arange(3), np.arange(3)))
            self.assertLess(np.abs(data.mean(axis=0)).max(), 4 / np.sqrt(count), sampler)
            error = np.sqrt((1 + exact**2) / count)  # of a covariance of unit variances
            self.assertLess((np.abs(np.cov(data.T) - exact) / error).max(), 4, sampler)

    def test_tempering_finds_the_weights_of_far_modes(self):
        """Modes at -2, 2 (first axis), 2 (second), of weights 1, 2, 3; chains alone would stay where they start."""
        count, start = 3000, ("--start", "noise")
        path = self.sample("density:gaussian_mixture,noise=0.2", "a", "--sampler", "parallel_tempering", "--count", count,
                           "--steps", 600, "--hottest", 60, "--levels", 6, "--json", *start)
        x = numbers(path)["x"]
        shares = np.array([np.mean(x[:, 0] < -1), np.mean(x[:, 0] > 1), np.mean(x[:, 1] > 1)])
        exact = np.array([1, 2, 3]) / 6
        self.assertLess((np.abs(shares - exact) / np.sqrt(exact * (1 - exact) / count)).max(), 4)
        rates = json.loads(self.text)["exchange_rates"]
        self.assertEqual(len(rates), 5)
        self.assertGreater(min(rates), 0.1)

    def test_draws_and_diagnostics(self):
        path = self.sample("density:gaussian,dimension=2", "a", "--sampler", "hmc", "--count", 8, "--draws", 300,
                           "--thin", 1, "--json")
        report, found = json.loads(self.text), numbers(path)
        self.assertEqual(found["posterior/x"].shape, (8, 300, 2))
        np.testing.assert_array_equal(found["posterior/x"][:, -1], found["x"])
        np.testing.assert_array_equal(found["sample_stats/energy"][:, -1], found["energy"])
        np.testing.assert_array_equal(found["sample_stats/lp"], -found["sample_stats/energy"])
        self.assertAlmostEqual(found["sample_stats/acceptance_rate"].mean(), report["acceptance_rate"], places=9)
        self.assertEqual(report["diagnosed_chains"], 8)
        self.assertLess(report["r_hat"], 1.02)
        self.assertAlmostEqual(report["r_hat"], max(found["diagnostics/r_hat"].max(), report["r_hat"]))
        self.assertGreater(found["diagnostics/ess_bulk"].min(), 400)
        np.testing.assert_allclose(found["diagnostics/mean"], found["posterior/x"].mean(axis=(0, 1)), atol=1e-12)
        with h5py.File(path) as file:
            self.assertEqual([dimension.keys()[0] for dimension in file["posterior/x"].dims],
                             ["chain", "draw", "coordinate"])
            self.assertEqual([dimension.keys()[0] for dimension in file["sample_stats/lp"].dims], ["chain", "draw"])

    def test_diagnostics_are_those_of_arviz(self):
        try:
            import arviz
        except ImportError:
            self.skipTest("ArviZ is not installed")
        path = self.sample("density:double_well,noise=0.5", "a", "--sampler", "metropolis", "--count", 5, "--draws", 501,
                           "--thin", 2)
        found = numbers(path)
        data = arviz.convert_to_dataset({"x": found["posterior/x"]})
        for name, expected in (("r_hat", arviz.rhat(data)), ("ess_bulk", arviz.ess(data)),
                               ("ess_tail", arviz.ess(data, method="tail")), ("mcse_mean", arviz.mcse(data))):
            np.testing.assert_allclose(found[f"diagnostics/{name}"], expected["x"].values, rtol=1e-6)

    def test_chains_that_have_not_mixed_are_told_of(self):
        done = ebmpi("sample", "density:gaussian_mixture,noise=0.1", "--output", self.out("a"), "--sampler", "mala",
                     "--count", 20, "--draws", 50, ranks=2)
        self.assertRegex(done.stderr, r"ebmpi: the chains have not mixed \(R-hat is \d+\.\d+")

    def test_ranks_and_threads(self):
        for sampler in TESTED:
            options = ("--sampler", sampler, "--count", 77, "--steps", 60, "--draws", 7, "--thin", 3, "--start", "noise")
            one = self.sample(self.moons, f"{sampler}-1", *options, "--json")
            report = json.loads(self.text) | {"output": ""}
            for ranks, threads in ((2, 2), (3, 1)):
                other = self.sample(self.moons, f"{sampler}-{ranks}", *options, "--json", ranks=ranks, threads=threads)
                self.assertEqual(json.loads(self.text) | {"output": ""}, report)
                self.assert_equal_files(one, other)
                self.assertEqual(comparable(one), comparable(other))

    def test_goes_on_exactly_on_other_ranks(self):
        for sampler in ("langevin", *TESTED):
            options = ("--sampler", sampler, "--count", 50, "--start", "noise", "--steps", 200, "--thin", 5)
            whole = numbers(self.sample(self.moons, f"{sampler}-whole", *options, "--draws", 12))
            part = self.sample(self.moons, f"{sampler}-part", *options, "--draws", 7, ranks=2)
            rest = numbers(self.sample(self.moons, f"{sampler}-rest", "--chains", part, "--draws", 5, ranks=3))
            np.testing.assert_array_equal(whole["posterior/x"][:, :7], numbers(part)["posterior/x"])
            np.testing.assert_array_equal(whole["posterior/x"][:, 7:], rest["posterior/x"])
            np.testing.assert_array_equal(whole["sample_stats/energy"][:, 7:], rest["sample_stats/energy"])

    def test_box(self):
        for sampler in ("langevin", "hmc"):
            path = self.sample(self.moons, sampler, "--sampler", sampler, "--count", 500, "--steps", 50, "--start", "noise",
                               "--temperature", 50, "--box", 0.0)
            with h5py.File(harness.newest_checkpoint(self.moons)) as file:
                low, high = file["data/minimum"][()], file["data/maximum"][()]
            z = numbers(path)["model_x"]
            self.assertTrue(((z >= low - 1e-6) & (z <= high + 1e-6)).all())

    def test_refusals(self):
        run = lambda *options: ebmpi("sample", *options, "--output", self.out("a"), ranks=2, expect=2)
        count = ("--count", 5)
        self.assert_refused(run(self.moons, *count, "--adapt", 5), "--adapt", "langevin")
        self.assert_refused(run(self.moons, *count, "--sampler", "hmc", "--levels", 3), "--levels", "ladder")
        self.assert_refused(run(self.moons, *count, "--sampler", "mala", "--leapfrogs", 3), "--leapfrogs", "mala")
        self.assert_refused(run(self.moons, *count, "--sampler", "mala", "--steps", 5, "--adapt", 6), "--adapt 6")
        self.assert_refused(run(self.moons, *count, "--sampler", "parallel_tempering", "--hottest", 0.5), "--hottest 0.5")
        self.assert_refused(run(self.moons, *count, "--sampler", "parallel_tempering", "--temperatures", "3,2"),
                            "--temperatures", "rises")
        self.assert_refused(run("density:rings", *count), "density:rings", "closed form")
        self.assert_refused(run("density:ringss", *count), "unknown density")
        for option in ("--temperature", "--box", "--step-size", "--hottest"):
            self.assert_refused(run(self.moons, *count, option, "nan"), f"{option} nan", "finite")
        done = ebmpi("sample", self.moons, *count, "--sampler", "mala", "--step-size", 1e30, "--output", self.out("stuck"))
        self.assertIn("the chains hardly move (0 of their proposals", done.stderr)
        first = self.sample(self.moons, "first", *count, "--sampler", "mala", "--steps", 10)
        self.assert_refused(run(self.moons, "--chains", first, "--sampler", "hmc"), "--chains", "--sampler")


class Compose(WithModels):
    def compose(self, *options, name="combined", expect=0, ranks=0):
        path = self.out(name)
        done = ebmpi("compose", *options, "--output", path, expect=expect, ranks=ranks)
        return path if expect == 0 else done

    def energies(self, model, rows, *options):
        path = self.out("energies")
        ebmpi("energy", model, "--data", rows, "--output", path, *options)
        return numbers(path)["energy"].astype(float)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls.train("other", precision="float", data='density = "two_moons"\ncount = 2000\nnoise = 0.3',
                              objective="contrastive_divergence", sampler='start = "data"')
        cls.hot = cls.train("hot", precision="float", data='density = "two_moons"\ncount = 2000',
                            objective="contrastive_divergence", sampler='start = "data"\ntemperature = 2.0')

    def setUp(self):
        self.rows = self.store("points", x=np.random.default_rng(4).normal(size=(200, 2)))

    def test_energies(self):
        a, b = self.energies(self.moons, self.rows), self.energies(self.other, self.rows)
        product = self.compose("--product", self.moons, self.other, "--weights", "2", "-0.5", name="product", ranks=3)
        np.testing.assert_allclose(self.energies(product, self.rows), 2 * a - 0.5 * b, atol=1e-5)
        mixture = self.compose("--mixture", self.moons, self.other, "--log-z", "0.5", "-0.25", "--weights", "1", "3",
                               name="mixture")
        both = -np.logaddexp(np.log(0.25) - a - 0.5, np.log(0.75) - b + 0.25)
        np.testing.assert_allclose(self.energies(mixture, self.rows), both, atol=1e-5)
        nested = self.compose("--product", mixture, self.moons, "--temperature", "2.5", name="nested")
        np.testing.assert_allclose(self.energies(nested, self.rows), (both + a) / 2.5, atol=1e-5)
        own = self.compose("--product", self.moons, self.hot, "--own-temperatures", name="own")
        np.testing.assert_allclose(self.energies(own, self.rows), a + self.energies(self.hot, self.rows) / 2, atol=1e-5)
        prior = self.compose("--product", self.moons, "density:gaussian", name="prior")
        exact = self.energies("density:gaussian", self.rows)
        np.testing.assert_allclose(self.energies(prior, self.rows), a + exact, atol=1e-5)

    def test_the_reader_has_the_same_energies_and_scores(self):
        mixture = self.compose("--mixture", self.moons, "density:double_well,noise=0.5", "density:funnel,noise=1", "--log-z",
                               "0.5", "0", "0.2", name="mixture")
        product = self.compose("--product", mixture, self.other, "--weights", "0.5", "1.5", name="product")
        path = self.out("energies")
        ebmpi("energy", product, "--data", self.rows, "--output", path, "--score")
        found, model = numbers(path), open_model(product)
        rows = numbers(self.rows)["x"]
        np.testing.assert_allclose(model.energy(rows), found["energy"], atol=2e-5)
        np.testing.assert_allclose(model.score(rows), found["score"], atol=2e-4)

    def test_finds_the_log_z_of_a_mixture(self):
        """A mixture of densities is one, whatever the scales of its members' exponentials."""
        warm = self.compose("--product", "density:gaussian", "density:gaussian", "--weights", "0.5", "0.1", name="warm")
        mixture = self.compose("--mixture", warm, "density:double_well,noise=0.5", "--weights", "3", "1", "--log-z", "auto",
                               ranks=2, name="mixture")
        axis = np.linspace(-12.0, 12.0, 481)
        points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        density = np.exp(-self.energies(mixture, self.store("grid", x=points)))
        self.assertAlmostEqual(density.sum() * (axis[1] - axis[0]) ** 2, 1.0, delta=1e-3)

    def test_needs_its_members_no_longer(self):
        member = self.folder / "member"
        shutil.copytree(self.moons, member)
        product = self.compose("--product", member, name="alone")
        expected = self.energies(member, self.rows)
        shutil.rmtree(member)
        np.testing.assert_array_equal(self.energies(product, self.rows), expected)

    def test_product_of_gaussians(self):
        """N(0, C) · N(0, C) = N(0, C/2); means and covariances within 4 standard errors."""
        count = 4000
        product = self.compose("--product", "density:gaussian", "density:gaussian")
        path = self.out("samples")
        ebmpi("sample", product, "--count", count, "--steps", 200, "--sampler", "hmc", "--output", path)
        x, exact = numbers(path)["x"], np.array([[0.5, 0.25], [0.25, 0.5]])
        self.assertLess(np.abs(x.mean(axis=0)).max(), 4 * np.sqrt(0.5 / count))
        error = np.sqrt((np.outer(np.diag(exact), np.diag(exact)) + exact**2) / count)
        self.assertLess((np.abs(np.cov(x.T) - exact) / error).max(), 4)

    def test_weights_of_a_mixture(self):
        """Far wells in a mixture keep their shares: sampled by tempering, within 4 standard errors."""
        count = 3000
        mixture = self.compose("--mixture", "density:gaussian_mixture,dimension=1,noise=0.2",
                               "density:double_well,dimension=1,noise=0.1", "--weights", "0.6", "0.4")
        path = self.out("samples")
        ebmpi("sample", mixture, "--count", count, "--sampler", "parallel_tempering", "--hottest", 40, "--output", path,
              "--steps", 600)
        x = numbers(path)["x"][:, 0]
        shares = np.array([np.mean(x < -1.5), np.mean((x > -1.5) & (x < 0)), np.mean((x > 0) & (x < 1.5)), np.mean(x > 1.5)])
        exact = np.array([0.6 / 3, 0.2, 0.2, 0.6 * 2 / 3])
        # Beyond ±1.5 lie 0.6 % of a Gaussian of deviation 0.2 around 2, and of the wells less.
        self.assertLess((np.abs(shares - exact) / (np.sqrt(exact * (1 - exact) / count) + 0.001)).max(), 4)

    def test_info(self):
        product = self.compose("--product", self.moons, self.other, "--weights", "1", "-0.5")
        report = json.loads(ebmpi("info", product, "--json").stdout)
        self.assertIn("combination", report["kind"])
        self.assertIn("weight -0.5", report["written"]["description"])
        self.assertEqual([part["kind"] for part in report["parts"]], ["network", "network"])

    def test_refusals(self):
        refused = lambda *options: self.compose(*options, expect=2, ranks=2)
        self.assert_refused(refused("--product", self.moons, "density:gaussian,dimension=3"), "2 coordinates", "of 3")
        self.assert_refused(refused("--product", self.moons, self.hot), "one at 2", "--own-temperatures")
        self.assert_refused(refused("--mixture", self.moons, self.other), "needs the log Z", "--log-z")
        self.assert_refused(refused("--mixture", self.moons, self.other, "--log-z", "1"), "--log-z has 1", "2 models")
        self.assert_refused(refused("--mixture", self.moons, self.other, "--log-z", "1", "2", "--weights", "1", "-1"),
                            "--weights -1")
        self.assert_refused(refused("--product", self.moons, "--log-z", "1"), "--log-z", "--product")
        self.assert_refused(refused("--product", self.moons, self.double, "--own-temperatures"), "4")
        damaged = self.compose("--product", self.moons, name="damaged")
        damaged.write_bytes(damaged.read_bytes()[:-200])
        self.assert_refused(ebmpi("info", damaged, expect=4, ranks=2), "damaged")


if __name__ == "__main__":
    unittest.main()
