# SPDX-License-Identifier: Apache-2.0
"""Every objective learns the density; what is special to one of them works from the command line."""

import csv
import os
import unittest
from concurrent.futures import ThreadPoolExecutor

import h5py
import numpy as np

import harness
from test_two_moons import CEILING, JOBS, SAMPLES, Trained, ebmpi_reader, log_likelihood, two_moons

PLAIN = """
[data]
density = "two_moons"
noise = 0.1
[objective]
{objective}
"""

# Goals for the default settings: 2-128-128-1, SiLU, batches of 256, 6000 steps, Adam 1e-3, averaged parameters.
DEFAULT_GOALS = {
    'kind = "energy_discrepancy"': -1.03,
    'kind = "score_matching"': -1.04,
    'kind = "noise_contrastive_estimation"': -1.07,
    'kind = "sliced_score_matching"': -1.08,
    'kind = "denoising_score_matching"': -1.09,
}


class WithGoals(Trained):
    """Likelihoods are exact, by NumPy on a grid, from the checkpoint alone."""

    def check(self, runs):
        """`runs`: name, config and goal of each. Two are trained at a time."""
        x = two_moons(SAMPLES)
        with ThreadPoolExecutor(max_workers=2) as pool:
            errors = list(pool.map(lambda run: self.finish(self.start(run[1], run[0])), runs))
        for (name, _, goal), error_text in zip(runs, errors):
            with self.subTest(run=name):
                self.assertEqual(error_text, "")
                mean, error = log_likelihood(self.newest(name), x)
                print(f"{name}: log-likelihood {mean:.4f} ± {error:.4f} (goal {goal}, ceiling {CEILING})", flush=True)
                self.assertGreater(mean, goal, f"standard error {error:.4f}")
                self.assertLess(mean, CEILING + 4.0 * error, "better than the truth: the normalisation is wrong")


class Likelihood(WithGoals):
    def test_default_settings(self):
        self.check([(f"default-{number}", self.write(f"default-{number}.toml", PLAIN.format(objective=objective)), goal)
                    for number, (objective, goal) in enumerate(DEFAULT_GOALS.items())])


class Gaussian(Trained):
    """One hidden layer of the quadratic activation is the energy of a Gaussian, ½ Σ_i a_i (w_i·x + b_i)²."""

    DIMENSION = 3
    ROWS = 40000

    def setUp(self):
        super().setUp()
        rng = np.random.default_rng(8)
        mixing = np.array([[1.0, 0.0, 0.0], [0.6, 0.8, 0.0], [-0.3, 0.4, 0.7]])
        self.rows = rng.normal(size=(self.ROWS, self.DIMENSION)) @ mixing.T
        self.precision = np.linalg.inv(mixing @ mixing.T)
        with h5py.File(self.folder / "rows.h5", "w") as file:
            file["x"] = self.rows

    def train(self, name, objective):
        config = self.write("gaussian.toml", f"""
[run]
steps = 4000
[data]
file = "rows.h5"
standardize = false
validation_fraction = 0.05
[network]
hidden = [6]
activation = "quadratic"
[objective]
{objective}
[optimizer]
batch_size = 1024
learning_rate = 0.01
schedule = "cosine"
""")
        self.assertEqual(self.finish(self.start(config, name)), "")
        return self.newest(name)

    def hessian(self, checkpoint):
        tensors = checkpoint.tensors()
        weight = tensors["layers.0.weight"].astype(float)
        return weight.T @ (tensors["layers.1.weight"][0][:, None] * weight)

    def test_precision_matrix(self):
        """The precision of 40000 rows is known to about √(2/40000) = 0.7 % of its diagonal; tolerance 4 of those."""
        scale = np.sqrt(np.outer(np.diag(self.precision), np.diag(self.precision)))
        sample_error = np.sqrt(2.0 / self.ROWS)
        for number, (objective, sigma) in enumerate((
                ('kind = "score_matching"', 0.0), ('kind = "sliced_score_matching"', 0.0),
                ('kind = "denoising_score_matching"\nsigma = 0.2\nantithetic = true', 0.2),
                ('kind = "noise_contrastive_estimation"\nnoise_ratio = 8', 0.0))):
            with self.subTest(objective=objective):
                found = self.hessian(self.train(f"gaussian-{number}", objective))
                # Denoising learns the density of x + σz, of covariance C + σ²I.
                expected = np.linalg.inv(np.linalg.inv(self.precision) + sigma**2 * np.eye(self.DIMENSION))
                print(f"{objective!r}: largest error {np.abs((found - expected) / scale).max():.4f}")
                np.testing.assert_array_less(np.abs(found - expected) / scale, 4.0 * sample_error)

    def test_learned_log_z(self):
        """Against the closed form ½ log det(2π A⁻¹) - E(minimum) of the energy that was learned."""
        checkpoint = self.train("gaussian", 'kind = "noise_contrastive_estimation"')
        curvature = self.hessian(checkpoint)
        tensors = {name: value.astype(float) for name, value in checkpoint.tensors().items()}
        outer = tensors["layers.1.weight"][0]
        lowest = -np.linalg.solve(curvature, tensors["layers.0.weight"].T @ (outer * tensors["layers.0.bias"]))
        unit = tensors["layers.0.weight"] @ lowest + tensors["layers.0.bias"]
        energy = 0.5 * outer @ unit**2 + tensors["layers.1.bias"][0]
        exact = 0.5 * self.DIMENSION * np.log(2.0 * np.pi) - 0.5 * np.linalg.slogdet(curvature)[1] - energy
        learned = -tensors["log_normalizer"][0]
        print(f"log Z: learned {learned:.4f}, exact {exact:.4f}")
        self.assertAlmostEqual(learned, exact, delta=0.02)
        harness.ebmpi("energy", self.folder / "gaussian", "--data", self.folder / "rows.h5", "--output", self.folder / "e.h5")
        self.assertAlmostEqual(harness.attributes(self.folder / "e.h5")["learned_log_z"], learned, places=5)


def energy_distance(x, y):
    """2 E‖X - Y‖ - E‖X - X'‖ - E‖Y - Y'‖ (Székely and Rizzo 2013, doi:10.1016/j.jspi.2013.03.018)."""
    def mean_distance(a, b):
        return np.mean([np.linalg.norm(row - b, axis=1).mean() for row in a])
    return 2.0 * mean_distance(x, y) - mean_distance(x, x) - mean_distance(y, y)


class NoiseLevels(Trained):
    def test_ladder(self):
        """Annealed samples of E(x, σ) are those of the data with the last level's noise."""
        self.assertEqual(self.finish(self.start(JOBS / "noise_conditional.toml", "ladder")), "")
        run, samples = self.folder / "ladder", self.folder / "samples.h5"
        harness.ebmpi("sample", run, "--count", 2000, "--output", samples)
        self.assertEqual(harness.attributes(samples)["sampler"], b"annealed_langevin")
        scale = self.newest("ladder").data["scale"]
        truth = two_moons(4000)
        truth += 0.05 * scale * np.random.default_rng(1).normal(size=truth.shape)
        found = energy_distance(harness.numbers(samples)["x"], truth[:2000])
        between = energy_distance(truth[2000:], truth[:2000])
        print(f"energy distance {found:.5f}; between two sets of true samples {between:.5f}")
        self.assertLess(found, 0.01)
        for ranks in (1, 3):
            harness.ebmpi("sample", run, "--count", 100, "--steps", 20, "--output", self.folder / f"{ranks}.h5", ranks=ranks)
        np.testing.assert_array_equal(harness.numbers(self.folder / "1.h5")["x"], harness.numbers(self.folder / "3.h5")["x"])

    def test_levels_on_the_command_line(self):
        self.assertEqual(self.finish(self.start(JOBS / "noise_conditional.toml", "ladder", "--steps", "200")), "")
        run, data = self.folder / "ladder", self.folder / "data.h5"
        harness.ebmpi("data", "generate", "two_moons", "--count", 50, "--output", data)
        outputs = {}
        for sigma in (None, 0.05, 0.6):
            options = () if sigma is None else ("--sigma", sigma)
            harness.ebmpi("energy", run, "--data", data, "--output", self.folder / "e.h5", *options)
            outputs[sigma] = harness.numbers(self.folder / "e.h5")["energy"]
        np.testing.assert_array_equal(outputs[None], outputs[0.05])
        self.assertGreater(np.abs(outputs[0.6] - outputs[0.05]).max(), 1e-3)
        done = harness.ebmpi("sample", run, "--count", 5, "--sampler", "annealed_langevin", "--sigma", 0.1, "--output",
                             self.folder / "s.h5", expect=2)
        self.assertIn("contradict", harness.problems(done)[0])


class ScoreNetwork(Trained):
    def test_what_needs_an_energy_is_refused(self):
        self.assertEqual(self.finish(self.start(JOBS / "score_network.toml", "score")), "")
        run, data, output = self.folder / "score", self.folder / "data.h5", self.folder / "out.h5"
        harness.ebmpi("data", "generate", "two_moons", "--count", 2000, "--output", data)
        for arguments in (("energy", run, "--data", data, "--output", output),
                          ("anomaly", run, "--normal", data, "--data", data, "--output", output)):
            done = harness.ebmpi(*arguments, expect=2)
            self.assertRegex(harness.problems(done)[0], "holds a score network .*no energy.*; train one with")
            self.assertFalse(output.exists())
        harness.ebmpi("anomaly", run, "--normal", data, "--data", data, "--score", "norm", "--output", output)
        harness.ebmpi("sample", run, "--count", 2000, "--steps", 3000, "--step-size", 0.003, "--output", output)
        found = harness.numbers(output)
        self.assertNotIn("energy", found)
        distance = energy_distance(found["x"], two_moons(2000))
        print(f"energy distance of Langevin samples {distance:.5f}")
        self.assertLess(distance, 0.02)


class Watching(Trained):
    def metrics(self, name):
        with open(self.folder / name / "metrics.csv", encoding="utf-8") as file:
            return list(csv.DictReader(file))

    def test_patience_and_the_best_checkpoint(self):
        """A network that overfits 60 rows stops early; its best checkpoint is that of the lowest validation loss."""
        rng = np.random.default_rng(2)
        with h5py.File(self.folder / "few.h5", "w") as file:
            file["x"] = rng.normal(size=(80, 2))
        config = self.write("few.toml", """
[run]
steps = 20000
log_every = 100
validate_every = 100
patience = 5
[data]
file = "few.h5"
validation_fraction = 0.25
[objective]
kind = "denoising_score_matching"
[optimizer]
batch_size = 64
ema = 0.9
[parallel]
shards = 2
""")
        self.assertEqual(self.finish(self.start(config, "few")), "")
        rows = self.metrics("few")
        losses = {int(row["step"]): float(row["validation_loss"]) for row in rows}
        best = min(losses, key=losses.get)
        last = max(losses)
        self.assertLess(last, 20000)
        self.assertEqual(last, best + 500)
        for name in ("step-%09d" % last, "best"):
            attributes = harness.attributes(self.folder / f"few/checkpoints/{name}.h5")
            self.assertEqual(attributes["best_validation_loss"], losses[best])
            self.assertEqual(attributes["best_validation_step"], best)
        self.assertEqual(ebmpi_reader.Checkpoint(self.folder / "few/checkpoints/best.h5").step, best)
        self.check_odd_intervals(config)
        before = harness.timeless_metrics(self.folder / "few")
        again = harness.ebmpi("train", config, "--output", self.folder / "few", ranks=2)
        self.assertIn("no better validation", again.stdout)
        self.assertEqual(harness.timeless_metrics(self.folder / "few"), before)

    def check_odd_intervals(self, config):
        """The last step is logged wherever it falls, with figures of its own, and stays when the run is called again."""
        odd = "--set=run.log_every=70"
        self.assertEqual(self.finish(self.start(config, "odd", odd)), "")
        rows, expected = self.metrics("odd"), harness.timeless_metrics(self.folder / "odd")
        last = self.newest("odd").step
        self.assertNotEqual(last % 70, 0, "the case that is meant does not arise; choose another interval")
        self.assertEqual(int(rows[-1]["step"]), last)
        self.assertNotEqual(rows[-1]["gradient_norm"], rows[-2]["gradient_norm"])
        harness.ebmpi("train", config, "--output", self.folder / "odd", odd)
        self.assertEqual(harness.timeless_metrics(self.folder / "odd"), expected)
        for steps in (last - 3, 20000):
            harness.ebmpi("train", config, "--output", self.folder / "parts", odd, "--steps", steps, ranks=2)
        self.assertEqual(harness.timeless_metrics(self.folder / "parts"), expected)

    def test_validation_loss_against_its_definition(self):
        """Exact score matching of the averaged parameters on the held-out rows, from E and ∇E by finite differences."""
        rng = np.random.default_rng(3)
        with h5py.File(self.folder / "rows.h5", "w") as file:
            file["x"] = rng.normal(size=(400, 2))
        config = self.write("rows.toml", """
[run]
steps = 200
validate_every = 200
log_every = 200
precision = "double"
[data]
file = "rows.h5"
standardize = false
validation_fraction = 0.5
[objective]
kind = "score_matching"
[network]
hidden = [16]
[optimizer]
batch_size = 8
[parallel]
shards = 1
""")
        self.assertEqual(self.finish(self.start(config, "rows")), "")
        checkpoint = self.newest("rows")
        row = self.metrics("rows")[-1]
        with h5py.File(self.folder / "rows.h5") as file:
            x = file["x"][()]
        network, h = checkpoint.network(), 1e-4
        gradient = network.gradient(x)
        laplacian = sum((network.gradient(x + h * e)[:, d] - network.gradient(x - h * e)[:, d]) / (2 * h)
                        for d, e in enumerate(np.eye(2)))
        loss = 0.5 * (gradient**2).sum(axis=1) - laplacian
        # Half of 400 rows: the mean over the held-out ones is within 4 standard errors of that over all.
        error = 4.0 * loss.std() / np.sqrt(len(x) / 2)
        self.assertAlmostEqual(float(row["validation_loss"]), loss.mean(), delta=error)
        self.assertAlmostEqual(float(row["loss_fraction"]), float(row["loss"]) / float(row["validation_loss"]), places=12)


if __name__ == "__main__":
    os.environ.setdefault("EBMPI", str(harness.REPOSITORY / "build/release/bin/ebmpi"))
    unittest.main()
