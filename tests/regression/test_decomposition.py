# SPDX-License-Identifier: Apache-2.0
"""The numbers of a run depend on its config alone: not on ranks, threads, or where it was stopped and resumed."""

import os
import random
import signal
import subprocess
import time
import unittest

import h5py
import numpy as np

import harness

STEPS = 24

CONFIG = """
[run]
steps = {steps}
log_every = 3
checkpoint_every = 7
keep_checkpoints = 9
precision = "{precision}"
[data]
{data}
[network]
hidden = [24, 17]
activation = "{activation}"
[objective]
kind = "{objective}"
[sampler]
steps = 6
{sampler}
[optimizer]
kind = "{optimizer}"
batch_size = 301
{optimizer_keys}
[parallel]
shards = 5
"""

# Odd sizes everywhere: shards of 61 and 60 samples, a population that the shards share unevenly, partial blocks.
VARIANTS = {
    "persistent chains, Adam": dict(precision="float", data='density = "two_moons"\ncount = 1999', activation="silu",
                                    objective="persistent_contrastive_divergence",
                                    sampler="population = 433\nreinitialize = 0.2", optimizer="adam",
                                    optimizer_keys="schedule = \"cosine\"\nwarmup_steps = 4"),
    "chains from noise, SGD": dict(precision="float", data='density = "pinwheel"\ncount = 1500\njitter = 0.05',
                                   activation="tanh", objective="contrastive_divergence",
                                   sampler='start = "noise"\ngradient_clip = 2.0', optimizer="sgd",
                                   optimizer_keys="momentum = 0.9\ngradient_clip = 0.5\nlearning_rate = 0.05"),
    "chains from data, double, principal components": dict(
        precision="double", data='file = "rows.h5"\npca = 3', activation="gelu", objective="contrastive_divergence",
        sampler='start = "data"\nnoise_scale = 0.05', optimizer="adam", optimizer_keys=""),
}


class Decomposition(harness.Case):
    def setUp(self):
        super().setUp()
        rows = np.random.default_rng(3).normal(size=(700, 6)) @ np.random.default_rng(4).normal(size=(6, 6)) + 5.0
        with h5py.File(self.folder / "rows.h5", "w") as file:
            file["x"] = rows

    def train(self, config, name, ranks, threads, steps=STEPS, expect=0, extra=()):
        run = self.folder / name
        harness.ebmpi("train", config, "--output", run, "--steps", steps, *extra, ranks=ranks, threads=threads, expect=expect)
        return run

    def outcome(self, run):
        return harness.state_digest(harness.newest_checkpoint(run)), harness.timeless_metrics(run)

    def check_variant(self, keys):
        config = self.write("run.toml", CONFIG.format(steps=STEPS, **keys))
        reference = self.outcome(self.train(config, "reference", 1, 1))
        self.assertEqual(len(reference[1]), 1 + STEPS // 3)
        for ranks, threads in ((2, 1), (3, 2), (4, 1), (1, 2)):
            with self.subTest(ranks=ranks, threads=threads):
                self.assertEqual(self.outcome(self.train(config, f"run-{ranks}-{threads}", ranks, threads)), reference)
        return config, reference

    def check_resumes(self, config, reference, seed):
        """Ends at random steps and goes on with other numbers of ranks and threads each time."""
        chance = random.Random(seed)
        run, step = self.folder / f"resumed-{seed}", 0
        while step < STEPS:
            step = min(STEPS, step + chance.randint(1, 9))
            ranks, threads = chance.randint(1, 4), chance.randint(1, 2)
            harness.ebmpi("train", config, "--output", run, "--steps", step, ranks=ranks, threads=threads)
        self.assertEqual(self.outcome(run), reference)

    def test_persistent_chains(self):
        self.check_variant(VARIANTS["persistent chains, Adam"])

    def test_chains_from_noise(self):
        config, reference = self.check_variant(VARIANTS["chains from noise, SGD"])
        for seed in (1, 2):
            self.check_resumes(config, reference, seed)

    def test_chains_from_data(self):
        config, reference = self.check_variant(VARIANTS["chains from data, double, principal components"])
        self.check_resumes(config, reference, 3)

    def test_resume_after_a_signal(self):
        """A run stopped by SIGUSR1 wherever it happens to be goes on to the same numbers, metrics included."""
        keys = dict(VARIANTS["persistent chains, Adam"])
        steps = 20000
        config = self.write("long.toml", CONFIG.format(steps=steps, **keys).replace("log_every = 3", "log_every = 500")
                            .replace("checkpoint_every = 7", "checkpoint_every = 5000"))
        reference = self.outcome(self.train(config, "long-reference", 1, 1, steps))
        run, stops = self.folder / "long-stopped", 0
        for ranks in (2, 3, 1, 4):
            process = subprocess.Popen(harness.command(["train", config, "--output", run], ranks),
                                       env=harness.environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            process.stdout.readline()  # the run has begun
            time.sleep(0.4)
            process.send_signal(signal.SIGUSR1)
            process.communicate(timeout=60)
            self.assertIn(process.returncode, (0, 75))
            stops += process.returncode == 75
        harness.ebmpi("train", config, "--output", run, ranks=2)
        self.assertGreater(stops, 0)
        self.assertEqual(self.outcome(run), reference)


if __name__ == "__main__":
    os.environ.setdefault("EBMPI", str(harness.REPOSITORY / "build/release/bin/ebmpi"))
    unittest.main()
