# SPDX-License-Identifier: Apache-2.0
"""The plotting scripts as a user runs them: they draw, leave the run alone, and say what is missing without a trace."""

import shutil
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np
import support

import figure
import plane
import plot_anomaly
import plot_objectives
import plot_training
from ebmpi_reader import Checkpoint, Run

SCRIPTS = ("plot_training", "plot_energy", "plot_chains", "plot_anomaly")
PNG = b"\x89PNG\r\n\x1a\n"
MESSAGE = r"^plot_\w+: .+ \(.+\); .+\n$"
NETWORK = {"network": "score_mlp", "objective": support.LADDER, "tensors": support.score_network(3, 2), "chains": 0}


class WithRun(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.run_folder = support.write_run(self.folder / "run", tail="6100,0.0")

    def assert_draws(self, output: Path, script: str, *arguments: object) -> None:
        done = support.run_script(f"{script}.py", *arguments)
        self.assertEqual((done.returncode, done.stderr, done.stdout.strip()), (0, "", str(output)))
        self.assertTrue(output.read_bytes().startswith(PNG))

    def assert_refuses(self, pattern: str, script: str, *arguments: object, code: int = 2) -> None:
        done = support.run_script(f"{script}.py", *arguments)
        self.assertEqual((done.returncode, done.stdout), (code, ""), done.stderr)
        self.assertRegex(done.stderr, MESSAGE)
        self.assertRegex(done.stderr, pattern)


class Figures(WithRun):
    def test_help(self):
        for script in (*SCRIPTS, "plot_objectives", "plot_densities"):
            done = support.run_script(f"{script}.py", "--help")
            self.assertEqual(done.returncode, 0)
            self.assertIn("--output", done.stdout)

    def test_a_run_gets_its_figures_and_is_left_alone(self):
        before = {path: path.read_bytes() for path in self.run_folder.rglob("*") if path.is_file()}
        for script in ("training", "energy", "chains"):
            self.assert_draws(self.run_folder / "plots" / f"{script}.png", f"plot_{script}", self.run_folder)
        after = {path: path.read_bytes() for path in self.run_folder.rglob("*") if path.is_file() and path.suffix != ".png"}
        self.assertEqual(before, after)

    def test_data_samples_range_and_parameters(self):
        rows = np.random.default_rng(0).standard_normal((500, 2))
        data = support.write_rows(self.folder / "data.h5", rows, "train/x")
        samples = support.write_rows(self.folder / "samples.h5", rows)
        checkpoint = self.run_folder / "checkpoints" / "step-000004000.h5"
        self.assert_draws(self.folder / "a.png", "plot_energy", checkpoint, "--data", f"{data}:train/x", "--samples", samples,
                          "--parameters", "last", "--range", -1, 3, -2, 6, "--output", self.folder / "a.png")
        self.assert_draws(self.run_folder / "plots" / "chains.png", "plot_chains", checkpoint, "--data", f"{data}:train/x")
        self.assert_draws(self.folder / "samples-chains.png", "plot_chains", samples)

    def test_many_columns_and_a_projection(self):
        projection = np.linalg.qr(np.random.default_rng(9).standard_normal((12, 12)))[0][:3]
        support.write_checkpoint(self.folder / "wide.h5", 12, projection=projection)
        self.assert_draws(self.folder / "wide-chains.png", "plot_chains", self.folder / "wide.h5")

    def test_long_and_one_line_metrics(self):
        for lines in (1, 500):
            support.write_metrics(self.run_folder / "metrics.csv", lines)
            self.assert_draws(self.run_folder / "plots" / "training.png", "plot_training", self.run_folder)

    def test_metrics_alone_are_enough_for_the_curves(self):
        shutil.rmtree(self.run_folder / "checkpoints")
        (self.run_folder / "config.toml").unlink()
        self.assert_draws(self.run_folder / "plots" / "training.png", "plot_training", self.run_folder)

    def test_models_that_are_told_the_noise_level(self):
        tensors = support.gaussian(np.array([[1.0, 0.0, 0.5], [0.5, 1.0, 0.0]]))
        support.write_checkpoint(self.folder / "ladder.h5", objective=support.LADDER, activation="quadratic", tensors=tensors,
                                 chains=0)
        support.write_checkpoint(self.folder / "network.h5", **NETWORK)
        for name in ("ladder", "network"):
            self.assert_draws(self.folder / f"{name}-energy.png", "plot_energy", self.folder / f"{name}.h5", "--sigma", 2)
        self.assert_refuses("knows no noise levels", "plot_energy", self.run_folder, "--sigma", 2)

    def test_objectives_side_by_side(self):
        data = support.write_rows(self.folder / "data.h5", np.random.default_rng(0).standard_normal((500, 2)))
        support.write_checkpoint(self.folder / "network.h5", **NETWORK)
        output = self.folder / "objectives.png"
        self.assert_draws(output, "plot_objectives", self.run_folder, self.folder / "network.h5", "--data", data,
                          "--output", output)
        self.assert_draws(output, "plot_objectives", self.folder / "network.h5", "--output", output)
        support.write_checkpoint(self.folder / "wide.h5", 3)
        self.assert_refuses("3 data columns", "plot_objectives", self.run_folder, self.folder / "wide.h5", "--output", output)

    def test_densities_side_by_side(self):
        samples = support.write_rows(self.folder / "samples.h5", np.random.default_rng(0).standard_normal((500, 2)))
        checkpoint, output = self.folder / "other.h5", self.folder / "densities.png"
        support.write_checkpoint(checkpoint)
        self.assert_draws(output, "plot_densities", self.run_folder, checkpoint, "--samples", samples, "-", "--titles", "one",
                          "two", "--output", output)
        self.assert_refuses("1 entries for 2 models", "plot_densities", checkpoint, checkpoint, "--titles", "one", "--output",
                            output)

    def test_anomaly_with_and_without_labels(self):
        for labels, kind in ((True, "energy"), (False, "norm")):
            scores = support.write_scores(self.folder / "scores.h5", labels=labels, kind=kind)
            self.assert_draws(self.folder / "scores-anomaly.png", "plot_anomaly", scores, "--level", 0.01)


class TrainingPanels(WithRun):
    """What plot_training draws of the columns of each objective."""

    ALWAYS = ["Loss", "Validation", "Score at held-out data", "Gradients", "Learning rate", "Speed"]

    def drawn(self, report: str) -> dict[str, list[str]]:
        """Titles and labels of the panels."""
        support.write_metrics(self.run_folder / "metrics.csv", report=report)
        self.canvas = plot_training.draw(Run(self.run_folder))
        self.addCleanup(figure.plt.close, self.canvas)
        panels = [axes for axes in self.canvas.axes if axes.get_title()]
        return {axes.get_title(): [line.get_label() for line in axes.get_lines()] for axes in panels}

    def test_panels_without_columns_are_left_out(self):
        ratio = "Training loss over held-out loss"  # of objectives that are validated by their own loss
        own = {"persistent_contrastive_divergence": ["Energy", "Energy gap", "Spread of the energy", "Chains: equipartition",
                                                     "Chains: outside the data's range", "Chains: age"],
               "score_matching": [ratio, "Terms of the loss", "Energy"],
               "noise_contrastive_estimation": [ratio, "Accuracy", "Learned log Z", "Energy"],
               "flow_contrastive_estimation": ["Accuracy", "Learned log Z", "Energy", "Flow: held-out likelihood", "Flow: turns"],
               "energy_discrepancy": [ratio, "Energy"], "score network": [ratio, "Terms of the loss"]}
        self.assertEqual(own.keys(), support.REPORTS.keys())
        for report, titles in own.items():
            self.assertCountEqual(self.drawn(report), [*self.ALWAYS, *titles], report)

    def test_every_column_is_drawn(self):
        known = {name for panel in plot_training.PANELS for name in panel.columns}
        for report, columns in support.REPORTS.items():
            self.assertLessEqual({"loss", "validation_loss", *columns}, known, report)
        self.assertLessEqual({*support.CHAINS, *support.SOME_CHAINS}, known)

    def test_best_validation_is_marked(self):
        self.assertEqual(self.drawn("score_matching")["Validation"][-1], f"best: {support.BEST_LOSS} at step {support.BEST_STEP}")
        loss = next(axes for axes in self.canvas.axes if axes.get_title() == "Validation")
        np.testing.assert_array_equal(loss.get_lines()[-1].get_xydata(), [[support.BEST_STEP, support.BEST_LOSS]])
        (self.run_folder / "checkpoints" / "best.h5").unlink()
        self.assertEqual(len(self.drawn("score_matching")["Validation"]), 1)

    def test_references(self):
        self.drawn("noise_contrastive_estimation")
        for axes in self.canvas.axes:
            expected = {"Accuracy": 0.5, "Training loss over held-out loss": 1.0}.get(axes.get_title())
            level = [line.get_ydata()[0] for line in axes.get_lines() if line.get_linestyle() == ":"]
            self.assertEqual(level, [] if expected is None else [expected], axes.get_title())


class Refusals(WithRun):
    def test_paths_that_are_not_there(self):
        for script in SCRIPTS:
            self.assert_refuses("nowhere", script, self.folder / "nowhere")

    def test_a_run_that_has_just_begun(self):
        shutil.rmtree(self.run_folder / "checkpoints")
        (self.run_folder / "metrics.csv").write_text("step,lo", encoding="utf-8")
        self.assert_refuses("no complete header", "plot_training", self.run_folder)
        for script in ("plot_energy", "plot_chains"):
            self.assert_refuses("has no checkpoint", script, self.run_folder)

    def test_other_dimensions_than_two(self):
        support.write_checkpoint(self.folder / "wide.h5", 3)
        self.assert_refuses("3 data columns", "plot_energy", self.folder / "wide.h5")

    def test_what_does_not_fit(self):
        rows = support.write_rows(self.folder / "rows.h5", np.zeros((4, 3)))
        output = self.folder / "figure.odd"
        self.assert_refuses("3 columns, the chains 2", "plot_chains", self.run_folder, "--data", rows)
        self.assert_refuses("has 3 columns", "plot_energy", self.run_folder, "--samples", rows)
        self.assert_refuses("is empty", "plot_energy", self.run_folder, "--range", 1, 0, 0, 1)
        self.assert_refuses("unknown ending", "plot_training", self.run_folder, "--output", output)
        self.assert_refuses("has no /score", "plot_anomaly", rows)

    def test_no_persistent_chains(self):
        support.write_checkpoint(self.folder / "model.h5", chains=0)
        self.assert_refuses("no /chains/x", "plot_chains", self.folder / "model.h5")
        self.assert_draws(self.folder / "model-energy.png", "plot_energy", self.folder / "model.h5")

    def test_an_output_that_cannot_be_written(self):
        (self.folder / "file").touch()
        self.assert_refuses("file", "plot_training", self.run_folder, "--output", self.folder / "file" / "x.png", code=4)


class Numbers(WithRun):
    def test_roc_curve_of_a_worked_example(self):
        score = np.array([3.0, 2.0, 2.0, 1.0])
        false, true = plot_anomaly.roc_curve(score, np.array([True, True, False, False]))
        np.testing.assert_array_equal(false, [0.0, 0.0, 0.5, 1.0])
        np.testing.assert_array_equal(true, [0.0, 0.5, 1.0, 1.0])
        self.assertEqual(plot_anomaly.area(false, true), 0.875)  # pairs won 3, tied 1, of 4

    def test_area_of_two_gaussians(self):
        scores = plot_anomaly.load(support.write_scores(self.folder / "scores.h5"))
        measured = plot_anomaly.area(*plot_anomaly.roc_curve(scores.tested, scores.anomalous))
        self.assertAlmostEqual(measured, 0.92135, delta=0.03)  # Φ(2/√2); 500 against 1500 rows: standard error 0.008

    def test_threshold_is_the_file_s_own_or_the_level_s(self):
        path = support.write_scores(self.folder / "scores.h5")
        scores = plot_anomaly.load(path)
        self.assertAlmostEqual(np.mean(scores.normal > plot_anomaly.threshold_of(scores, 0.05)), 0.05, delta=1e-3)
        with h5py.File(path, "a") as file:
            file.attrs["threshold"] = 1.25
        self.assertEqual(plot_anomaly.threshold_of(plot_anomaly.load(path), 0.05), 1.25)

    def test_grid_density_integrates_to_one_and_has_the_ratios_of_the_energy(self):
        model = Checkpoint(self.run_folder / "checkpoints" / "step-000006000.h5")
        grid = plane.square_grid([-1.0, 3.0, -2.0, 6.0], 81)
        energy = model.energy(grid.points)
        density = plane.grid_density(grid, energy, 2.0)
        self.assertAlmostEqual(density.sum() * (4.0 / 80) * (8.0 / 80), 1.0, places=12)
        self.assertAlmostEqual(np.log(density[0] / density[3000]), (energy[3000] - energy[0]) / 2.0, places=9)

    def test_grid_points_run_along_x_first(self):
        grid = plane.square_grid([0.0, 1.0, 5.0, 7.0], 2)
        np.testing.assert_array_equal(grid.points, [[0, 5], [1, 5], [0, 7], [1, 7]])

    def test_range_of_a_rotated_model_holds_all_corners_of_its_data(self):
        rotation = np.array([[0.6, 0.8], [-0.8, 0.6]])
        support.write_checkpoint(self.folder / "rotated.h5", projection=rotation)  # from -2 to 2 in model space
        corner = 2.0 * (0.6 + 0.8) * np.array([0.5, 2.0])
        wide = 1.0 + 2.0 * plane.MARGIN
        expected = [1.0 - wide * corner[0], 1.0 + wide * corner[0], 2.0 - wide * corner[1], 2.0 + wide * corner[1]]
        np.testing.assert_allclose(plane.shown_range(Checkpoint(self.folder / "rotated.h5"), None), expected)

    def test_objectives_in_words(self):
        for section, name in (({"kind": "noise_contrastive_estimation", "contrast": "ranking"},
                               "noise contrastive estimation, ranking"),
                              ({"kind": "denoising_score_matching", "sigma": 0.1}, "denoising score matching, σ = 0.1"),
                              ({"kind": "denoising_score_matching", "sigmas": [1.0, 0.1]}, "denoising score matching"),
                              ({"kind": "energy_discrepancy", "diffusion_time": 0.09}, "energy discrepancy, t = 0.09"),
                              ({"kind": "score_matching"}, "score matching")):
            self.assertEqual(plot_objectives.objective_name({"objective": section}).replace("\u00a0", " "), name)

    def test_title_gives_the_likelihood_where_there_is_one(self):
        rows = np.random.default_rng(0).standard_normal((50, 2))
        tensors = support.gaussian(np.eye(2))
        support.write_checkpoint(self.folder / "normal.h5", activation="quadratic", tensors=tensors)
        normal = Checkpoint(self.folder / "normal.h5")  # N((1, 2), diag(0.5, 2)²)
        log_p = -np.sum(((rows - [1.0, 2.0]) / [0.5, 2.0]) ** 2 / 2.0, axis=1) - np.log(2.0 * np.pi)
        text = plot_objectives.title(normal.path, normal, rows, "ema").splitlines()[-1]
        shown, error = map(float, text.removeprefix("log-likelihood ").split(" ± "))
        self.assertAlmostEqual(shown, log_p.mean(), delta=1e-3)
        self.assertAlmostEqual(error, log_p.std() / np.sqrt(50), delta=1e-3)
        self.assertNotIn("likelihood", plot_objectives.title(normal.path, normal, None, "ema"))
        support.write_checkpoint(self.folder / "network.h5", **NETWORK)
        network = plot_objectives.title(self.folder, Checkpoint(self.folder / "network.h5"), rows, "ema")
        self.assertRegex(network, "at σ = 0.5 of 2 noise levels\nscore network: no density$")


if __name__ == "__main__":
    unittest.main()
