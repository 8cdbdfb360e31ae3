# SPDX-License-Identifier: Apache-2.0
"""Flows as a user meets them: trained alone or against an energy, sampled, evaluated, as noise and as the base of annealing."""

import json
import pathlib
import shutil
import sys
import tempfile
import unittest

import h5py
import numpy as np

import harness
from harness import ebmpi, newest_checkpoint, numbers, state_digest

sys.path.insert(0, str(harness.REPOSITORY / "analysis"))
from ebmpi_reader import Checkpoint, open_model  # noqa: E402

FLOW = """
[run]
steps = 300
output = "{output}"
checkpoint_every = 150
validate_every = 100
log_every = 50
[data]
density = "gaussian"
dimension = 3
count = 4000
[objective]
kind = "flow_maximum_likelihood"
[flow]
couplings = 3
hidden = [16]
[optimizer]
batch_size = 256
learning_rate = 5e-3
schedule = "cosine"
"""

GAME = """
[run]
steps = 400
output = "{output}"
log_every = 50
validate_every = 100
[data]
density = "gaussian"
dimension = 3
count = 4000
[network]
hidden = [32, 32]
[objective]
kind = "flow_contrastive_estimation"
[flow]
couplings = 3
hidden = [16]
learning_rate = 2e-3
[optimizer]
batch_size = 256
learning_rate = 2e-3
ema = 0.95
"""

# Of density:gaussian in three dimensions, whose determinant is (1 - 1/4)²: exact mean of log p.
ENTROPY = 1.5 * (1 + np.log(2 * np.pi)) + np.log(0.75)


class Flows(harness.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.shared = pathlib.Path(tempfile.mkdtemp(prefix="ebmpi-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.shared, ignore_errors=True)
        for name, text in (("flow", FLOW), ("game", GAME)):
            config = cls.shared / f"{name}.toml"
            config.write_text(text.format(output=cls.shared / name))
            ebmpi("train", config)
        ebmpi("data", "generate", "gaussian", "--dimension", 3, "--count", 4000, "--seed", 9, "--output", cls.shared / "new.h5")

    def evaluate(self, model, *options, ranks=1):
        output = self.folder / "evaluate.json"
        ebmpi("evaluate", model, "--data", self.shared / "new.h5", "--no-distances", "--output", output, *options, ranks=ranks)
        return json.loads(output.read_text())

    def refused(self, *arguments, parts):
        done = ebmpi(*arguments, expect=2)
        message = "\n".join(harness.problems(done))
        for part in parts:
            self.assertIn(part, message)

    def test_likelihood_of_a_flow_is_exact(self):
        """A Gaussian is an affine flow: its likelihood is known, and its log Z on a grid is that of a density."""
        report = self.evaluate(self.shared / "flow", "--log-z", "grid")
        self.assertTrue(report["log_z_learned_is_exact"])
        self.assertAlmostEqual(report["log_z"], report["log_z_learned"], delta=2e-4)
        # 4000 rows: log p has variance 3/2, a standard error of 0.019; the fit to 3600 rows with 0.9 k parameters is worse
        # by a few hundredths.
        self.assertGreater(report["log_likelihood"], -ENTROPY - 4 * 0.019 - 0.05)
        self.assertLess(report["log_likelihood"], -ENTROPY + 4 * 0.019)

    def test_samples_of_a_flow(self):
        """Independent samples: moments within 4 standard errors of the density's, whatever the ranks; log q as the reader has it."""
        one, three = self.folder / "1.h5", self.folder / "3.h5"
        for path, ranks in ((one, 1), (three, 3)):
            ebmpi("sample", self.shared / "flow", "--count", 20001, "--seed", 4, "--output", path, ranks=ranks)
        found = numbers(one)
        for name, values in numbers(three).items():
            np.testing.assert_array_equal(values, found[name])
        covariance = 0.5 ** np.abs(np.subtract.outer(np.arange(3), np.arange(3)))
        np.testing.assert_allclose(found["x"].mean(axis=0), 0.0, atol=4 / np.sqrt(20001) + 0.05)
        np.testing.assert_allclose(np.cov(found["x"].T), covariance, atol=4 * np.sqrt(2 / 20001) + 0.1)
        checkpoint = Checkpoint(newest_checkpoint(self.shared / "flow"))
        np.testing.assert_allclose(found["log_density"][:500], checkpoint.log_density(found["x"][:500].astype(float)), atol=2e-4)

    def test_both_players(self):
        """The checkpoint holds both; every command takes either."""
        run = self.shared / "game"
        report = self.evaluate(run, "--log-z", "grid")
        flow = self.evaluate(f"flow:{run}", "--log-z", "grid")
        self.assertAlmostEqual(report["flow_log_likelihood"], flow["log_likelihood"], delta=3e-4)
        self.assertFalse(report["log_z_learned_is_exact"])
        self.assertTrue(flow["log_z_learned_is_exact"])
        # Either is a density of its own, worse than the truth.
        for value in (report["log_likelihood"], flow["log_likelihood"]):
            self.assertLess(value, -ENTROPY + 4 * 0.019)
            self.assertGreater(value, -ENTROPY - 0.3)
        self.assertAlmostEqual(report["log_z"], report["log_z_learned"], delta=0.05)
        self.assertAlmostEqual(report["log_likelihood_learned"], report["mean_exponent"] - report["log_z_learned"], places=6)
        for source, kind in (("flow", "flow"), ("energy", "langevin")):
            path = self.folder / f"{source}.h5"
            ebmpi("sample", run, "--from", source, "--count", 500, "--output", path)
            self.assertEqual(harness.attributes(path)["sampler"].decode(), kind)
        with h5py.File(newest_checkpoint(run)) as file:
            self.assertEqual(file.attrs["energy_updates"] + file.attrs["flow_updates"], 400)
            self.assertGreater(file.attrs["flow_updates"], 5)
        last = (run / "metrics.csv").read_text().splitlines()
        self.assertIn("flow_log_likelihood", last[0])
        # -V is at most log 4 in expectation; 256 rows of each kind.
        loss = float(last[-1].split(",")[last[0].split(",").index("loss")])
        self.assertLess(abs(loss - np.log(4)), 0.15)

    def test_energies_are_those_of_the_reader(self):
        for model, tolerance in ((self.shared / "flow", 2e-4), (f"flow:{self.shared / 'game'}", 2e-4)):
            path = self.folder / "energy.h5"
            ebmpi("energy", model, "--data", self.shared / "new.h5", "--score", "--output", path)
            x = numbers(self.shared / "new.h5")["x"][:200]
            twin = open_model(model)
            np.testing.assert_allclose(numbers(path)["energy"][:200], twin.energy(x), atol=tolerance)
            np.testing.assert_allclose(numbers(path)["score"][:200], twin.score(x), atol=2e-3)
            path.unlink()

    def test_a_flow_as_noise(self):
        """Noise contrast against the trained flow; a resumed run needs its file no more."""
        kept = self.folder / "kept"
        shutil.copytree(self.shared / "flow", kept)
        config = self.write("noise.toml", GAME.format(output=self.folder / "noise").replace(
            "flow_contrastive_estimation", 'noise_contrastive_estimation"\nnoise = "flow"\nnoise_flow = "kept').split("[flow]")[0]
            + "[optimizer]\nbatch_size = 256\nlearning_rate = 2e-3\nema = 0.9\n")
        ebmpi("train", config, "--steps", 150, "--output", self.folder / "whole")
        ebmpi("train", config, "--steps", 40, "--output", self.folder / "parts", ranks=2)
        shutil.rmtree(kept)
        ebmpi("train", config, "--steps", 150, "--output", self.folder / "parts")
        self.assertEqual(state_digest(newest_checkpoint(self.folder / "whole")),
                         state_digest(newest_checkpoint(self.folder / "parts")))
        report = self.evaluate(self.folder / "whole", "--log-z", "grid")
        self.assertLess(report["log_likelihood"], -ENTROPY + 4 * 0.019)
        self.assertGreater(report["log_likelihood"], -ENTROPY - 0.3)
        self.assertIn("kept", ebmpi("train", config, "--output", self.folder / "new", expect=4).stderr)

    def test_a_flow_as_the_base_of_annealing(self):
        """log Z from the flow's samples is that of the grid; the model's own flow is the base by itself."""
        run = self.shared / "game"
        few = ("--log-z", "ais", "--ais-stages", 40, "--ais-chains", 256, "--equilibrate", 20)
        own = self.evaluate(run, *few)
        self.assertEqual(own["annealing"]["base"], "flow")
        named = self.evaluate(run, *few, "--base", self.shared / "flow", ranks=2)
        self.assertEqual(named["annealing"]["base"], "flow")
        data = self.evaluate(run, *few, "--base", "data")
        self.assertEqual(data["annealing"]["base"], "full")
        for report in (own, named, data):
            self.assertLess(abs(report["log_z"] - report["grid"]["log_z"]), 4 * report["log_z_standard_error"] + 0.01)

    def test_a_flow_in_a_combination(self):
        """The mean of two energies -log q is one; the file holds the flow."""
        path = self.folder / "both.h5"
        run = self.shared / "game"
        ebmpi("compose", "--product", f"flow:{run}", self.shared / "flow", "--weights", 0.5, 0.5, "--output", path)
        ebmpi("energy", path, "--data", self.shared / "new.h5", "--output", self.folder / "e.h5")
        x = numbers(self.shared / "new.h5")["x"][:100]
        members = [open_model(f"flow:{run}"), open_model(self.shared / "flow")]
        log_density = 0.5 * sum(member.log_density(x) for member in members)
        energy = numbers(self.folder / "e.h5")["energy"][:100]
        self.assertLess(np.ptp(energy + log_density), 1e-3)
        np.testing.assert_allclose(open_model(path).energy(x), energy, atol=1e-3)

    def test_what_cannot_be_is_refused(self):
        flow = self.shared / "flow"
        output = ("--output", self.folder / "none.h5")
        plain = self.write("plain.toml", FLOW.format(output=self.folder / "plain").split("[objective]")[0]
                           + '[objective]\nkind = "score_matching"\n[optimizer]\nbatch_size = 64\n')
        ebmpi("train", plain, "--steps", 2)
        for command in (("sample", f"flow:{self.folder / 'plain'}", "--count", 5, *output),
                        ("sample", self.folder / "plain", "--from", "flow", "--count", 5, *output)):
            self.refused(*command, parts=("holds no flow",))
        self.refused("sample", flow, "--count", 5, "--steps", 7, *output, parts=("--steps", "without chains"))
        self.refused("sample", flow, *output, parts=("--count",))
        refusals = {
            "dimension = 3": ("dimension = 1", ("needs two",)),
            'kind = "flow_maximum_likelihood"': ('kind = "flow_maximum_likelihood"\naccuracy_threshold = 0.7', ("applies only",)),
            "[flow]": ("[network]\nhidden = [9]\n[flow]", ("network.hidden", "[flow]")),
            "hidden = [16]": ("hidden = [16]\nlearning_rate = 0.1", ("flow.learning_rate", "optimizer.learning_rate")),
        }
        for number, (old, (new, parts)) in enumerate(refusals.items()):
            with self.subTest(new=new):
                config = self.write(f"refused-{number}.toml", FLOW.format(output=self.folder / "refused").replace(old, new))
                self.refused("train", config, "--check", parts=parts)
        with h5py.File(self.folder / "line.h5", "w") as file:
            file["x"] = np.zeros((500, 1))
        line = self.write("line.toml", '[data]\nfile = "line.h5"\n[objective]\nkind = "flow_maximum_likelihood"\n')
        for extra in ((), ("--check",)):
            self.refused("train", line, "--output", self.folder / "line", *extra, parts=("line.h5", "one column", "needs two"))


if __name__ == "__main__":
    unittest.main()
