# SPDX-License-Identifier: Apache-2.0
"""Parameters of simulators fitted to observations, as a user does it."""

import json
import os
import re
import signal
import subprocess
import time
import unittest

import h5py
import numpy as np

import harness

CONFIG = """
[run]
steps = {steps}
log_every = 3
checkpoint_every = 7
keep_checkpoints = 9
output = "{output}"
[data]
{data}
[simulator]
kind = "{kind}"
dimension = 3
[inference]
simulations = 307
{inference}
[parallel]
shards = 5
"""


class Infer(harness.Case):
    def config(self, name="run.toml", steps=24, output="run", data="truth = [1.0, -1.0, 0.5]\ncount = 101",
               kind="gaussian_location", inference=""):
        text = CONFIG.format(steps=steps, output=self.folder / output, data=data, kind=kind, inference=inference)
        return self.write(name, text)

    def bits(self, output):
        """Everything that a finished run leaves which time does not change."""
        run = self.folder / output
        numbers = harness.numbers(harness.newest_checkpoint(run))
        del numbers["config"]
        results = harness.numbers(run / "results.h5")
        return {name: value.tobytes() for name, value in {**numbers, **results}.items() if isinstance(value, np.ndarray)}

    def timeless(self, output):
        return [line.rsplit(",", 2)[0] for line in (self.folder / output / "metrics.csv").read_text().splitlines()]

    def test_estimate(self):
        """The maximum for a Gaussian location is the mean of the data, and its error the noise over √N."""
        rng = np.random.default_rng(3)
        x = rng.normal(size=(400, 3)) + [2.0, 0.0, -1.0]
        with h5py.File(self.folder / "x.h5", "w") as file:
            file["train/obs"] = x
        config = self.config(data='file = "x.h5"\ndataset = "train/obs"', steps=200, inference='features = "linear"')
        done = harness.ebmpi("infer", config)
        self.assertEqual(done.stderr, "")
        self.assertRegex(done.stdout, r"parameter +estimate +standard error +95 % interval")
        results = json.loads((self.folder / "run/results.json").read_text())
        self.assertTrue(results["determined"])
        with h5py.File(self.folder / "run/results.h5") as file:
            covariance = file["covariance"][()]
            self.assertEqual(file["path"].shape, (200, 3))
        for i, (name, figures) in enumerate(results["parameters"].items()):
            self.assertLess(abs(figures["estimate"] - x[:, i].mean()), 4 * figures["simulation_error"] + 1e-3, name)
            self.assertLess(abs(figures["standard_error"] / 0.05 - 1), 0.1, name)
            self.assertAlmostEqual(figures["standard_error"], np.sqrt(covariance[i, i]), places=12)
            self.assertLess(figures["lower"], figures["estimate"])
        # A finished run says the same again.
        again = json.loads(harness.ebmpi("infer", config, "--json").stdout)
        self.assertEqual(again["parameters"], results["parameters"])
        self.assertEqual(again["explained"], results["explained"])

    def test_decomposition(self):
        """The same bits on any number of ranks and threads, and in two parts."""
        variants = {"natural, pilot": 'width_rule = "pilot"\npilot_widths = [0.5, 1.0]',
                    "Adam, linear": 'ascent = "adam"\nfeatures = "linear"',
                    "network": 'features = "neural"\nupdates = 3\n[network]\nhidden = [17, 9]'}
        for variant, inference in variants.items():
            with self.subTest(variant):
                config = self.config(inference=inference)
                harness.ebmpi("infer", config, "--output", self.folder / "one", ranks=1)
                expected, lines = self.bits("one"), self.timeless("one")
                for ranks, threads in ((1, 4), (2, 1), (4, 1)):
                    output = f"r{ranks}t{threads}"
                    harness.ebmpi("infer", config, "--output", self.folder / output, "--resume", "never", ranks=ranks,
                                  threads=threads)
                    self.assertEqual(self.bits(output), expected, output)
                    self.assertEqual(self.timeless(output), lines)
                harness.ebmpi("infer", config, "--output", self.folder / "parts", "--steps", 10, ranks=3)
                harness.ebmpi("infer", config, "--output", self.folder / "parts", ranks=2)
                self.assertEqual(self.bits("parts"), expected)
                self.assertEqual(self.timeless("parts"), lines)
                for output in ("one", "r1t4", "r2t1", "r4t1", "parts"):
                    subprocess.run(["rm", "-r", self.folder / output], check=True)

    def test_signal_and_time_limit(self):
        config = self.config(steps=2000000)
        process = subprocess.Popen(harness.command(["infer", config], ranks=0), env=harness.environment(),
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while not (self.folder / "run/checkpoints").exists() or not list((self.folder / "run/checkpoints").glob("step*")):
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 75, errors)
        self.assertIn("a signal asked for it", output)
        done = harness.ebmpi("infer", config, "--time-limit", "2s", expect=75)
        self.assertIn("resumed", done.stdout)
        self.assertIn("the time limit is near", done.stdout)
        self.assertEqual(len(list((self.folder / "run/checkpoints").glob("step*"))), 9)

    def test_info(self):
        harness.ebmpi("infer", self.config())
        run = json.loads(harness.ebmpi("info", self.folder / "run", "--json").stdout)
        self.assertEqual((run["kind"], run["state"], run["steps_done"]), ("run folder of infer", "done", 24))
        checkpoint = harness.newest_checkpoint(self.folder / "run")
        told = json.loads(harness.ebmpi("info", checkpoint, "--json").stdout)
        self.assertEqual(told["written"]["format"], "ebmpi-inference")
        self.assertEqual(len(told["coordinates"]), 3)
        self.assertEqual(told["observations"], 101)
        refused = harness.ebmpi("sample", checkpoint, "--output", self.folder / "s.h5", expect=4)
        self.assertIn("is a checkpoint of `ebmpi infer` (it holds no model)", refused.stderr)

    def test_simulate(self):
        """Rows are a function of seed and number, and those that an inference with a truth observes."""
        config = self.config()
        arguments = ["simulate", config, "--parameters", "1,-1,0.5", "--count"]
        harness.ebmpi(*arguments, 101, "--output", self.folder / "a.h5", ranks=2)
        harness.ebmpi(*arguments, 20, "--output", self.folder / "b.h5")
        harness.ebmpi(*arguments, 20, "--output", self.folder / "c.h5", "--seed", 5)
        a, b, c = (harness.numbers(self.folder / f"{name}.h5")["x"] for name in "abc")
        self.assertEqual(a.shape, (101, 3))
        np.testing.assert_array_equal(a[:20], b)
        self.assertTrue((b != c).all())
        from_file = self.config("file.toml", output="file", data='file = "a.h5"')
        harness.ebmpi("infer", config)
        harness.ebmpi("infer", from_file)
        self.assertEqual(self.bits("run"), self.bits("file"))

    def test_refusals(self):
        config = self.config()
        harness.ebmpi("infer", config)
        cases = [
            (["infer", config, "--resume", "never"], 2, "already holds checkpoints"),
            (["infer", config, "--set", "inference.ridge=1"], 2, "inference.ridge: 0.001 in the checkpoint, 1.0 in the"),
            (["infer", config, "--set", "data.count=100"], 2, "data.count: 101 in the checkpoint, 100 in"),
            (["infer", config, "--set", "sampler.steps=3"], 2, "key 'sampler.steps' is one of `ebmpi train`"),
            (["infer", config, "--output", "x", "--set", "parameters.start=[1.0]"], 2, "has another length than"),
            (["infer", config, "--output", "x", "--set", "inference.simulations=20", "--set", "parallel.shards=1"], 2,
             "of 9 features (fewer than 23 would be fitted to noise)"),
            (["infer", config, "--output", "x", "--set", "data.truth=[]", "--set", "data.file=none.h5", "--set",
              "data.count=1000"], 2, "data.count applies only with data.truth"),
            (["infer", config, "--output", "x", "--set", "parameters.lower=[1,-2,-2]"], 2, "is not above"),
            (["infer", config, "--output", "x", "--set", "inference.width=[1e300]"], 3, "the ascent left all bounds in step 1"),
            (["infer", self.write("t.toml", "[data]\ndensity = \"rings\"\n")], 2,
             "key 'data.density' is one of `ebmpi train` (this config is read by `ebmpi infer`); remove it"),
            (["train", config], 2, "section 'simulator' is one of `ebmpi infer`"),
            (["simulate", config, "--parameters", "1,2", "--output", "x.h5"], 2, "--parameters has 2 entries for 3"),
            (["infer", config, "--output", "x", "--set", "simulator.kind=gausian"], 2, "is not known"),
        ]
        for arguments, code, text in cases:
            with self.subTest(text):
                done = harness.ebmpi(*arguments, ranks=0, expect=code, cwd=self.folder)
                self.assertIn(text, done.stderr)
        with h5py.File(self.folder / "x.h5", "w") as file:
            file["x"] = np.array([[0.0, 1.0, np.nan]])
            file["narrow"] = np.zeros((5, 2))
        for data, text in (('file = "x.h5"', "row 0"), ('file = "x.h5"\ndataset = "narrow"', "have 2 columns")):
            with self.subTest(text):
                done = harness.ebmpi("infer", self.config("d.toml", output="d", data=data), expect=2, ranks=2)
                self.assertIn(text, done.stderr)

    def external(self, mode, *arguments, extra=""):
        """A config of the misbehaving simulator of the unit tests; it does so at a mean of 13."""
        script = harness.TESTS / "support/simulator_worker.py"
        return self.write("external.toml", f"""
[run]
steps = 4
log_every = 2
output = "{self.folder / 'run'}"
[data]
truth = [0.5, 1.0]
count = 40
[simulator]
kind = "external"
command = "python3 '{script}' {mode} {' '.join(map(str, arguments))}"
timeout = 2.0
retries = 1
workers = 1
{extra}
[parameters]
names = ["mean", "deviation"]
start = [0.0, 1.0]
lower = [-20.0, 0.0]
[inference]
simulations = 60
features = "linear"
[parallel]
shards = 2
""")

    def test_external_simulators_that_fail(self):
        """Each ends on all ranks with an explanation, or goes on with a new worker; none hangs."""
        at_13 = ("--set", "data.truth=[13.0,1.0]")
        for mode, parts in (("exit", ("exited with code 3", "about to give up")), ("hang", ("2 s",)), ("signal", ("signal 11",)),
                            ("short", ("'1' has 1 numbers where 2 are expected",)), ("nan", ("nan",)), ("word", ("two",))):
            with self.subTest(mode=mode):
                start = time.monotonic()
                done = harness.ebmpi("infer", self.external(mode), *at_13, ranks=2, expect=2, timeout=60)
                self.assertLess(time.monotonic() - start, 30.0)
                message = "\n".join(harness.problems(done))
                for part in (*parts, "simulator_worker.py", "13"):
                    self.assertIn(part, message)

    def test_external_simulators_are_repeated(self):
        """A worker that dies or hangs once costs a restart, and no bit of the result."""
        harness.ebmpi("infer", self.external("good"), "--output", self.folder / "good", "--set", "data.truth=[13.0,1.0]")
        for mode in ("exit_once", "hang_once", "short_once"):
            with self.subTest(mode=mode):
                config = self.external(mode, self.folder / f"{mode}.mark")
                harness.ebmpi("infer", config, "--output", self.folder / mode, "--set", "data.truth=[13.0,1.0]", ranks=2)
                self.assertTrue((self.folder / f"{mode}.mark").exists())
                self.assertEqual(self.bits(mode), self.bits("good"))

    def test_jobs(self):
        """Every example is valid, wherever it is called from."""
        jobs = sorted((harness.REPOSITORY / "jobs/inference").rglob("*.toml")) + [harness.REPOSITORY / "jobs/annotated_infer.toml"]
        self.assertGreaterEqual(len(jobs), 5)
        for job in jobs:
            with self.subTest(job.name):
                done = harness.ebmpi("infer", job, "--check", ranks=0, cwd=self.folder, timeout=120)
                self.assertEqual(done.stderr, "")
                for quantity in ("observations", "columns", "features", "simulations"):
                    self.assertIsNotNone(re.search(rf"^{quantity} +[0-9]", done.stdout, re.MULTILINE), done.stdout)
                self.assertEqual(list(self.folder.iterdir()), [])


if __name__ == "__main__":
    os.environ.setdefault("EBMPI", str(harness.REPOSITORY / "build/release/bin/ebmpi"))
    unittest.main()
