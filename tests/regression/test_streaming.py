# SPDX-License-Identifier: Apache-2.0
"""Runs whose rows are read while they train: what becomes of them when the file or the run ends early."""

import os
import signal
import subprocess
import unittest

import h5py
import numpy as np

import harness

CONFIG = """
[run]
steps = 100000000
log_every = 20
[data]
file = "rows.h5"
window = 2000
[network]
hidden = [8]
[objective]
kind = "denoising_score_matching"
[optimizer]
batch_size = 256
[parallel]
shards = 3
"""


class Streaming(harness.Case):
    def setUp(self):
        super().setUp()
        self.config = self.write("run.toml", CONFIG)

    def store(self, **layout):
        with h5py.File(self.folder / "rows.h5", "w") as file:
            file.create_dataset("x", data=np.random.default_rng(1).normal(size=(30000, 8)).astype("f4"), **layout)

    def disturb(self, ranks, disturbance):
        """Starts a run, disturbs it in the middle, and returns its exit code and what it wrote to stderr."""
        output = self.folder / f"run-{ranks}"
        process = subprocess.Popen(harness.command(["train", self.config, "--output", output], ranks),
                                   env=harness.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3):  # it trains
            process.stdout.readline()
        disturbance(process)
        _, errors = process.communicate(timeout=60)
        return process.returncode, errors

    def test_truncated_file(self):
        for ranks, layout in ((1, {}), (3, {}), (2, {"chunks": (500, 8)})):
            with self.subTest(ranks=ranks, layout=layout):
                self.store(**layout)
                code, errors = self.disturb(ranks, lambda _: os.truncate(self.folder / "rows.h5", 30000))
                problems = [line for line in errors.splitlines() if line.startswith("ebmpi: ")]
                self.assertEqual((code, len(problems)), (4, 1), errors)
                for part in ("rows.h5:/x cannot be read any more", "(the file had", "; bring the file back"):
                    self.assertIn(part, problems[0])

    def test_signal(self):
        self.store()
        code, errors = self.disturb(2, lambda process: process.send_signal(signal.SIGUSR1))
        self.assertEqual(code, 75, errors)
        step = harness.attributes(harness.newest_checkpoint(self.folder / "run-2"))["step"]
        harness.ebmpi("train", self.config, "--output", self.folder / "run-2", "--steps", int(step) + 30, ranks=3)


if __name__ == "__main__":
    os.environ.setdefault("EBMPI", str(harness.REPOSITORY / "build/release/bin/ebmpi"))
    unittest.main()
