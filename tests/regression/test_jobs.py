# SPDX-License-Identifier: Apache-2.0
"""Every ready-made input is valid: a user's first command must not fail."""

import json
import os
import re
import subprocess
import sys
import unittest

import h5py
import numpy as np

import harness

JOBS = sorted(path for path in (harness.REPOSITORY / "jobs").rglob("*.toml")
              if path.parent.name != "inference" and path.name != "annotated_infer.toml")  # those are in test_infer.py


class Jobs(harness.Case):
    def test_there_are_jobs(self):
        self.assertIn(harness.REPOSITORY / "jobs/two_moons/pcd.toml", JOBS)

    def test_check(self):
        """Parameters, memory and work are printed, and nothing is written, wherever it is called from."""
        for job in JOBS:
            with self.subTest(job=job.relative_to(harness.REPOSITORY)):
                done = harness.ebmpi("train", job, "--check", ranks=0, cwd=self.folder, timeout=120)
                self.assertEqual(done.stderr, "")
                for quantity, unit in (("parameters", ""), ("training rows", ""), ("memory of a rank", " MB"),
                                       ("work of a step", " GF"), ("work of the run", " TF")):
                    found = re.search(rf"^{quantity} +([0-9.e+-]+){unit}\b", done.stdout, re.MULTILINE)
                    self.assertIsNotNone(found, f"{quantity}: {done.stdout}")
                    self.assertGreater(float(found.group(1)), 0.0)
                self.assertEqual(list(self.folder.iterdir()), [])

    def test_comparison_of_objectives(self):
        """The script of jobs/anomaly on rows that any objective tells apart after a few steps."""
        rng = np.random.default_rng(1)
        with h5py.File(self.folder / "rows.h5", "w") as file:
            file["train/x"] = rng.normal(size=(600, 3)).astype("f")
            file["test/x"] = np.concatenate([rng.normal(size=(100, 3)), rng.normal(size=(40, 3)) + 8.0]).astype("f")
            file["test/y"] = np.repeat([0, 1], [100, 40])
        script = harness.REPOSITORY / "jobs/anomaly/compare_objectives.py"
        names = sorted(path.stem for path in script.parent.glob("*.toml"))
        command = [sys.executable, script, self.folder / "rows.h5", "--set", "run.steps=200", "--set", "network.hidden=[16]",
                   "--json"]
        done = subprocess.run(list(map(str, command)), env=harness.environment(), capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        results = json.loads(done.stdout)
        self.assertEqual(sorted(results), names)
        for name, figures in results.items():
            with self.subTest(objective=name):
                self.assertGreater(figures["auroc"], 0.5 if name == "score_network" else 0.9)
        wrong = subprocess.run([*map(str, command), "--objectives", "nothing"], env=harness.environment(), capture_output=True,
                               text=True, check=False)
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("no input nothing.toml", wrong.stderr)


if __name__ == "__main__":
    os.environ.setdefault("EBMPI", str(harness.REPOSITORY / "build/release/bin/ebmpi"))
    unittest.main()
