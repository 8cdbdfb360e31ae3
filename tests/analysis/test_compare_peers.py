# SPDX-License-Identifier: Apache-2.0
"""What of compare_peers needs neither PyTorch nor the program, and what it says where either is missing."""

import json
import os
import stat
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np
import support

from ebmpi_reader import Missing
from peers import program, report, timing, work
from peers.work import KERNELS, NETWORKS

MESSAGE = r"compare_peers: .+ \(.+\); .+\n$"


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def fake_program(self, text: str) -> Path:
        """A program of that shell script."""
        path = self.folder / "ebmpi"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path


class Messages(WithFolder):
    def test_help_explains_the_command_line_of_the_program(self):
        done = support.run_script("compare_peers.py", "--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn('--ebmpi "cmake/toolchain.sh build/release/bin/ebmpi"', done.stdout)

    def test_without_pytorch_it_says_so(self):
        (self.folder / "torch.py").write_text("raise ImportError('hidden by the test')\n")
        done = subprocess.run([sys.executable, str(support.ANALYSIS / "compare_peers.py")], capture_output=True, text=True,
                              check=False, env={**os.environ, "PYTHONPATH": str(self.folder)})
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, MESSAGE)
        self.assertIn("PyTorch cannot be imported", done.stderr)

    def test_bad_numbers_are_refused(self):
        for arguments in (("--network", "2,64"), ("--rounds", "0"), ("--kernel", "magic")):
            self.assertEqual(support.run_script("compare_peers.py", *arguments).returncode, 2)


class Commands(WithFolder):
    def test_the_program_is_found(self):
        path = self.folder / "a folder" / "ebmpi"
        path.parent.mkdir()
        path.touch()
        self.assertEqual(program.command_line(str(path)), [str(path)])
        self.assertEqual(program.command_line("cmake/toolchain.sh 'my build/ebmpi'"), ["cmake/toolchain.sh", "my build/ebmpi"])
        with mock.patch.dict(os.environ, {"EBMPI": "wrapper ebmpi"}):
            self.assertEqual(program.command_line(None), ["wrapper", "ebmpi"])
        with mock.patch.dict(os.environ, {"EBMPI": "", "PATH": str(self.folder)}), self.assertRaisesRegex(Missing, "--ebmpi"):
            program.command_line(None)

    def test_rates_come_from_its_benchmark(self):
        rows = [{"name": "langevin", "network": network, "samples_per_second": rate}
                for network, rate in (("2, 64, 2", 4e6), ("2, 128, 2", 1e6))]
        path = self.fake_program(f"echo '{json.dumps(rows)}'; echo \"$@\" > {self.folder}/arguments")
        ours = program.Program([str(path)], threads=3)
        self.assertEqual(ours.rates(NETWORKS[1], ["langevin"], 0.5, 64), {"langevin": 1e6})
        self.assertEqual((self.folder / "arguments").read_text().strip(), "bench --json --seconds 0.5 --samples 64")
        with self.assertRaisesRegex(Missing, "no figure of exact"):
            ours.rates(NETWORKS[1], ["exact"], 0.5, 64)

    def test_a_newer_benchmark_is_restricted(self):
        rows = [{"name": "langevin", "network": "2, 64, 2", "samples_per_second": 1.0}]
        path = self.fake_program(f"if [ \"$2\" = --help ]; then echo --kernel; else echo '{json.dumps(rows)}'; "
                                 f"echo \"$@\" > {self.folder}/arguments; fi")
        program.Program([str(path)], threads=1).rates(NETWORKS[0], ["langevin"], 1.0, 64)
        self.assertIn("--network 2,64,2 --kernel langevin", (self.folder / "arguments").read_text())

    def test_its_errors_are_passed_on(self):
        ours = program.Program([str(self.fake_program("echo 'ebmpi: out of luck' >&2; exit 3"))], threads=1)
        with self.assertRaisesRegex(Missing, r"exit code 3 \(ebmpi: out of luck\)"):
            ours("bench")
        with self.assertRaisesRegex(Missing, "cannot be run"):
            program.Program([str(self.folder / "none")], threads=1)("bench")


class Numbers(unittest.TestCase):
    def test_draws_have_the_shapes_and_moments_of_the_losses(self):
        x = np.random.default_rng(0).standard_normal((4000, 2))
        given = {kernel.name: work.draws(kernel.name, x, np.random.default_rng(1)) for kernel in KERNELS}
        error = 1.0 / np.sqrt(x.size)
        self.assertEqual(set(np.unique(given["sliced"]["directions"])), {-1.0, 1.0})
        self.assertLess(abs(given["sliced"]["directions"].mean()), 5 * error)
        self.assertEqual(given["noise_contrast"]["noise"].shape, (16000, 2))
        moved = given["energy_discrepancy"]["perturbed"] - x[:, None]
        self.assertEqual(moved.shape, (4000, 3, 2))
        # Variance 2t, covariance t of two perturbations of a row; both within 5 standard errors.
        self.assertAlmostEqual(moved.var(), 2 * work.DIFFUSION_TIME, delta=5 * 2 * work.DIFFUSION_TIME * np.sqrt(2) * error)
        covariance = (moved[:, 0] * moved[:, 1]).mean()
        self.assertAlmostEqual(covariance, work.DIFFUSION_TIME, delta=5 * 3 * work.DIFFUSION_TIME * error)

    def test_log_normal(self):
        self.assertAlmostEqual(work.log_normal(np.zeros((1, 2)))[0], -np.log(2 * np.pi))
        self.assertAlmostEqual(work.log_normal(np.ones((1, 2)))[0], -np.log(2 * np.pi) - 1.0)

    def test_exact_score_matching_is_for_few_inputs(self):
        exact = next(kernel for kernel in KERNELS if kernel.name == "exact")
        self.assertEqual([exact.suits(network) for network in NETWORKS], [True, True, True, False, False])

    def test_a_rate_counts_items(self):
        calls = []
        found = timing.rate(lambda: calls.append(sum(range(20000))), 10, 0.02, "wall")
        self.assertLess(found, 10 * len(calls) / 0.02)
        self.assertGreater(len(calls), 1)


class Tables(unittest.TestCase):
    def setUp(self):
        self.row = report.Row(NETWORKS[0], KERNELS[0])
        for peer, rates in {"PyTorch eager": [2e6, 2e6, 1e6], "PyTorch compiled": [1e6, 1e6, 1e6], "JAX": [5e6, 3e6, 4e6]}.items():
            for ours, theirs in zip([4e6, 6e6, 5e6], rates):
                self.row.add(peer, ours, theirs)
        self.about = {"date": "2026-01-02T03:04:05Z", "processor": "P", "threads": 1, "samples": 4096, "rounds": 3,
                      "seconds": 1.0, "clock": "cpu", "load_at_start": 0.0, "cores": 2, "ebmpi": ["ebmpi 0"], "versions": {"jax": "9"},
                      "pytorch": {"version": "2", "blas": "mkl", "simd": "AVX2", "matrix_product_gflops": 100.0}}

    def test_ratios_are_of_pairs(self):
        self.assertEqual(self.row.ratio("PyTorch eager"), (3.0, 2.0, 5.0))
        self.assertEqual(self.row.faster(report.PYTORCH), "PyTorch eager")
        self.assertIsNone(self.row.faster(("ebmkit",)))

    def test_the_faster_pytorch_and_the_fastest_peer_are_named(self):
        line = report.table([self.row]).splitlines()[1]
        for text in ("2, 64, 2", "langevin", "5 M", "2 M", "3.00 (2.00–5.00)", "1.25 (0.80–2.00), JAX"):
            self.assertIn(text, line)

    def test_markdown_and_json(self):
        text = report.markdown([self.row], self.about)
        widths = {line.count("|") for line in text.splitlines() if line.startswith("|")}
        self.assertEqual(len(widths), 1)
        self.assertIn("JAX 9", text)
        document = json.loads(json.dumps(self.row.document()))
        self.assertEqual(document["programs"]["JAX"]["ratio"], 1.25)
        self.assertEqual(document["faster_pytorch"], "PyTorch eager")

    def test_rates_are_short(self):
        self.assertEqual([report.short(value) for value in (4.567e6, 196.4e3, 12.0)], ["4.57 M", "196 k", "12"])


if __name__ == "__main__":
    unittest.main()
