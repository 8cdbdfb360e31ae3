# SPDX-License-Identifier: Apache-2.0
"""The ready inputs reach the likelihoods that their READMEs promise; flows and energies against known densities."""

import json
import math
import unittest

import harness
from test_objectives import WithGoals
from test_two_moons import JOBS, Trained

JOB_GOAL = -1.03
JOB_NAMES = ("score_matching", "sliced_score_matching", "denoising_score_matching", "noise_contrastive_estimation",
             "conditional_contrast", "ranking_contrast", "energy_discrepancy")
FLOWS = harness.REPOSITORY / "jobs/flow"


class TwoMoons(WithGoals):
    def test_objectives_without_chains(self):
        self.check([(name, JOBS / f"{name}.toml", JOB_GOAL) for name in JOB_NAMES])

    def test_chains(self):
        self.check([("pcd", JOBS / "pcd.toml", -1.08), ("cd", JOBS / "cd.toml", -1.15)])


class Flows(Trained):
    def evaluate(self, model, density, noise, seed):
        """The report of `evaluate`, log Z from a grid, on 20000 new samples of the density."""
        data, output = self.folder / "new.h5", self.folder / "report.json"
        harness.ebmpi("data", "generate", density, "--noise", noise, "--count", 20000, "--seed", seed, "--output", data)
        harness.ebmpi("evaluate", model, "--data", data, "--log-z", "grid", "--no-distances", "--output", output)
        return json.loads(output.read_text())

    def test_eight_gaussians(self):
        """-V rises towards log 4, and log p of the energy has a mean square error below 0.05."""
        self.assertEqual(self.finish(self.start(FLOWS / "eight_gaussians.toml", "eight")), "")
        report = self.evaluate(self.folder / "eight", "eight_gaussians", 0.2, 77)
        error = report["truth"]["log_density_mean_square_error"]
        print(f"eight Gaussians: mean square error of log p {error['value']:.4f} ± {error['standard_error']:.4f}")
        self.assertLess(error["value"], 0.05)
        lines = (self.folder / "eight/metrics.csv").read_text().splitlines()
        column = lines[0].split(",").index("loss")
        losses = [float(line.split(",")[column]) for line in lines[1:]]
        last, lowest = sum(losses[-5:]) / 5, min(losses[8:])
        print(f"-V from {lowest:.4f} to {last:.4f} at the end, log 4 is {math.log(4):.4f}")
        # The energy first learns to tell the flow's bridges from the data, then the flow follows. 1024 rows of each kind, whose
        # losses have a deviation of about 0.6: a standard error of 0.03 of one step.
        self.assertGreater(last, lowest + 0.04)
        self.assertGreater(last, 1.25)
        self.assertLess(last, math.log(4) + 0.03)

    def test_two_moons(self):
        """The energy is at least as good as that of other objectives, and better than the flow."""
        self.assertEqual(self.finish(self.start(FLOWS / "two_moons.toml", "moons")), "")
        report = self.evaluate(self.folder / "moons", "two_moons", 0.1, 77)
        print(f"two moons: energy {report['log_likelihood']:.4f}, flow {report['flow_log_likelihood']:.4f}")
        self.assertGreater(report["log_likelihood"], -1.03)
        self.assertGreater(report["log_likelihood"], report["flow_log_likelihood"])


if __name__ == "__main__":
    unittest.main()
