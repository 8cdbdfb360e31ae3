# SPDX-License-Identifier: Apache-2.0
"""The commands that make data files."""

import unittest

import h5py
import numpy as np

import harness
from harness import SMALL_RUN, attributes, ebmpi, numbers


class Data(harness.Case):
    def test_generate(self):
        one = self.folder / "1.h5"
        ebmpi("data", "generate", "gaussian", "--dimension", 3, "--count", 5000, "--output", one, "--seed", 4, ranks=0)
        found = numbers(one)
        self.assertEqual((found["x"].dtype, found["x"].shape), (np.float32, (5000, 3)))
        covariance = 0.5 ** np.abs(np.subtract.outer(np.arange(3), np.arange(3)))
        self.assertLess(np.abs(np.cov(found["x"].T) - covariance).max(), 6 / np.sqrt(5000))
        x = found["x"].astype(float)
        quadratic = np.einsum("ni,ij,nj->n", x, np.linalg.inv(covariance), x)
        exact = -0.5 * (quadratic + np.linalg.slogdet(2 * np.pi * covariance)[1])
        np.testing.assert_allclose(found["log_density"], exact, rtol=1e-12)
        self.assertEqual(attributes(one)["seed"], 4)
        other = self.folder / "3.h5"
        ebmpi("data", "generate", "gaussian", "--dimension", 3, "--count", 5000, "--output", other, "--seed", 4, ranks=3)
        for name, values in numbers(other).items():
            np.testing.assert_array_equal(values, found[name])

    def test_generate_makes_the_rows_that_training_sees(self):
        ebmpi("data", "generate", "two_moons", "--count", 1000, "--output", self.folder / "x.h5", ranks=0)
        mean = numbers(self.folder / "x.h5")["x"].astype(float).mean(axis=0)
        config = self.write("c.toml", SMALL_RUN.format(
            output=self.folder / "run", precision="float", objective="contrastive_divergence", sampler="",
            data='density = "two_moons"\ncount = 1000\nvalidation_fraction = 0.0').replace("steps = 50", "steps = 1"))
        ebmpi("train", config, ranks=0)
        np.testing.assert_allclose(numbers(harness.newest_checkpoint(self.folder / "run"))["data/mean"], mean, atol=1e-6)

    def test_import_csv(self):
        table = self.write("t.csv", "a,kind,b\n1,0,2.5\n-3,1,4e-3\n")
        path = self.folder / "t.h5"
        ebmpi("data", "import", table, "--output", path, "--labels", "kind", ranks=2)
        found = numbers(path)
        np.testing.assert_array_equal(found["x"], [[1, 2.5], [-3, 0.004]])
        np.testing.assert_array_equal(found["y"], [0, 1])
        self.assertEqual(found["columns"].decode().split(), ["a", "b"])
        ebmpi("data", "import", table, "--output", path, ranks=0)
        np.testing.assert_array_equal(numbers(path)["x"], [[1, 0, 2.5], [-3, 1, 0.004]])
        self.assertNotIn("y", numbers(path))

    def test_import_npy(self):
        array = np.random.default_rng(0).normal(size=(20, 3))
        np.save(self.folder / "a.npy", array)
        ebmpi("data", "import", self.folder / "a.npy", "--output", self.folder / "a.h5", ranks=3)
        np.testing.assert_array_equal(numbers(self.folder / "a.h5")["x"], array)

    def test_refusals(self):
        run = lambda *arguments, expect=2: harness.problems(
            ebmpi("data", *arguments, "--output", self.folder / "a.h5", ranks=2, expect=expect))
        self.assertIn("two_moons", run("generate", "moon", "--count", 3)[0])
        self.assertIn("dimension", run("generate", "two_moons", "--dimension", 3, "--count", 3)[0])
        self.assertIn(".npy", run("import", self.write("a.parquet", ""))[0])
        self.assertIn("t.csv", run("import", self.write("t.csv", "a,b\n1,nan\n"))[0])
        self.assertIn("none.csv", run("import", self.folder / "none.csv", expect=4)[0])
        self.assertFalse((self.folder / "a.h5").exists())


if __name__ == "__main__":
    unittest.main()
