# SPDX-License-Identifier: Apache-2.0
"""`ebmpi bench`: what it measures, in what form. How fast anything is, no test asks."""

import json
import pathlib
import tempfile
import unittest

from harness import ebmpi, problems

QUICK = ("bench", "--seconds", 0.01, "--samples", 128)


class Bench(unittest.TestCase):
    def test_json_is_an_array_of_kernels(self):
        rows = json.loads(ebmpi(*QUICK, "--json", "--network", "2,16,1", "--network", "3,8,2").stdout)
        self.assertEqual({row["network"] for row in rows}, {"2, 16, 1", "3, 8, 2"})
        self.assertEqual({row["name"] for row in rows},
                         {"energy", "langevin", "mala", "hmc", "contrastive_divergence", "noise_contrast", "denoising", "sliced",
                          "sliced_reduced", "exact", "energy_discrepancy"})
        for row in rows:
            self.assertAlmostEqual(row["utilisation"], row["gflops"] / row["peak_gflops"], places=9)
        # 4W operations a Langevin step, W the weights of all matrices: 2·16 + 16 and 3·8 + 8·8 + 8.
        for weights, network in ((48, "2, 16, 1"), (96, "3, 8, 2")):
            [row] = [row for row in rows if (row["name"], row["network"]) == ("langevin", network)]
            self.assertAlmostEqual(row["gflops"], row["samples_per_second"] * 4 * weights / 1e9, delta=1e-9)

    def test_document_has_all_parts_and_their_context(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "bench.json"
            ebmpi(*QUICK, "--network", "2,16,1", "--part", "all", "--output", path, ranks=2)
            document = json.loads(path.read_text())
            self.assertEqual([entry.name for entry in pathlib.Path(folder).iterdir()], ["bench.json"])
        self.assertEqual(document["context"]["ranks"], 2)
        self.assertEqual(document["context"]["samples"], 128)
        for key in ("processor", "compiler", "simd", "mpi", "date", "git_hash", "threads_per_rank"):
            self.assertTrue(document["context"][key], key)
        self.assertGreater(document["peak_gflops"], 0)
        self.assertGreater(document["bandwidth_gb_per_s"], 0)
        self.assertEqual(len(document["kernels"]), 11)
        self.assertEqual([row["kernel"] for row in document["shares"]],
                         ["langevin", "contrastive_divergence", "denoising", "sliced", "exact"])
        for row in document["shares"]:
            self.assertGreater(row["activations"], 0)
        steps = {row["objective"]: row for row in document["steps"]}
        self.assertEqual(len(steps), 8)
        for name, row in steps.items():
            self.assertEqual(row["batch_size"], 256)
            self.assertEqual("chains" in row["phases"], "divergence" in name and "contrastive" in name, name)
            # What no phase claims is the loop itself.
            self.assertLessEqual(sum(row["phases"].values()), 1.05 * row["seconds_per_step"], name)
        self.assertEqual([each["bytes"] for each in document["reductions"]],
                         [8, 64, 512, 4096, 32768, 262144, 2097152, 16777216])
        self.assertGreaterEqual(document["latency_seconds"], 0)
        self.assertGreaterEqual(document["seconds_per_byte"], 0)

    def test_one_kernel_alone(self):
        rows = json.loads(ebmpi(*QUICK, "--json", "--network", "2,16,1", "--kernel", "denoising").stdout)
        self.assertEqual([row["name"] for row in rows], ["denoising"])

    def test_what_cannot_be_measured_is_explained(self):
        for arguments, reason in ((("--network", "2,128"), "D,H,L"), (("--kernel", "nonsense"), "nonsense"),
                                  (("--part", "nonsense"), "nonsense"), (("--seconds", 0), "seconds")):
            done = ebmpi(*QUICK, *arguments, expect=2)
            self.assertEqual(len(problems(done)), 1)
            self.assertIn(reason, problems(done)[0])

    def test_a_file_that_cannot_be_written_is_refused_before_anything_is_measured(self):
        done = ebmpi("bench", "--seconds", 60, "--output", "/nonexistent/bench.json", ranks=2, expect=4, timeout=30)
        self.assertEqual(len(problems(done)), 1)
        self.assertIn("/nonexistent/bench.json", problems(done)[0])


if __name__ == "__main__":
    unittest.main()
