# SPDX-License-Identifier: Apache-2.0
"""log Z and likelihoods on a grid against Gaussians, whose values are known, and the script that prints them."""

import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np
import support

from ebmpi_reader import Checkpoint, Missing
from likelihood import grid_log_z, grid_weights, log_likelihood, share_at_edge

ROOTS = {1: np.array([[1.5]]), 2: np.array([[1.5, 0.5], [-0.25, 2.0]]),
         3: np.array([[1.5, 0.5, 0.0], [-0.25, 2.0, 0.5], [0.0, 0.25, 1.25]])}


def log_z_of(root: np.ndarray, temperature: float = 1.0) -> float:
    """∫ exp(-½‖A z‖²/T) dz = (2πT)^(D/2) / |det A|."""
    return 0.5 * len(root) * np.log(2.0 * np.pi * temperature) - np.log(abs(np.linalg.det(root)))


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "model.h5"

    def write(self, root: np.ndarray, dimension: int | None = None, **options) -> Checkpoint:
        """A checkpoint of E = ½‖A z‖²."""
        options = {"chains": 0, "objective": 'kind = "score_matching"', "tensors": support.gaussian(root)} | options
        support.write_checkpoint(self.path, dimension or len(root), activation="quadratic", **options)
        return Checkpoint(self.path)


class Grid(WithFolder):
    def test_log_z_in_one_two_and_three_dimensions(self):
        for root in ROOTS.values():
            # Beyond six deviations of the widest direction there is less than 1e-8 of the probability.
            self.assertAlmostEqual(grid_log_z(self.write(root), half_width=6.0), log_z_of(root), places=7)

    def test_log_z_carries_the_temperature(self):
        model = self.write(ROOTS[2], objective=support.PERSISTENT, noise_scale=0.1)
        self.assertEqual(model.temperature, 0.1**2 / 0.02)
        self.assertAlmostEqual(grid_log_z(model, half_width=6.0), log_z_of(ROOTS[2], 0.5), places=7)

    def test_weights_are_probabilities_with_the_moments_of_the_density(self):
        z, weights, _ = grid_weights(self.write(ROOTS[2]), half_width=6.0, points=201)
        self.assertEqual(z.shape, (201**2, 2))
        self.assertAlmostEqual(weights.sum(), 1.0, places=12)
        covariance = np.linalg.inv(ROOTS[2].T @ ROOTS[2])
        np.testing.assert_allclose(z.T @ (weights[:, None] * z), covariance, atol=1e-8)

    def test_noise_level_and_last_parameters(self):
        """E = ½(3z + log σ)² + ½(log σ)²: Z = √(2π)/3 · σ^(-½ log σ).

        The last tensors are twice the averaged ones: 2² from those inside of the square and 2 from those outside give 8 E.
        """
        tensors = support.gaussian(np.array([[3.0, 1.0], [0.0, 1.0]]))
        model = self.write(np.ones((1, 1)), objective=support.LADDER, tensors=tensors)
        for sigma, level in ((None, 0.5), (2.0, 2.0)):
            expected = 0.5 * np.log(2.0 * np.pi) - np.log(3.0) - 0.5 * np.log(level) ** 2
            self.assertAlmostEqual(grid_log_z(model, sigma=sigma), expected, places=9)
        expected = 0.5 * np.log(2.0 * np.pi / 8.0) - np.log(3.0) - 4.0 * np.log(0.5) ** 2
        self.assertAlmostEqual(grid_log_z(model, parameters="last"), expected, places=9)

    def test_share_at_the_edge(self):
        z, weights, _ = grid_weights(self.write(np.eye(1)), half_width=1.0, points=20001)
        # Of N(0, 1) within ±1: (Φ(1) - Φ(0.95)) / (Φ(1) - ½)
        self.assertAlmostEqual(share_at_edge(z, weights, 1.0), (0.8413447 - 0.8289439) / 0.3413447, delta=1e-4)

    def test_what_is_impossible_is_said(self):
        with self.assertRaisesRegex(Missing, r"4 model columns \(.+\); .+"):
            grid_log_z(self.write(np.eye(4)))
        network = support.score_network(2, 2)
        with self.assertRaisesRegex(Missing, "score network"):
            grid_log_z(self.write(np.eye(2), network="score_mlp", tensors=network))


class Likelihood(WithFolder):
    def test_it_is_that_of_the_gaussian_in_data_units(self):
        model = self.write(ROOTS[2])
        mean, scale = np.array([1.0, 2.0]), np.array([0.5, 2.0])
        x = mean + scale * np.random.default_rng(8).standard_normal((400, 2))
        covariance = np.diag(scale) @ np.linalg.inv(ROOTS[2].T @ ROOTS[2]) @ np.diag(scale)
        distance = np.einsum("ni,ij,nj->n", x - mean, np.linalg.inv(covariance), x - mean)
        log_p = -0.5 * distance - np.log(2.0 * np.pi) - 0.5 * np.log(np.linalg.det(covariance))
        measured, error = log_likelihood(model, x)
        self.assertAlmostEqual(measured, log_p.mean(), places=6)
        self.assertAlmostEqual(error, log_p.std() / 20.0, places=9)
        self.assertAlmostEqual(log_likelihood(model, x, log_z=1.25)[0] + 1.25, measured + log_z_of(ROOTS[2]), places=6)

    def test_a_projection_has_none(self):
        model = self.write(np.eye(1), 2, projection=np.array([[0.6, 0.8]]))
        self.assertAlmostEqual(grid_log_z(model, half_width=6.0), log_z_of(np.eye(1)), places=7)
        with self.assertRaisesRegex(Missing, "data.pca"):
            log_likelihood(model, np.zeros((1, 2)))


class Script(WithFolder):
    def table(self, *arguments: object) -> tuple[list[list[str]], str]:
        done = support.run_script("likelihood.py", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line.split("\t") for line in done.stdout.splitlines()], done.stderr

    def test_table(self):
        tensors = support.gaussian(np.eye(2)) | {"log_normalizer": np.array([-1.75])}
        self.write(np.eye(2), objective=support.BINARY, tensors=tensors)
        run = support.write_run(self.path.parent / "run")
        data = support.write_rows(self.path.parent / "data.h5", np.tile([1.0, 2.0], (4, 1)), "test/x")
        (header, first, second), errors = self.table(self.path, run, "--data", f"{data}:test/x", "--half-width", 6)
        self.assertEqual(header, ["run", "step", "log Z", "learned log Z", "log-likelihood of 4 rows"])
        # log 2π, and at the mean -log 2π - log(0.5 · 2)
        self.assertEqual(first, [str(self.path), "6000", "1.8379", "1.7500", "-1.8379 ± 0.0000"])
        self.assertEqual((second[:2], second[3], errors), ([str(run), "6000"], "-", ""))
        self.assertEqual(self.table(self.path)[0][1], [str(self.path), "6000", "1.8378", "1.7500"])  # 1e-4 lie outside

    def test_a_cube_that_is_too_small_is_said(self):
        self.write(np.eye(2))
        errors = self.table(self.path, "--half-width", 2)[1]
        self.assertRegex(errors, r"^likelihood: warning: .+ edge .+ \(.+\); raise --half-width")

    def test_refusals(self):
        self.write(np.eye(2), network="score_mlp", tensors=support.score_network(2, 2))
        done = support.run_script("likelihood.py", self.path)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^likelihood: .+ score network \(.+\); .+\n$")
        self.write(np.eye(2))
        with h5py.File(self.path, "a") as file:
            file["model_ema/layers.1.bias"][...] = np.nan
        self.assertRegex(support.run_script("likelihood.py", self.path).stderr, "not finite")
        self.assertEqual(support.run_script("likelihood.py", self.path, "--points", 1).returncode, 2)


if __name__ == "__main__":
    unittest.main()
