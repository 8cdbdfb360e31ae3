# SPDX-License-Identifier: Apache-2.0
"""The reader on synthetic runs: half-written files, units, damaged and missing things."""

import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np
import support

from ebmpi_reader import Checkpoint, Missing, Run, open_model, read_rows
from reference.numpy_mlp import Mlp, MlpEnergy

MESSAGE = r"^.+ \(.+\); .+$"


def swap_kind(file: h5py.File, name: str) -> None:
    """Put a data set in the place of a group, or a group in the place of a data set."""
    was_group = isinstance(file.pop(name), h5py.Group)
    if was_group:
        file[name] = np.zeros(2)
    else:
        file.create_group(name)


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)


class Metrics(WithFolder):
    def metrics(self, text: str) -> dict[str, np.ndarray]:
        (self.folder / "metrics.csv").write_text(text, encoding="utf-8")
        return Run(self.folder).metrics

    def test_columns_by_name_with_empty_cells(self):
        metrics = self.metrics("step,loss,acceptance\n100,0.5,\n200,-1e-3,0.25\n")
        np.testing.assert_array_equal(metrics["step"], [100, 200])
        np.testing.assert_array_equal(metrics["loss"], [0.5, -0.001])
        np.testing.assert_array_equal(metrics["acceptance"], [np.nan, 0.25])

    def test_unfinished_last_line_is_left_out(self):
        for tail in ("3", "300,0.1", "300,0.12,1"):
            np.testing.assert_array_equal(self.metrics("step,loss,age\n100,1,2\n200,3,4\n" + tail)["step"], [100, 200])

    def test_repeated_steps_of_a_resumed_run_count_once(self):
        metrics = self.metrics("step,loss\n100,1\n200,2\n300,3\n200,20\n300,30\n400,40\n")
        np.testing.assert_array_equal(metrics["step"], [100, 200, 300, 400])
        np.testing.assert_array_equal(metrics["loss"], [1, 20, 30, 40])

    def test_what_is_missing_is_said(self):
        with self.assertRaisesRegex(Missing, MESSAGE):
            Run(self.folder / "nowhere")
        with self.assertRaisesRegex(Missing, "metrics.csv does not exist"):
            _ = Run(self.folder).metrics
        for text in ("", "step,lo", "step,loss\n", "step,loss\n10", "a,b\n1,2\n"):
            with self.assertRaisesRegex(Missing, MESSAGE, msg=repr(text)):
                self.metrics(text)


class Runs(WithFolder):
    def test_config_and_checkpoints_newest_first(self):
        run = Run(support.write_run(self.folder / "run"))
        self.assertEqual(run.config["sampler"]["step_size"], 0.01)
        self.assertEqual([path.stem for path in run.checkpoints], ["step-000006000", "step-000005000", "step-000004000"])
        self.assertEqual(open_model(run.path).step, 6000)

    def test_best_checkpoint(self):
        run = Run(support.write_run(self.folder / "run"))
        self.assertEqual(run.best.path.name, "best.h5")
        self.assertEqual(run.newest().best_validation, (support.BEST_STEP, support.BEST_LOSS))
        self.assertEqual(run.newest().attributes["validation_loss"], -0.25)
        with h5py.File(run.checkpoints[0], "a") as file:
            file.attrs.modify("best_validation_step", 0)
        self.assertIsNone(run.newest().best_validation)
        run.best.path.unlink()
        with self.assertRaisesRegex(Missing, MESSAGE):
            _ = run.best

    def test_a_damaged_newest_checkpoint_is_passed_over(self):
        run = Run(support.write_run(self.folder / "run"))
        run.checkpoints[0].write_bytes(run.checkpoints[0].read_bytes()[:700])
        self.assertEqual(run.newest().step, 5000)
        for path in run.checkpoints:
            path.write_bytes(b"not HDF5")
        with self.assertRaisesRegex(Missing, "no readable checkpoint"):
            run.newest()

    def test_a_run_without_checkpoints_says_so(self):
        with self.assertRaisesRegex(Missing, "has not written one"):
            Run(self.folder).newest()
        with self.assertRaisesRegex(Missing, "config.toml does not exist"):
            _ = Run(self.folder).config


class Checkpoints(WithFolder):
    def write(self, *arguments, **options) -> Checkpoint:
        self.tensors = support.write_checkpoint(self.folder / "model.h5", *arguments, **options)
        return Checkpoint(self.folder / "model.h5")

    def test_attributes_config_and_tensors(self):
        model = self.write()
        self.assertEqual((model.attributes["precision"], model.attributes["seed"], model.step), ("float", 7, 6000))
        self.assertEqual(model.config["network"]["activation"], "softplus")
        np.testing.assert_array_equal(model.tensors("last")["layers.0.weight"], 2.0 * self.tensors["layers.0.weight"])
        np.testing.assert_array_equal(model.tensors()["layers.0.weight"], self.tensors["layers.0.weight"])

    def test_energy_in_data_units_standardises_first(self):
        model = self.write()
        x = np.array([[1.7, -0.4], [0.2, 2.9]])
        z = (x - [1.0, 2.0]) / [0.5, 2.0]
        np.testing.assert_allclose(model.energy(x), MlpEnergy.from_tensors(self.tensors, "softplus").energy(z))
        self.assertFalse(np.allclose(model.energy(x), model.energy(x, "last")))

    def test_score_is_the_derivative_of_minus_energy_over_temperature(self):
        projection = np.linalg.qr(np.random.default_rng(9).standard_normal((4, 4)))[0][:2]
        for options in ({"dimension": 3}, {"dimension": 4, "projection": projection}):
            model = self.write(noise_scale=0.2, **options)
            self.assertAlmostEqual(model.temperature, 0.2**2 / (2 * 0.01))
            x = np.random.default_rng(1).standard_normal((5, options["dimension"]))
            for column, unit in enumerate(np.eye(options["dimension"])):
                slope = (model.energy(x + 1e-5 * unit) - model.energy(x - 1e-5 * unit)) / 2e-5
                np.testing.assert_allclose(model.score(x)[:, column], -slope / model.temperature, rtol=1e-6, atol=1e-8)

    def test_chains_come_back_in_data_units(self):
        model = self.write()
        with h5py.File(model.path) as file:
            z = file["chains/x"][()]
        np.testing.assert_allclose(model.chains, z * [0.5, 2.0] + [1.0, 2.0], rtol=1e-6)
        np.testing.assert_allclose(model.to_model(model.chains), z, rtol=1e-6, atol=1e-6)
        self.assertEqual(model.chain_ages.shape, (3000,))

    def test_projected_chains_have_the_data_columns(self):
        projection = np.linalg.qr(np.random.default_rng(9).standard_normal((4, 4)))[0][:2]
        model = self.write(4, projection=projection)
        self.assertEqual((model.dimension, model.model_dimension, model.chains.shape), (4, 2, (3000, 4)))
        with h5py.File(model.path) as file:
            np.testing.assert_allclose(model.to_model(model.chains), file["chains/x"][()], atol=1e-6)

    def test_density_over_the_grid_in_data_units_carries_the_scale(self):
        model = self.write()
        axis = np.linspace(-3.0, 3.0, 241)
        z = np.stack([part.ravel() for part in np.meshgrid(axis, axis)], axis=1)
        cell = (axis[1] - axis[0]) ** 2
        z_model = np.exp(-model.network().energy(z)).sum() * cell
        z_data = np.exp(-model.energy(model.to_data(z))).sum() * cell * 0.5 * 2.0
        self.assertAlmostEqual(np.log(z_data) - np.log(z_model), np.log(0.5 * 2.0), places=10)

    def test_what_is_missing_is_said(self):
        model = self.write(chains=0)
        self.assertFalse(model.has_chains)
        with self.assertRaisesRegex(Missing, MESSAGE):
            _ = model.chains
        with self.assertRaisesRegex(Missing, "3\\) .data has 2|have shape"):
            model.energy(np.zeros((4, 3)))
        self.damage(lambda file: file.pop("model_ema"))
        with self.assertRaisesRegex(Missing, "no parameters 'ema' \\(it has last\\)"):
            Checkpoint(model.path).energy(np.zeros((1, 2)))
        self.damage(lambda file: file.attrs.modify("format_version", 2))
        with self.assertRaisesRegex(Missing, "format version 2"):
            Checkpoint(model.path)
        self.damage(lambda file: file.attrs.modify("format", "other"))
        with self.assertRaisesRegex(Missing, "not a checkpoint"):
            Checkpoint(model.path)

    def test_a_damaged_structure_is_said(self):
        for name in ("model/layers.0.weight", "data/mean", "data", "model_ema"):
            self.write()
            self.damage(lambda file, name=name: swap_kind(file, name))
            with self.assertRaisesRegex(Missing, "is damaged", msg=name):
                Checkpoint(self.folder / "model.h5")

    def damage(self, change) -> None:
        with h5py.File(self.folder / "model.h5", "a") as file:
            change(file)


class Objectives(WithFolder):
    """Networks and log Z of the objectives other than contrastive divergence; data have mean (1, 2) and scale (0.5, 2)."""

    X = np.array([[1.7, -0.4], [0.2, 2.9], [1.0, 2.0]])
    Z = (X - [1.0, 2.0]) / [0.5, 2.0]

    def write(self, dimension: int = 2, **options) -> Checkpoint:
        self.tensors = support.write_checkpoint(self.folder / "model.h5", dimension, chains=0, **options)
        return Checkpoint(self.folder / "model.h5")

    def test_the_temperature_is_that_of_chains_only(self):
        for kind, expected in (("contrastive_divergence", 2.0), ("persistent_contrastive_divergence", 2.0),
                               ("score_matching", 1.0), ("noise_contrastive_estimation", 1.0), ("energy_discrepancy", 1.0)):
            model = self.write(objective=f'kind = "{kind}"', noise_scale=0.2)
            self.assertAlmostEqual(model.temperature, expected, msg=kind)
            np.testing.assert_allclose(model.score(self.X), -model.network().gradient(self.Z) / expected / [0.5, 2.0])

    def test_noise_level_is_one_more_input(self):
        """E = ½(a·z + c log σ)², whose value and derivative along z are known."""
        a, c = np.array([0.75, -1.5]), 0.4
        tensors = support.gaussian(np.array([[*a, c]]))
        model = self.write(objective=support.LADDER, activation="quadratic", tensors=tensors)
        self.assertEqual((model.dimension, model.model_dimension, model.sigmas, model.level()), (2, 2, [2.0, 0.5], 0.5))
        for sigma, level in ((None, 0.5), (2.0, 2.0), (0.9, 0.9)):
            along = self.Z @ a + c * np.log(level)
            np.testing.assert_allclose(model.energy(self.X, sigma=sigma), 0.5 * along**2, rtol=1e-13)
            np.testing.assert_allclose(model.score(self.X, sigma=sigma), -along[:, None] * a / [0.5, 2.0], rtol=1e-13)

    def test_noise_levels_that_mean_nothing_are_refused(self):
        with self.assertRaisesRegex(Missing, "knows no noise levels"):
            self.write().energy(self.X, sigma=0.5)
        ladder = self.write(objective=support.LADDER, activation="quadratic", tensors=support.gaussian(np.ones((1, 3))))
        for sigma in (0.0, -1.0, float("nan")):
            with self.assertRaisesRegex(Missing, MESSAGE):
                ladder.score(self.X, sigma=sigma)

    def test_score_network_gives_the_score_and_no_energy(self):
        model = self.write(network="score_mlp", objective='kind = "score_matching"', tensors=support.score_network(2, 2))
        t = self.tensors
        hidden = np.log1p(np.exp(self.Z @ t["layers.0.weight"].T + t["layers.0.bias"]))
        expected = (hidden @ t["layers.1.weight"].T + t["layers.1.bias"]) / [0.5, 2.0]
        np.testing.assert_allclose(model.score(self.X), expected, rtol=1e-12)
        self.assertFalse(model.has_energy)
        with self.assertRaisesRegex(Missing, "score network .+; use its score"):
            model.energy(self.X)

    def test_score_network_on_noise_levels_and_a_projection(self):
        projection = np.linalg.qr(np.random.default_rng(9).standard_normal((4, 4)))[0][:2]
        model = self.write(4, projection=projection, network="score_mlp", objective=support.LADDER,
                           tensors=support.score_network(3, 2))
        x = np.random.default_rng(1).standard_normal((5, 4))
        mean, scale = np.linspace(1.0, 2.0, 4), np.linspace(0.5, 2.0, 4)
        inputs = np.column_stack([(x - mean) / scale @ projection.T, np.full(5, np.log(2.0))])
        expected = Mlp.from_tensors(self.tensors, "softplus").values(inputs) @ projection / scale
        np.testing.assert_allclose(model.score(x, sigma=2.0), expected, rtol=1e-12)

    def test_density_with_the_learned_log_z(self):
        """A Gaussian that has learned its log Z has its own density in data units; c is that of p = exp(-E + c)."""
        tensors = support.gaussian(np.diag([1.25, 2.0]))
        tensors["log_normalizer"] = np.array([np.log(1.25 * 2.0) - np.log(2.0 * np.pi)])
        model = self.write(objective=support.BINARY, activation="quadratic", tensors=tensors)
        self.assertAlmostEqual(model.learned_log_z, np.log(2.0 * np.pi) - np.log(2.5), places=14)
        deviation = np.array([0.5 / 1.25, 2.0 / 2.0])
        normal = np.exp(-0.5 * ((self.X - [1.0, 2.0]) / deviation) ** 2) / np.sqrt(2.0 * np.pi) / deviation
        np.testing.assert_allclose(model.log_density(self.X), np.log(normal).sum(axis=1), rtol=1e-13)
        self.assertAlmostEqual(model.log_z_learned("last"), 2.0 * model.learned_log_z)

    def test_density_that_is_not_known_is_refused(self):
        model = self.write(objective='kind = "score_matching"')
        self.assertIsNone(model.learned_log_z)
        with self.assertRaisesRegex(Missing, "learned no log Z"):
            model.log_density(self.X)
        tensors = support.bowl(1) | {"log_normalizer": np.zeros(1)}
        model = self.write(projection=np.array([[0.6, 0.8]]), objective=support.BINARY, tensors=tensors)
        with self.assertRaisesRegex(Missing, "data.pca"):
            model.log_density(self.X)

    def test_a_network_of_another_shape_is_refused(self):
        for options in ({"tensors": support.bowl(3)}, {"objective": support.LADDER}, {"network": "score_mlp"},
                        {"tensors": support.score_network(2, 2)}, {"network": "transformer"}):
            model = self.write(**options)
            with self.assertRaisesRegex(Missing, MESSAGE, msg=str(options)):
                model.network()


class DataSets(WithFolder):
    def test_places(self):
        rows = np.arange(6.0).reshape(3, 2)
        path = support.write_rows(self.folder / "data.h5", rows, "train/x")
        np.testing.assert_array_equal(read_rows(f"{path}:train/x"), rows)
        with self.assertRaisesRegex(Missing, "no data set /x \\(it has: train\\)"):
            read_rows(str(path))
        with self.assertRaisesRegex(Missing, "does not exist"):
            read_rows(str(self.folder / "none.h5:train/x"))


if __name__ == "__main__":
    unittest.main()
