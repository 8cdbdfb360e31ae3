# SPDX-License-Identifier: Apache-2.0
"""The scripts that measure the program: what `ebmpi bench` writes is what they read; PyTorch, where there is one, agrees."""

import importlib.util
import json
import os
import subprocess
import sys
import unittest

from harness import REPOSITORY, Case, ebmpi

NETWORK = "2,16,1"


class Script(Case):
    def script(self, name, *arguments, expect=0):
        done = subprocess.run([sys.executable, str(REPOSITORY / "analysis" / name), *map(str, arguments)], capture_output=True,
                              text=True, check=False, cwd=self.folder)
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr)
        return done


class Scaling(Script):
    def test_the_model_reads_what_the_benchmark_writes(self):
        files = [self.folder / f"{ranks}.json" for ranks in (1, 2)]
        for ranks, path in enumerate(files, start=1):
            ebmpi("bench", "--part", "steps", "--part", "reductions", "--network", NETWORK, "--kernel", "denoising",
                  "--samples", 256, "--seconds", 0.02, "--output", path, ranks=ranks)
        done = self.script("scaling_model.py", files[0], "--runs", *files, "--output", "scaling.png")
        self.assertIn("denoising on 2, 16, 1", done.stdout)
        self.assertIn("largest error", done.stdout)
        for ending in ("png", "svg"):
            self.assertTrue((self.folder / f"scaling.{ending}").is_file())


class Peers(Script):
    ARGUMENTS = ("--network", NETWORK, "--kernel", "denoising", "--peer", "eager")

    @unittest.skipIf(importlib.util.find_spec("torch"), "PyTorch is installed")
    def test_without_pytorch_it_says_so(self):
        done = self.script("compare_peers.py", *self.ARGUMENTS, expect=2)
        self.assertRegex(done.stderr, r"^compare_peers: PyTorch is not installed .+\(.+\); install torch")

    @unittest.skipUnless(importlib.util.find_spec("torch"), "PyTorch is not installed")
    def test_the_numbers_agree_and_both_are_timed(self):
        path = self.folder / "peers.json"
        self.script("compare_peers.py", *self.ARGUMENTS, "--ebmpi", os.environ["EBMPI"], "--rounds", 1, "--seconds", 0.02,
                    "--samples", 256, "--json", path)
        document = json.loads(path.read_text())
        self.assertTrue(document["agreement"])
        self.assertEqual(list(document["rows"][0]["programs"]), ["ebmpi", "PyTorch eager"])
        self.assertGreater(document["rows"][0]["programs"]["PyTorch eager"]["ratio"], 0.0)


if __name__ == "__main__":
    unittest.main()
