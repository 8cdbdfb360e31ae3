# SPDX-License-Identifier: Apache-2.0
"""Every ready-made input is valid: a user's first command must not fail."""

import os
import re
import unittest

import harness

JOBS = sorted((harness.REPOSITORY / "jobs").rglob("*.toml"))


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


if __name__ == "__main__":
    os.environ.setdefault("EBMPI", str(harness.REPOSITORY / "build/release/bin/ebmpi"))
    unittest.main()
