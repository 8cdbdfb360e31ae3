# SPDX-License-Identifier: Apache-2.0
"""The commands that use a trained model, and those that describe files and the program."""

import json
import pathlib
import shutil
import tempfile
import unittest

import h5py
import numpy as np

import harness
from harness import SMALL_RUN, attributes, ebmpi, numbers


class Twin:
    """The energy of a checkpoint in NumPy, float64: E(x) in data units, straight from the format's description."""

    def __init__(self, checkpoint, group="model_ema"):
        with h5py.File(checkpoint) as file:
            self.layers = [(file[f"{group}/layers.{n}.weight"][()].astype(float),
                            file[f"{group}/layers.{n}.bias"][()].astype(float))
                           for n in range(len(file[group]) // 2)]
            data = file["data"]
            self.mean, self.scale = data["mean"][()], data["scale"][()]
            self.projection = data["projection"][()] if "projection" in data else np.eye(len(self.mean))

    def to_model(self, x):
        return (x - self.mean) / self.scale @ self.projection.T

    def to_data(self, z):
        return self.mean + self.scale * (z @ self.projection)

    def energy(self, x):
        h = self.to_model(np.asarray(x, dtype=float))
        for n, (weight, bias) in enumerate(self.layers):
            h = h @ weight.T + bias
            if n + 1 < len(self.layers):
                h = h / (1 + np.exp(-h))
        return h[:, 0]

    def gradient(self, x, step=1e-5):
        """Central differences in the data's coordinates."""
        x = np.asarray(x, dtype=float)
        columns = [(self.energy(x + step * e) - self.energy(x - step * e)) / (2 * step) for e in np.eye(x.shape[1])]
        return np.stack(columns, axis=1)


class WithModels(unittest.TestCase):
    """Two small models: persistent chains in float; principal components in double, without chains."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="ebmpi-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        rng = np.random.default_rng(5)
        rows = rng.normal(size=(900, 4)) @ rng.normal(size=(4, 4)) + [3.0, -1.0, 0.0, 50.0]
        with h5py.File(cls.folder / "rows.h5", "w") as file:
            file["x"] = rows
        cls.rows = rows
        cls.moons = cls.train("moons", precision="float", data='density = "two_moons"\ncount = 2000',
                              objective="persistent_contrastive_divergence", sampler="population = 256")
        cls.double = cls.train("double", precision="double", data='file = "rows.h5"\npca = 2',
                               objective="contrastive_divergence", sampler='start = "noise"\ntemperature = 0.5')

    @classmethod
    def train(cls, name, **keys):
        config = cls.folder / f"{name}.toml"
        config.write_text(SMALL_RUN.format(output=cls.folder / name, **keys))
        ebmpi("train", config, cwd=cls.folder)
        return cls.folder / name

    def out(self, name):
        return self.folder / f"{self.id().rsplit('.', 1)[-1]}-{name}.h5"

    def store(self, name, **data_sets):
        path = self.out(name)
        with h5py.File(path, "w") as file:
            for key, value in data_sets.items():
                file[key] = value
        return path

    def assert_equal_files(self, one, other):
        one, other = numbers(one), numbers(other)
        self.assertEqual(sorted(one), sorted(other))
        for name in one:
            self.assertEqual(one[name].dtype, other[name].dtype)
            np.testing.assert_array_equal(one[name], other[name], err_msg=name)

    def assert_refused(self, done, *parts):
        lines = harness.problems(done)
        self.assertEqual(len(lines), 1, done.stderr)
        for part in parts:
            self.assertIn(part, lines[0])
        self.assertRegex(lines[0], r"^ebmpi: .+; .+")


class Sample(WithModels):
    def sample(self, model, name, *options, ranks=0, **keywords):
        path = self.out(name)
        ebmpi("sample", model, "--output", path, *options, ranks=ranks, **keywords)
        return path

    def test_output(self):
        checkpoint = harness.newest_checkpoint(self.moons)
        path = self.sample(self.moons, "a", "--count", 300, "--steps", 30)
        data, twin = numbers(path), Twin(checkpoint)
        for name in ("x", "energy", "model_x", "posterior/x", "sample_stats/energy"):
            self.assertEqual(data[name].dtype, np.float32, name)
        self.assertEqual((data["x"].shape, data["energy"].shape), ((300, 2), (300,)))
        np.testing.assert_allclose(data["x"], twin.to_data(data["model_x"].astype(float)), rtol=0, atol=1e-6)
        np.testing.assert_allclose(data["energy"], twin.energy(data["x"]), rtol=0, atol=1e-5)
        found = attributes(path)
        self.assertEqual((found["steps_done"], found["seed"], found["model_step"]), (30, 1, 50))
        self.assertEqual((found["step_size"], found["temperature"]), (0.01, 1.0))
        self.assertEqual((found["start"].decode(), found["parameters"].decode()), ("chains", "ema"))

    def test_double_precision_keeps_to_the_principal_plane(self):
        path = self.sample(self.double, "a", "--count", 40, "--steps", 7)
        data, twin = numbers(path), Twin(harness.newest_checkpoint(self.double))
        self.assertEqual((data["x"].dtype, data["x"].shape), (np.float64, (40, 4)))
        self.assertEqual(data["model_x"].shape, (40, 2))
        np.testing.assert_allclose(data["x"], twin.to_data(data["model_x"]), rtol=1e-13)
        np.testing.assert_allclose(data["energy"], twin.energy(data["x"]), rtol=0, atol=1e-12)
        self.assertEqual(attributes(path)["temperature"], 0.5)
        self.assertEqual(attributes(path)["start"], b"noise")

    def test_starts_from_the_persistent_chains_in_turn(self):
        data = numbers(self.sample(self.moons, "a", "--count", 700, "--steps", 0, ranks=3))
        chains = numbers(harness.newest_checkpoint(self.moons))["chains/x"]
        np.testing.assert_array_equal(data["model_x"], chains[np.arange(700) % len(chains)])

    def test_starts_from_noise_with_the_moments_of_the_data(self):
        data = numbers(self.sample(self.moons, "a", "--count", 20000, "--steps", 0, "--start", "noise"))
        error = 1 / np.sqrt(20000)  # the data are standardised
        self.assertLess(np.abs(data["model_x"].mean(axis=0)).max(), 5 * error)
        self.assertLess(np.abs(data["model_x"].std(axis=0) - 1).max(), 0.05)
        self.assertLess(abs(np.corrcoef(data["model_x"].T)[0, 1]), 5 * error)

    def test_does_not_depend_on_ranks_or_threads(self):
        for options in (("--start", "noise"), ("--start", "chains")):
            one = self.sample(self.moons, "1", "--count", 333, "--steps", 130, *options, ranks=1)
            for ranks, threads in ((2, 1), (3, 2)):
                other = self.sample(self.moons, str(ranks), "--count", 333, "--steps", 130, *options, ranks=ranks,
                                    threads=threads)
                self.assert_equal_files(one, other)

    def test_more_ranks_than_rows(self):
        one = self.sample(self.moons, "1", "--count", 2, "--steps", 10)
        self.assert_equal_files(one, self.sample(self.moons, "3", "--count", 2, "--steps", 10, ranks=3))

    def test_continues_exactly(self):
        for model in (self.moons, self.double):
            whole = self.sample(model, "whole", "--count", 150, "--steps", 350, "--seed", 9, "--step-size", 0.02)
            part = self.sample(model, "part", "--count", 150, "--steps", 200, "--seed", 9, "--step-size", 0.02)
            rest = self.sample(model, "rest", "--chains", part, "--steps", 150, ranks=3)
            self.assert_equal_files(whole, rest)
            whole, rest = attributes(whole), attributes(rest)
            for name in ("steps_done", "segments_done", "step_size", "temperature", "seed", "start", "sampler"):
                self.assertEqual(whole[name], rest[name], name)

    def test_continues_with_new_noise_after_a_broken_segment(self):
        first = self.sample(self.moons, "first", "--count", 50, "--steps", 30)
        second = self.sample(self.moons, "second", "--chains", first, "--steps", 30)
        self.assertEqual((attributes(second)["steps_done"], attributes(second)["segments_done"]), (60, 2))
        a, b = numbers(first)["model_x"], numbers(second)["model_x"]
        start = numbers(harness.newest_checkpoint(self.moons))["chains/x"][:50]
        # The same noise twice would make the two moves nearly equal: correlation 1. Independent: 0 ± 0.1.
        self.assertLess(abs(np.corrcoef((a - start).ravel(), (b - a).ravel())[0, 1]), 0.5)

    def test_seed_and_parameters_matter(self):
        one = numbers(self.sample(self.moons, "1", "--count", 20, "--steps", 10))["x"]
        seed = numbers(self.sample(self.moons, "2", "--count", 20, "--steps", 10, "--seed", 2))["x"]
        last = numbers(self.sample(self.moons, "3", "--count", 20, "--steps", 10, "--parameters", "last"))["x"]
        self.assertTrue((one != seed).all())
        self.assertTrue((one != last).any())
        np.testing.assert_allclose(one, last, atol=0.1)

    def test_temperature(self):
        """Free diffusion: with the noise of T, steps of variance 2ηT dominate the drift."""
        start = numbers(harness.newest_checkpoint(self.moons))["chains/x"]
        path = self.sample(self.moons, "hot", "--count", 5120, "--steps", 1, "--temperature", 400, "--step-size", 0.01)
        move = numbers(path)["model_x"] - start[np.arange(5120) % len(start)]
        self.assertAlmostEqual(move.var(), 2 * 0.01 * 400, delta=5 * 8 * np.sqrt(2 / move.size))

    def test_refusals(self):
        output = self.out("a")
        plain = self.store("plain", x=np.zeros((3, 2)))
        run = lambda *options, expect=2: ebmpi("sample", *options, "--output", output, ranks=0, expect=expect)
        self.assert_refused(run(self.moons), "--count is missing")
        self.assert_refused(run(self.moons, "--count", 5, "--sampler", "nuts"), "nuts", "langevin")
        self.assert_refused(run(self.double, "--count", 5, "--start", "chains"), "no persistent chains")
        self.assert_refused(run(self.moons, "--chains", plain), "plain.h5", "segments_done")
        self.assert_refused(run(self.folder / "nothing.h5", "--count", 5, expect=4), "nothing.h5", "No such file")
        self.assert_refused(run(self.folder / "rows.h5", "--count", 5, expect=4), "rows.h5")
        done = ebmpi("sample", self.moons, "--count", 5, "--output", self.folder / "no" / "x.h5", ranks=2, expect=4)
        self.assert_refused(done, "no/x.h5")
        self.assertFalse(output.exists())
        self.assertEqual(list(self.folder.glob("*.tmp-*")), [])


class Energy(WithModels):
    def energy(self, model, data, name, *options, ranks=0):
        path = self.out(name)
        ebmpi("energy", model, "--data", data, "--output", path, *options, ranks=ranks)
        return path

    def test_energies_and_scores_are_those_of_the_twin(self):
        for model, rows, tolerance in ((self.moons, np.random.default_rng(1).normal(size=(333, 2)), 1e-5),
                                       (self.double, self.rows[:77], 1e-10)):
            data = self.store("rows", **{"group/rows": rows})
            for parameters, group in (("ema", "model_ema"), ("last", "model")):
                path = self.energy(model, f"{data}:group/rows", "e", "--score", "--parameters", parameters)
                found, twin = numbers(path), Twin(harness.newest_checkpoint(model), group)
                temperature = attributes(path)["temperature"]
                np.testing.assert_allclose(found["energy"], twin.energy(rows), rtol=0, atol=tolerance)
                np.testing.assert_allclose(found["score"], -twin.gradient(rows) / temperature, rtol=0,
                                           atol=max(tolerance, 1e-8))
        self.assertEqual(temperature, 0.5)

    def test_does_not_depend_on_ranks_or_pieces(self):
        rows = np.random.default_rng(2).normal(size=(1001, 2)).astype(np.float32)
        data = self.store("rows", x=rows)
        one = self.energy(self.moons, data, "1", "--score", ranks=1)
        for ranks in (2, 3):
            self.assert_equal_files(one, self.energy(self.moons, data, str(ranks), "--score", ranks=ranks))
        self.assertNotIn("score", numbers(self.energy(self.moons, data, "plain")))

    def test_refusals(self):
        output = self.out("a")
        bad = np.zeros((400, 2))
        bad[311, 1] = np.nan
        run = lambda data, ranks=0, expect=2: ebmpi("energy", self.moons, "--data", data, "--output", output,
                                                    ranks=ranks, expect=expect)
        self.assert_refused(run(self.folder / "rows.h5"), "4 columns", "trained on 2")
        self.assert_refused(run(self.store("nan", x=bad), ranks=3), "row 311", "column 1", "NaN")
        self.assert_refused(run(self.store("far", x=np.full((3, 2), 1e300))), "row 0", "energy")
        self.assert_refused(run(f"{self.folder / 'rows.h5'}:y"), "no data set /y", "/x (900, 4)")
        self.assert_refused(run(self.folder / "nothing.h5", ranks=2, expect=4), "nothing.h5")
        self.assertFalse(output.exists())
        self.assertEqual(list(self.folder.glob("*.tmp-*")), [])


class Anomaly(WithModels):
    def setUp(self):
        rng = np.random.default_rng(3)
        self.normal = self.store("normal", x=rng.normal(size=(199, 2)))
        self.labels = (rng.uniform(size=300) < 0.3).astype(np.int64)
        self.tested = self.store("tested", x=rng.normal(size=(300, 2)) + 2.0 * self.labels[:, None], y=self.labels)

    def run_anomaly(self, *options, ranks=0, name="out"):
        path = self.out(name)
        done = ebmpi("anomaly", self.moons, "--normal", self.normal, "--data", self.tested, "--output", path, *options,
                     ranks=ranks)
        return path, done.stdout

    def check(self, path, report, score_of, rate):
        found, note = numbers(path), attributes(path)
        normal, scores = score_of(numbers(self.normal)["x"]), score_of(numbers(self.tested)["x"])
        np.testing.assert_allclose(found["score"], scores, rtol=0, atol=1e-5)
        np.testing.assert_allclose(found["normal/score"], normal, rtol=0, atol=1e-5)
        np.testing.assert_array_equal(found["y"], self.labels)
        expected = [(1 + np.sum(found["normal/score"] >= score)) / 200 for score in found["score"]]
        np.testing.assert_allclose(found["p_value"], expected, rtol=1e-15)
        flagged = found["score"] > note["threshold"]
        np.testing.assert_array_equal(flagged, found["p_value"] <= rate)
        self.assertEqual(report["flagged"], flagged.sum())
        pairs = found["score"][self.labels == 1][:, None] - found["score"][self.labels == 0][None, :]
        self.assertAlmostEqual(note["auroc"], np.mean((pairs > 0) + 0.5 * (pairs == 0)), places=12)
        self.assertEqual(report["auroc"], note["auroc"])
        self.assertEqual(report["average_precision"], note["average_precision"])

    def test_energy_and_norm(self):
        twin = Twin(harness.newest_checkpoint(self.moons))
        path, text = self.run_anomaly("--json", "--false-alarm", 0.05)
        self.check(path, json.loads(text), twin.energy, 0.05)
        path, text = self.run_anomaly("--json", "--score", "norm", ranks=3, name="norm")
        self.check(path, json.loads(text), lambda x: np.linalg.norm(twin.gradient(x), axis=1), 0.01)

    def test_does_not_depend_on_ranks(self):
        one, text = self.run_anomaly(ranks=1)
        for ranks in (2, 3):
            other, other_text = self.run_anomaly(ranks=ranks, name=str(ranks))
            self.assert_equal_files(one, other)
            self.assertEqual(text, other_text)
        self.assertRegex(text, r"(?m)^auroc +0\.\d+$")

    def test_without_labels(self):
        self.tested = self.store("bare", x=np.zeros((5, 2)))
        path, text = self.run_anomaly("--json")
        self.assertNotIn("y", numbers(path))
        self.assertNotIn("auroc", attributes(path))
        self.assertNotIn("auroc", json.loads(text))

    def test_of_the_training_set_only_held_out_rows_count(self):
        path, rows = self.out("held"), self.folder / "rows.h5"
        ebmpi("anomaly", self.double, "--normal", rows, "--data", rows, "--output", path, "--false-alarm", 0.05, ranks=2)
        found = numbers(path)
        held_out = len(found["normal/score"])
        self.assertLess(abs(held_out - 90), 4 * np.sqrt(900 * 0.1 * 0.9))  # a tenth of 900 rows, within 4 standard errors
        self.assertTrue(np.isin(found["normal/score"], found["score"]).all())

    def test_refuses_a_rate_that_the_normal_rows_cannot_resolve(self):
        done = ebmpi("anomaly", self.moons, "--normal", self.normal, "--data", self.tested, "--output", self.out("a"),
                     "--false-alarm", 0.001, ranks=2, expect=2)
        self.assert_refused(done, "--false-alarm 0.001", "199 normal rows", "0.005")


class Info(WithModels):
    def info(self, path, ranks=0):
        return json.loads(ebmpi("info", path, "--json", ranks=ranks).stdout)

    def test_run_folder(self):
        for ranks in (0, 2):
            report = self.info(self.moons, ranks)
            self.assertEqual((report["state"], report["steps_done"], report["steps"]), ("done", 50, 50))
            self.assertTrue(report["newest_is_valid"])
            self.assertEqual(report["last_metrics"]["step"], 50)
            self.assertEqual(report["config"]["network"]["hidden"], [24, 17])

    def test_damaged_newest_checkpoint(self):
        run = self.folder / "damaged"
        shutil.copytree(self.moons, run)
        newest = harness.newest_checkpoint(run)
        newest.write_bytes(newest.read_bytes()[:-100])
        report = self.info(run)
        self.assertEqual((report["state"], report["steps_done"]), ("can be resumed", 25))
        self.assertFalse(report["newest_is_valid"])
        self.assert_refused(ebmpi("info", newest, ranks=2, expect=4), newest.name)

    def test_checkpoint(self):
        report = self.info(harness.newest_checkpoint(self.double))
        self.assertEqual(report["written"]["precision"], "double")
        self.assertEqual(report["tensors"]["/model/layers.0.weight"], [24, 2])
        self.assertEqual((report["data"]["dimension"], report["data"]["model_dimension"]), (4, 2))
        self.assertEqual(report["config"]["sampler"]["temperature"], 0.5)

    def test_data_file(self):
        path = self.store("data", x=np.array([[1.0, -2.5], [np.inf, 7.0]], dtype=np.float32), y=np.array([3, 5]),
                          note="text")
        sets = self.info(path, ranks=2)["data_sets"]
        self.assertEqual(sets["/x"], {"shape": [2, 2], "type": "float32", "minimum": -2.5, "maximum": 7, "not_finite": 1})
        self.assertEqual(sets["/y"], {"shape": [2], "type": "int64", "minimum": 3, "maximum": 5})
        self.assertEqual(sets["/note"], {"shape": [], "type": "string"})
        self.assertRegex(ebmpi("info", path, ranks=0).stdout, r"/x +shape \(2, 2\), type float32, minimum -2.5, maximum 7")

    def test_refusals(self):
        self.assert_refused(ebmpi("info", self.folder / "none.h5", ranks=2, expect=4), "none.h5")
        (self.folder / "text.h5").write_text("no HDF5")
        self.assert_refused(ebmpi("info", self.folder / "text.h5", ranks=0, expect=4), "not an HDF5 file")


class Program(unittest.TestCase):
    def test_version(self):
        text = ebmpi("--version", ranks=0).stdout
        for part in ("ebmpi ", "Kokkos", "HDF5", "packs of"):
            self.assertIn(part, text)

    def test_selftest(self):
        result = json.loads(ebmpi("selftest", "--json", ranks=2).stdout)
        self.assertEqual(result["ranks"], 2)
        self.assertEqual([check for check in result["checks"] if not check["passed"]], [])
        self.assertIn("0 of", ebmpi("selftest", ranks=0).stdout)

    def test_unknown_command(self):
        for ranks in (0, 2):
            done = ebmpi("frobnicate", ranks=ranks, expect=2)
            self.assertEqual(len(harness.problems(done)), 1)


if __name__ == "__main__":
    unittest.main()
