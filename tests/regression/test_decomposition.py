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

# Between them every kind of sampler, with what a checkpoint keeps of it: search of the step size, replicas and levels.
SAMPLER_VARIANTS = {
    "MALA, tuned, in a box": ("persistent_contrastive_divergence",
                              'kind = "mala"\nadapt_steps = 13\nbox = 0.1\npopulation = 433\nreinitialize = 0.2'),
    "random walk, tuned, chains from data": ("contrastive_divergence",
                                             'kind = "metropolis"\nstep_size = 0.3\nstart = "data"\nadapt_steps = 50\n'
                                             "target_acceptance = 0.4"),
    "Hamiltonian trajectories": ("persistent_contrastive_divergence",
                                 'kind = "hmc"\nstep_size = 0.2\nleapfrogs = 3\npopulation = 301\ntemperature = 0.7'),
    "annealed Langevin in a box": ("persistent_contrastive_divergence",
                                   'kind = "annealed_langevin"\nbox = 0.0\npopulation = 350\nanneal = 4.0'),
    "parallel tempering, tuned": ("persistent_contrastive_divergence",
                                  'kind = "parallel_tempering"\nstep_size = 0.2\nleapfrogs = 2\nlevels = 3\n'
                                  "exchange_every = 4\nadapt_steps = 17\npopulation = 433\nreinitialize = 0.2"),
}

# Objectives without chains: between them every way of drawing samples, every regulariser and every state.
PLAIN_CONFIG = """
[run]
steps = {steps}
log_every = 3
checkpoint_every = 7
keep_checkpoints = 9
validate_every = 5
[data]
file = "rows.h5"
validation_fraction = 0.2
{data}
[network]
{network}
[objective]
{objective}
[optimizer]
batch_size = 301
{optimizer}
[parallel]
shards = 5
"""

HIDDEN = "hidden = [24, 17]\n"

PLAIN_VARIANTS = {
    "score matching, spectral normalisation": dict(
        objective='kind = "score_matching"\ngradient_penalty = 0.01', network=HIDDEN + "spectral_norm = true", optimizer=""),
    "sliced score matching, weight decay": dict(
        objective='kind = "sliced_score_matching"\nprojections = 3\ndirections = "gaussian"\nenergy_regularization = 0.01',
        network=HIDDEN + 'activation = "softplus"', optimizer="weight_decay = 0.01\nl1 = 0.001"),
    "denoising over a ladder": dict(
        objective='kind = "denoising_score_matching"\nsigmas = [1.0, 0.5, 0.2]\nantithetic = true', network=HIDDEN,
        optimizer="gradient_clip = 0.5"),
    "noise contrast with a mixture, ratio not whole": dict(
        objective='kind = "noise_contrastive_estimation"\nnoise = "mixture"\nnoise_components = 3\nnoise_ratio = 1.7\n'
                  "gradient_penalty = 0.01", network=HIDDEN, optimizer="beta1 = 0.5"),
    "ranking contrast": dict(
        objective='kind = "noise_contrastive_estimation"\ncontrast = "ranking"\nnoise_ratio = 3.0\n'
                  'noise_covariance = "diagonal"', network=HIDDEN, optimizer=""),
    "conditional contrast": dict(
        objective='kind = "noise_contrastive_estimation"\ncontrast = "conditional"\nnoise_ratio = 2', network=HIDDEN,
        optimizer='kind = "sgd"\nlearning_rate = 0.01\nmomentum = 0.9'),
    "energy discrepancy": dict(
        objective='kind = "energy_discrepancy"\nperturbations = 6', network=HIDDEN + 'activation = "relu"', optimizer=""),
    "streamed rows": dict(  # windows of about a batch, which no batch meets whole
        objective='kind = "noise_contrastive_estimation"', network=HIDDEN, optimizer="", data="window = 602\njitter = 0.05"),
    "a flow against an energy, in turns": dict(
        objective='kind = "flow_contrastive_estimation"\naccuracy_threshold = 0.5\nenergy_regularization = 0.001',
        network=HIDDEN, optimizer="gradient_clip = 0.5\nweight_decay = 0.01\n"
                                  "[flow]\ncouplings = 3\nhidden = [16]\nupdates_in_a_row = 2\nlikelihood_steps = 5"),
    "a flow alone": dict(
        objective='kind = "flow_maximum_likelihood"', network="",
        optimizer='[flow]\ncouplings = 2\nhidden = [16, 9]\nactivation = "tanh"\nmixing = "permutation"'),
    "score network": dict(
        objective='kind = "sliced_score_matching"\nvariance_reduction = false', network=HIDDEN + 'kind = "score_mlp"', optimizer=""),
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
        best = run / "checkpoints/best.h5"
        return (harness.state_digest(harness.newest_checkpoint(run)), harness.timeless_metrics(run),
                harness.state_digest(best) if best.exists() else None)

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

    def test_samplers(self):
        for number, (name, (objective, sampler)) in enumerate(SAMPLER_VARIANTS.items()):
            keys = dict(precision="float", data='density = "two_moons"\ncount = 1999', activation="silu",
                        objective=objective, sampler=sampler, optimizer="adam", optimizer_keys="")
            config = self.write(f"sampler-{number}.toml", CONFIG.format(steps=STEPS, **keys))
            reference = self.outcome(self.train(config, f"sampler-{number}-reference", 1, 1))
            columns = reference[1][0].split(",")
            self.assertEqual("chain_r_hat" in columns, objective.startswith("persistent"))
            self.assertEqual("exchange_rate" in columns, "parallel_tempering" in sampler)
            self.assertEqual("chain_acceptance" in columns, "annealed" not in sampler)
            with self.subTest(sampler=name, ranks=3):
                self.assertEqual(self.outcome(self.train(config, f"sampler-{number}-3", 3, 2)), reference)
            with self.subTest(sampler=name, resumed=True):
                self.train(config, f"sampler-{number}-resumed", 4, 1, steps=9 + number)
                self.assertEqual(self.outcome(self.train(config, f"sampler-{number}-resumed", 2, 1)), reference)

    def test_objectives_without_chains(self):
        for number, (name, keys) in enumerate(PLAIN_VARIANTS.items()):
            config = self.write(f"plain-{number}.toml", PLAIN_CONFIG.format(steps=STEPS, **{"data": "", **keys}))
            reference = self.outcome(self.train(config, f"plain-{number}-reference", 1, 1))
            self.assertIsNotNone(reference[2], "the best checkpoint is missing")
            with self.subTest(objective=name, ranks=3):
                self.assertEqual(self.outcome(self.train(config, f"plain-{number}-3", 3, 2)), reference)
            with self.subTest(objective=name, resumed=True):
                self.train(config, f"plain-{number}-resumed", 4, 1, steps=4 + number)
                self.assertEqual(self.outcome(self.train(config, f"plain-{number}-resumed", 2, 1)), reference)

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
