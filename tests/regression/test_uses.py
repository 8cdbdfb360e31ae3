# SPDX-License-Identifier: Apache-2.0
"""What an energy is good for: anomalies, likelihood ratios, denoising and in-painting, against exact answers."""

import json
import unittest

import numpy as np

import harness
from harness import attributes, ebmpi, numbers
from test_commands import Twin, WithModels

GAUSSIAN = "density:gaussian,dimension=3"


def covariance(dimension):
    """Of density:gaussian: correlation 0.5 to the power of the distance."""
    return 0.5 ** np.abs(np.subtract.outer(np.arange(dimension), np.arange(dimension)))


def gaussian_log_density(x):
    dimension = x.shape[1]
    precision = np.linalg.inv(covariance(dimension))
    _, log_determinant = np.linalg.slogdet(covariance(dimension))
    return -0.5 * np.einsum("ni,ij,nj->n", x, precision, x) - 0.5 * log_determinant - dimension / 2 * np.log(2 * np.pi)


def mixture_log_density(x, noise):
    """Of density:gaussian_mixture in two dimensions: modes of weights 1, 2 and 3."""
    means, weights = np.array([[-2.0, 0.0], [2.0, 0.0], [0.0, 2.0]]), np.array([1, 2, 3]) / 6
    squares = ((x[:, None, :] - means) ** 2).sum(axis=2)
    return np.log((weights * np.exp(-squares / (2 * noise**2))).sum(axis=1) / (2 * np.pi * noise**2))


class Uses(WithModels):
    @classmethod
    def train_score_network(cls):
        config = cls.folder / "score.toml"
        config.write_text(f'[run]\nsteps = 20\noutput = "{cls.folder / "score"}"\n[data]\ndensity = "two_moons"\n'
                          'count = 500\n[network]\nkind = "score_mlp"\nhidden = [16]\n[objective]\n'
                          'kind = "denoising_score_matching"\n')
        ebmpi("train", config, cwd=cls.folder)
        return cls.folder / "score"

    def run_command(self, command, model, data, name, *options, ranks=0, expect=0):
        path = self.out(name)
        self.done = ebmpi(command, model, "--data", data, "--output", path, *options, ranks=ranks, expect=expect)
        return path

    def refused(self, *arguments, parts, **keywords):
        output = self.run_command(*arguments, **{"expect": 2, **keywords})
        self.assert_refused(self.done, *parts)
        self.assertFalse(output.exists())
        self.assertEqual(list(self.folder.glob("*.tmp-*")), [])

    def assert_same_on_ranks(self, command, model, data, *options):
        one = self.run_command(command, model, data, "1", *options, ranks=1)
        text = self.done.stdout.replace(str(one), "")
        three = self.run_command(command, model, data, "3", *options, ranks=3)
        self.assert_equal_files(one, three)
        self.assertEqual(text, self.done.stdout.replace(str(three), ""))

    def assert_within_errors(self, values, expected):
        """The mean of independent values is the expected one within 4 of its standard errors, measured."""
        values = np.asarray(values)
        self.assertLess(abs(values.mean() - expected), 4 * values.std() / np.sqrt(values.size))


class Anomaly(Uses):
    def test_several_rates_the_highest_rows_and_intervals(self):
        rng = np.random.default_rng(3)
        labels = (rng.uniform(size=300) < 0.3).astype(np.int64)
        normal = self.store("normal", x=rng.normal(size=(199, 2)))
        tested = self.store("tested", x=rng.normal(size=(300, 2)) + 2.0 * labels[:, None], y=labels)
        options = ("--normal", normal, "--false-alarm", "0.05,0.01", "--top", 4)
        path = self.run_command("anomaly", "density:gaussian,dimension=2", tested, "a", *options, "--json")
        report, found, note = json.loads(self.done.stdout), numbers(path), attributes(path)
        scores = found["score"]
        flagged = found["p_value"][:, None] <= [0.05, 0.01]
        np.testing.assert_array_equal(scores[:, None] > note["thresholds"], flagged)
        np.testing.assert_array_equal(note["flagged_counts"], flagged.sum(axis=0))
        np.testing.assert_array_equal(note["false_alarm_rates"], [0.05, 0.01])
        self.assertEqual((note["false_alarm_rate"], note["threshold"], note["flagged"]),
                         (0.05, note["thresholds"][0], flagged[:, 0].sum()))
        np.testing.assert_allclose(note["true_positive_rates"], flagged[labels == 1].mean(axis=0), rtol=1e-15)
        np.testing.assert_allclose(note["false_positive_rates"], flagged[labels == 0].mean(axis=0), rtol=1e-15)
        order = np.argsort(-scores, kind="stable")[:4]
        np.testing.assert_array_equal(found["top/row"], order)
        np.testing.assert_array_equal(found["top/score"], scores[order])
        np.testing.assert_array_equal(found["top/p_value"], found["p_value"][order])
        np.testing.assert_array_equal(found["top/y"], labels[order])
        self.assertEqual([row["row"] for row in report["top"]], order.tolist())
        self.assertEqual(report["top"][0], {"row": order[0], "score": scores[order[0]], "label": labels[order[0]],
                                            "p_value": found["p_value"][order[0]]})
        for name in ("false_alarm_rates", "thresholds", "flagged_counts", "true_positive_rates", "false_positive_rates",
                     "auroc_interval", "average_precision_interval"):
            self.assertEqual(report[name], note[name].tolist())
        # Of the chance that an anomaly scores higher, the standard error from both classes' placements (DeLong).
        placements = (scores[labels == 1][:, None] > scores[labels == 0]).astype(float)
        error = np.sqrt(placements.mean(axis=1).var() / (labels == 1).sum() +
                        placements.mean(axis=0).var() / (labels == 0).sum())
        lower, upper = note["auroc_interval"]
        self.assertLess(abs((upper - lower) / (2 * 1.96 * error) - 1), 0.15)
        self.assertTrue(lower < note["auroc"] < upper)
        lower, upper = note["average_precision_interval"]
        self.assertTrue(lower < note["average_precision"] < upper)
        self.assert_same_on_ranks("anomaly", "density:gaussian,dimension=2", tested, *options)
        self.assertRegex(self.done.stdout, rf"(?m)^  row {order[0]} +score .+, label 1$")

    def test_without_labels_or_list_or_intervals(self):
        normal, tested = self.store("normal", x=np.random.default_rng(1).normal(size=(199, 2))), np.zeros((3, 2))
        path = self.run_command("anomaly", self.moons, self.store("tested", x=tested), "a", "--normal", normal, "--top", 0)
        self.assertNotIn("top/row", numbers(path))
        self.assertNotIn("true_positive_rates", attributes(path))
        self.assertNotIn("top", self.done.stdout)
        path = self.run_command("anomaly", self.moons, self.store("labelled", x=tested, y=[0, 1, 0]), "b", "--normal",
                                normal, "--replicates", 0, "--json")
        self.assertIn("auroc", attributes(path))
        self.assertNotIn("auroc_interval", attributes(path))
        self.assertEqual([row["row"] for row in json.loads(self.done.stdout)["top"]], [0, 1, 2])  # ties: the earlier
        self.refused("anomaly", self.moons, normal, "c", "--normal", normal, "--false-alarm", "0.05,0.001",
                     parts=("--false-alarm 0.001", "199 normal rows"))


class LogRatio(Uses):
    def setUp(self):
        self.rows = np.random.default_rng(1).normal(size=(150, 2))
        self.data = self.store("data", x=self.rows)
        self.gaussian, self.mixture = "density:gaussian,dimension=2", "density:gaussian_mixture,dimension=2,noise=0.8"

    def ratio(self, model, *options, **keywords):
        path = self.run_command("energy", model, self.data, "ratio", *options, **keywords)
        return numbers(path)["log_ratio"], attributes(path)

    def test_of_densities_in_closed_form(self):
        found, note = self.ratio(self.gaussian, "--ratio", self.mixture)
        np.testing.assert_allclose(found, gaussian_log_density(self.rows) - mixture_log_density(self.rows, 0.8), atol=1e-12)
        self.assertEqual(note["log_ratio_is_normalised"], 1)
        self.assertEqual(harness.problems(self.done), [])

    def test_of_every_pair_of_precisions(self):
        minus_energy = {model: -numbers(self.run_command("energy", model, self.data, "e"))["energy"].astype(float)
                        for model in (self.moons, self.gaussian, self.mixture)}  # float, double, double; all T = 1
        for one, other in ((self.moons, self.moons), (self.moons, self.gaussian), (self.gaussian, self.moons),
                           (self.gaussian, self.mixture)):
            found, note = self.ratio(one, "--ratio", other)
            normalised = self.moons not in (one, other)
            self.assertEqual(note["log_ratio_is_normalised"], int(normalised))
            np.testing.assert_allclose(found, minus_energy[one] - minus_energy[other], rtol=0, atol=1e-12)
            self.assertEqual(len(harness.problems(self.done)), 0 if normalised else 1)
        found, note = self.ratio(self.moons, "--ratio", self.gaussian, "--log-z", 1.5, -0.25)
        np.testing.assert_allclose(found, minus_energy[self.moons] - minus_energy[self.gaussian] - 1.75, atol=1e-12)
        self.assertEqual(note["log_ratio_is_normalised"], 1)
        self.assert_same_on_ranks("energy", self.moons, self.data, "--ratio", self.gaussian)

    def test_of_rows_under_one_model_at_its_temperature(self):
        others = self.store("others", **{"some/rows": np.random.default_rng(2).normal(size=(150, 2))})
        found, note = self.ratio(self.gaussian, "--against", f"{others}:some/rows")
        expected = gaussian_log_density(self.rows) - gaussian_log_density(numbers(others)["some/rows"])
        np.testing.assert_allclose(found, expected, atol=1e-12)
        self.assertEqual(note["log_ratio_is_normalised"], 1)
        rows, twin = type(self).rows, Twin(harness.newest_checkpoint(self.double))
        data, others = self.store("x", x=rows[:50]), self.store("y", x=rows[50:100])
        found = numbers(self.run_command("energy", self.double, data, "b", "--against", others, ranks=2))["log_ratio"]
        np.testing.assert_allclose(found, (twin.energy(rows[50:100]) - twin.energy(rows[:50])) / 0.5, atol=1e-9)

    def test_refusals(self):
        run = lambda *options, parts, **keywords: self.refused("energy", self.moons, self.data, "a", *options, parts=parts,
                                                               **keywords)
        run("--ratio", self.gaussian, "--against", self.data, parts=("--ratio", "--against"))
        run("--log-z", 1, 2, parts=("--log-z", "--ratio"))
        run("--ratio", GAUSSIAN, parts=("2 and 3 columns",), ranks=2)
        run("--ratio", self.folder / "none", parts=("none",), expect=4)
        run("--against", self.store("few", x=self.rows[:7]), parts=("7 rows", "150"))
        run("--against", self.store("wide", x=np.zeros((150, 3))), parts=("3 columns",))


class Denoise(Uses):
    def denoise(self, model, data, name="a", *options, **keywords):
        path = self.run_command("denoise", model, data, name, *options, **keywords)
        return numbers(path), attributes(path)

    def posterior(self, y, noise):
        """Mean and covariance of x behind y = x + n where x is of the Gaussian density."""
        precision = np.diag(1 / np.broadcast_to(noise, 3) ** 2)
        spread = np.linalg.inv(np.linalg.inv(covariance(3)) + precision)
        return y @ precision @ spread, spread

    def test_most_probable_rows_of_a_gaussian(self):
        rng = np.random.default_rng(7)
        clean = rng.multivariate_normal(np.zeros(3), covariance(3), size=200)
        for noise in (0.5, np.array([0.1, 1.0, 3.0])):
            y = clean + noise * rng.normal(size=clean.shape)
            data, reference = self.store("noisy", x=y), self.store("clean", x=clean)
            found, note = self.denoise(GAUSSIAN, data, "a", "--sigma", ",".join(map(str, np.atleast_1d(noise))),
                                       "--tolerance", 1e-9, "--reference", reference, "--json")
            mean, _ = self.posterior(y, noise)
            np.testing.assert_allclose(found["x"], mean, rtol=0, atol=1e-8)
            np.testing.assert_allclose(found["displacement"], np.linalg.norm(mean - y, axis=1), atol=1e-8)
            np.testing.assert_allclose(found["energy"], -gaussian_log_density(found["x"]), atol=1e-10)
            report = json.loads(self.done.stdout)
            self.assertEqual((report["converged"], note["converged"]), (200, 200))
            self.assertAlmostEqual(report["rmse_before"], np.sqrt(np.mean((y - clean) ** 2)), places=12)
            self.assertAlmostEqual(note["rmse_after"], np.sqrt(np.mean((mean - clean) ** 2)), places=7)
            self.assertLess(note["rmse_after"], note["rmse_before"])

    def test_samples_of_a_gaussian_posterior(self):
        y = np.random.default_rng(8).normal(size=(400, 3))
        found, note = self.denoise(GAUSSIAN, self.store("noisy", x=y), "a", "--sigma", 0.7, "--method", "sample",
                                   "--draws", 60, "--thin", 3)
        mean, spread = self.posterior(y, 0.7)
        for d in range(3):
            self.assert_within_errors((found["x"] - mean)[:, d], 0.0)
            self.assert_within_errors(found["deviation"][:, d] ** 2, spread[d, d])
        self.assertLess(np.abs(found["x"] - mean).max(), 5 * np.sqrt(spread.max() / 10))  # many of the draws count
        self.assertTrue(0.6 < note["acceptance_rate"] < 0.97)

    def test_annealed_rows_are_samples_of_the_coldest_posterior(self):
        y, coldest = np.random.default_rng(9).normal(size=(1500, 3)), 0.003
        for leapfrogs in (1, 8):
            found, _ = self.denoise(GAUSSIAN, self.store("noisy", x=y), "a", "--sigma", 0.7, "--method", "annealed",
                                    "--coldest", coldest, "--leapfrogs", leapfrogs)
            mean, spread = self.posterior(y, 0.7)
            away = (found["x"] - mean) @ np.linalg.inv(np.linalg.cholesky(coldest * spread)).T
            self.assertLess(np.abs(away.mean(axis=0)).max(), 4 / np.sqrt(len(y)))
            self.assertLess(np.abs(away.var(axis=0) - 1).max(), 4 * np.sqrt(2 / len(y)))

    def test_lists_end_where_the_next_argument_begins(self):
        data, output = self.store("noisy", x=np.ones((2, 3))), self.out("a")
        ebmpi("denoise", "--sigma", "0.1,0.2,0.3", GAUSSIAN, "--data", data, "--output", output, ranks=0)
        ebmpi("inpaint", "--unknown", "0,1", GAUSSIAN, "--data", data, "--output", output, ranks=0)
        ebmpi("anomaly", "--false-alarm", "0.4,0.5", GAUSSIAN, "--normal", data, "--data", data, "--output", output, ranks=0)

    def test_tweedie(self):
        y = np.random.default_rng(10).normal(size=(100, 3))
        found, _ = self.denoise(GAUSSIAN, self.store("noisy", x=y), "a", "--sigma", 0.6, "--method", "tweedie")
        np.testing.assert_allclose(found["x"], y - 0.36 * y @ np.linalg.inv(covariance(3)), atol=1e-12)

    def test_trained_models(self):
        """In the data's units, at the minimum: ∇E(x)/T + (x - y)/σ² = 0. Where a projection hides it, x is y."""
        y = type(self).rows[:60] + np.random.default_rng(4).normal(size=(60, 4))
        noise = np.array([1.0, 0.5, 2.0, 1.0])
        found, note = self.denoise(self.double, self.store("y", x=y), "a", "--sigma", "1.0,0.5,2.0,1.0", "--tolerance",
                                   1e-8, "--iterations", 5000)
        twin = Twin(harness.newest_checkpoint(self.double))
        slope = twin.gradient(found["x"]) / note["temperature"] + (found["x"] - y) / noise**2
        self.assertLess(np.abs(slope * noise).max(), 1e-6)
        self.assertEqual(note["converged"], 60)
        np.testing.assert_allclose(found["energy"], twin.energy(found["x"]), atol=1e-9)
        seen = (noise / twin.scale) * twin.projection  # rows: what the model sees of x in units of the noise
        hidden = np.eye(4) - np.linalg.pinv(seen) @ seen
        np.testing.assert_allclose(((found["x"] - y) / noise) @ hidden, 0, atol=1e-9)

    def test_does_not_depend_on_ranks(self):
        data = self.store("noisy", x=np.random.default_rng(5).normal(size=(131, 2)).astype(np.float32))
        for method, *options in (("map",), ("sample", "--draws", 5), ("annealed", "--steps", 3), ("tweedie",)):
            self.assert_same_on_ranks("denoise", self.moons, data, "--sigma", 0.2, "--method", method, *options,
                                      "--reference", data)
        found = numbers(self.run_command("denoise", self.moons, data, "map", "--sigma", 0.2))
        self.assertEqual({name: value.dtype for name, value in found.items()},
                         {"x": np.float32, "energy": np.float32, "displacement": np.float32})

    def test_score_networks(self):
        model, data = self.train_score_network(), self.store("noisy", x=np.zeros((5, 2)))
        self.refused("denoise", model, data, "a", "--sigma", 0.2, parts=("score network", "--method tweedie"))
        found, _ = self.denoise(model, data, "b", "--sigma", 0.2, "--method", "tweedie")
        self.assertEqual(sorted(found), ["displacement", "x"])
        self.assertTrue((found["displacement"] > 0).all())

    def test_of_a_conditional_model_the_noise_is_its_level(self):
        """In model space σ is the same in all coordinates: in the data's units it is σ times their scales."""
        config = self.folder / "levels.toml"
        config.write_text(f'[run]\nsteps = 20\noutput = "{self.folder / "levels"}"\n[data]\nfile = "rows.h5"\n'
                          '[network]\nhidden = [16]\n[objective]\nkind = "denoising_score_matching"\n'
                          'sigmas = [1.0, 0.3]\n')
        ebmpi("train", config, cwd=self.folder)
        data, scale = self.store("noisy", x=type(self).rows), Twin(harness.newest_checkpoint(self.folder / "levels")).scale
        for sigma, options in ((0.3, ()), (0.8, ("--level", 0.8))):
            found, note = self.denoise(self.folder / "levels", data, "a", "--method", "tweedie", *options)
            np.testing.assert_allclose(note["noise"], sigma * scale, rtol=1e-12)
            score = numbers(self.run_command("energy", self.folder / "levels", data, "e", "--score", "--sigma", sigma))["score"]
            move = (sigma * scale) ** 2 * score
            np.testing.assert_allclose(found["x"] - type(self).rows, move, rtol=0, atol=4e-6)  # x to 50, in float

    def test_says_where_it_has_not_converged(self):
        found, note = self.denoise(self.moons, self.store("far", x=np.full((4, 2), 5.0)), "a", "--sigma", 0.5,
                                   "--iterations", 1)
        self.assertEqual(note["converged"], 0)
        np.testing.assert_array_equal(found["x"], 5.0)
        self.assertIn("4 of 4 rows", harness.problems(self.done)[0])

    def test_refusals(self):
        data = self.store("noisy", x=np.zeros((5, 2)))
        bad = np.zeros((5, 2))
        bad[3, 1] = np.nan
        run = lambda *options, parts, data=data, **keywords: self.refused("denoise", self.moons, data, "a", *options,
                                                                          parts=parts, **keywords)
        run(parts=("--sigma is missing",))
        run("--sigma", "1,2,3", parts=("3 numbers", "2 columns"))
        run("--sigma", 1, "--method", "sample", "--iterations", 5, parts=("--iterations", "sample"))
        run("--sigma", 1, "--draws", 5, parts=("--draws", "map"))
        run("--sigma", 1, "--method", "annealed", "--hottest", 0.001, parts=("--coldest", "--hottest"))
        run("--sigma", 1, data=self.store("wide", x=np.zeros((5, 3))), parts=("3 columns",))
        run("--sigma", 1, data=self.store("nan", x=bad), ranks=3, parts=("row 3", "column 1", "NaN"))
        run("--sigma", 1, "--reference", self.store("few", x=np.zeros((4, 2))), parts=("(4, 2)", "(5, 2)"))
        run("--sigma", 1, "--reference", self.store("hole", x=bad), ranks=2, parts=("hole", "row 3"))
        run("--sigma", 1, data=self.store("out", x=np.full((3, 2), 1e300)), parts=("row 0", "energy"))
        run("--sigma", 1, data=self.folder / "none.h5", expect=4, parts=("none.h5",))


class Inpaint(Uses):
    def inpaint(self, model, data, name="a", *options, **keywords):
        path = self.run_command("inpaint", model, data, name, *options, **keywords)
        return numbers(path), attributes(path)

    def test_conditional_gaussian(self):
        """One draw of each row of the middle coordinate, and of the first and the last."""
        known = np.random.default_rng(11).normal(size=(3000, 3))
        data = self.store("rows", x=known)
        for columns in ([1], [0, 2]):
            found, note = self.inpaint(GAUSSIAN, data, "a", "--unknown", ",".join(map(str, columns)))
            rest = [d for d in range(3) if d not in columns]
            cross = covariance(3)[np.ix_(columns, rest)] @ np.linalg.inv(covariance(3)[np.ix_(rest, rest)])
            spread = covariance(3)[np.ix_(columns, columns)] - cross @ covariance(3)[np.ix_(rest, columns)]
            away = found["x"][:, columns] - known[:, rest] @ cross.T
            exact = np.diag(spread)
            self.assertLess((np.abs(away.mean(axis=0)) / np.sqrt(exact / len(known))).max(), 4)
            self.assertLess((np.abs(away.var(axis=0) / exact - 1)).max(), 4 * np.sqrt(2 / len(known)))
            np.testing.assert_array_equal(found["x"][:, rest], known[:, rest])
            np.testing.assert_array_equal(found["mean"], found["x"])
            self.assertEqual(note["unknown_numbers"], 3000 * len(columns))
            np.testing.assert_allclose(found["energy"], -gaussian_log_density(found["x"]), atol=1e-9)

    def test_draws_of_rows_with_holes(self):
        """NaN in one row out of two; the mean and the deviation are those of the draws, and of the conditional."""
        rows = np.random.default_rng(12).normal(size=(400, 3))
        holes = rows.copy()
        holes[::2, 2] = np.nan
        holes[1, :] = np.nan
        found, _ = self.inpaint(GAUSSIAN, self.store("holes", x=holes), "a", "--draws", 50, "--thin", 4, "--keep-draws")
        draws, known = found["posterior/x"], ~np.isnan(holes)
        self.assertEqual(draws.shape, (400, 50, 3))
        np.testing.assert_array_equal(draws[:, -1], found["x"])
        np.testing.assert_allclose(draws.mean(axis=1), found["mean"], atol=1e-13)
        np.testing.assert_allclose(draws.std(axis=1, ddof=1), found["deviation"], atol=1e-12)
        for name in ("x", "mean"):
            np.testing.assert_array_equal(found[name][known], holes[known])
        self.assertTrue((found["deviation"][known] == 0).all() and (found["deviation"][~known] > 0).all())
        self.assert_within_errors(found["mean"][::2, 2] - 0.5 * rows[::2, 1], 0.0)  # x₂ given x₁: 0.5 x₁ ± √0.75
        self.assert_within_errors(found["deviation"][::2, 2] ** 2, 0.75)

    def test_trained_model(self):
        """In float; known numbers that are no floats keep their bits. Units, and ranks, do not matter."""
        rows = np.random.default_rng(13).normal(size=(131, 2))
        rows[:70, 1] = np.nan
        data = self.store("rows", x=rows)
        self.assert_same_on_ranks("inpaint", self.moons, data, "--draws", 3, "--keep-draws", "--steps", 20)
        found, _ = self.inpaint(self.moons, data, "a")
        known = ~np.isnan(rows)
        np.testing.assert_array_equal(found["x"][known], rows[known])
        self.assertTrue(np.isfinite(found["x"]).all())
        twin = Twin(harness.newest_checkpoint(self.moons))
        np.testing.assert_allclose(found["energy"], twin.energy(found["x"]), rtol=0, atol=1e-4)
        other, _ = self.inpaint(self.moons, data, "b", "--seed", 2)
        self.assertTrue((found["x"] != other["x"])[~known].all())

    def test_refusals(self):
        data, infinite = self.store("rows", x=np.zeros((5, 2))), np.full((5, 2), np.nan)
        infinite[2, 1] = np.inf
        run = lambda *options, parts, model=self.moons, data=data, **keywords: self.refused(
            "inpaint", model, data, "a", *options, parts=parts, **keywords)
        run(parts=("no unknown number", "--unknown"), ranks=2)
        run("--unknown", "0,2", parts=("--unknown 2", "0 to 1"))
        run("--unknown", 1, "--keep-draws", parts=("--keep-draws",))
        run("--unknown", 1, data=self.store("infinite", x=infinite), ranks=3, parts=("row 2", "column 1", "infinity"))
        run("--unknown", 1, data=self.store("wide", x=np.zeros((5, 3))), parts=("3 columns",))
        run("--unknown", 1, data=self.store("far", x=np.full((5, 2), 1e300)), parts=("row 0", "energy"))
        run("--unknown", 1, model=self.double, data=self.folder / "rows.h5", parts=("principal components", "data.pca"))
        run("--unknown", 1, model=self.train_score_network(), parts=("score network",))
        run("--unknown", 1, data=self.folder / "none.h5", expect=4, parts=("none.h5",))


if __name__ == "__main__":
    unittest.main()
