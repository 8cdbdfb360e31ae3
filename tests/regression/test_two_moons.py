# SPDX-License-Identifier: Apache-2.0
"""What training is for: the density. Likelihoods are exact, by NumPy on a grid, from the checkpoint alone."""

import os
import subprocess
import sys
import unittest

import numpy as np

import harness

sys.path.insert(0, str(harness.REPOSITORY / "analysis"))
import ebmpi_reader  # noqa: E402
from likelihood import grid_weights, log_likelihood  # noqa: E402

JOBS = harness.REPOSITORY / "jobs/two_moons"
# E[log p] of the true density: 20000 samples under its quadrature, to 0.005.
CEILING = -1.008
SAMPLES = 20000


def two_moons(count, noise=0.1):
    """Samples by the definition in src/data/synthetic.hpp, with NumPy's own random numbers."""
    rng = np.random.default_rng(5)
    t = rng.uniform(0.0, np.pi, count)
    upper = rng.uniform(size=count) < 0.5
    moon = np.where(upper, (np.cos(t), np.sin(t)), (1.0 - np.cos(t), 0.5 - np.sin(t)))
    return moon.T + noise * rng.normal(size=(count, 2))


class Trained(harness.Case):
    def start(self, config, name, *options):
        """Begins a training on one core."""
        return subprocess.Popen(harness.command(["train", config, "--output", self.folder / name, *options], ranks=0),
                                env=harness.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self, process):
        """Waits for its end; returns what it wrote to stderr."""
        errors = process.communicate(timeout=600)[1]
        self.assertEqual(process.returncode, 0, errors)
        return errors

    def newest(self, name):
        return ebmpi_reader.Run(self.folder / name).newest()


class TwoMoons(Trained):
    def test_chains_with_a_metropolis_test(self):
        job = self.start(JOBS / "mala.toml", "mala", "--steps", "3000")
        x = two_moons(SAMPLES)
        self.assertEqual(self.finish(job), "")
        mean, error = log_likelihood(self.newest("mala"), x)
        print(f"mala: log-likelihood {mean:.4f} ± {error:.4f} (ceiling {CEILING})")
        self.assertGreater(mean, -1.15, f"standard error {error:.4f}")
        self.assertLess(mean, CEILING + 4.0 * error, "better than the truth: the normalisation is wrong")
        metrics = ebmpi_reader.Run(self.folder / "mala").metrics
        self.assertLess(abs(np.mean(metrics["chain_acceptance"][-5:]) - 0.574), 0.1)

    def test_failing_chains_are_named(self):
        errors = self.finish(self.start(JOBS / "pcd.toml", "failing", "--set=objective.energy_regularization=0",
                                        "--set=sampler.steps=20", "--steps", "2600"))
        warnings = errors.splitlines()
        self.assertGreaterEqual(len(warnings), 2, errors)
        self.assertTrue(all(line.startswith("ebmpi: warning: ") for line in warnings), errors)
        self.assertRegex(errors, r"step \d+: .*(equipartition|range of the training data)")
        self.assertIn("do not use them as likelihoods", warnings[-1])


class Gaussian(Trained):
    def test_moments(self):
        """N(0, C) with C_ij = 0.5^|i - j|: mean and covariance of the trained density, by sums on a grid.

        A Langevin step of size η on a Gaussian of covariance S samples S + η/2 to first order, and it is the samples that training
        matches to the data. 2000 steps also show an average that still holds the initial parameters: it gives variances of 1.4.
        """
        config = self.write("gaussian.toml", GAUSSIAN)
        self.assertEqual(self.finish(self.start(config, "gaussian")), "")
        checkpoint = self.newest("gaussian")
        z, weights, _ = grid_weights(checkpoint, half_width=6.0, points=301)
        x = checkpoint.to_data(z)
        mean = weights @ x
        covariance = (x - mean).T @ (weights[:, None] * (x - mean))
        print(f"gaussian: mean {mean}, covariance {covariance.ravel()}")
        np.testing.assert_allclose(mean, 0.0, atol=0.05)
        np.testing.assert_allclose(covariance, [[0.975, 0.5], [0.5, 0.975]], atol=0.05)


GAUSSIAN = """
[run]
steps = 2000
[data]
density = "gaussian"
dimension = 2
[network]
hidden = [32, 32]
[objective]
energy_regularization = 0.0
[sampler]
step_size = 0.05
"""


if __name__ == "__main__":
    os.environ.setdefault("EBMPI", str(harness.REPOSITORY / "build/release/bin/ebmpi"))
    unittest.main()
