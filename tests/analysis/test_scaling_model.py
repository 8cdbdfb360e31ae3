# SPDX-License-Identifier: Apache-2.0
"""The model of scaling against closed forms, and its script on a document that was made by hand."""

import json
import math
import tempfile
import unittest
from pathlib import Path

import support

import scaling
import scaling_model
from ebmpi_reader import Missing
from scaling import Assumptions, Link, Machine, Work

NETWORK = (64, 256, 3)
PARAMETERS = 64 * 256 + 256 + 2 * (256 * 256 + 256) + 257
TILE, GRADIENT, FIXED = 1e-3, 0.75e-3, 2e-3  # seconds
WORK = Work(NETWORK, TILE, GRADIENT, FIXED)
SIZE = 8.0 * 1024**2


def document(ranks: int = 1, samples: int = 4096, **changes: object) -> dict:
    """What `ebmpi bench --output` writes of a machine that follows the model exactly: α = 100 µs, β = 1 ns."""
    tiles = samples / 64
    alpha, beta = (1e-4, 1e-9) if ranks > 1 else (0.0, 0.0)
    pieces = [*scaling.bucket_bytes(NETWORK), 8.0 * scaling.control_values(NETWORK)]
    reduction = sum(alpha + beta * size for size in pieces)
    phases = {"input": 0.05e-3 * tiles, "chains": 0.2e-3 * tiles, "gradient": GRADIENT * tiles,
              "reduction": 0.5e-3 + reduction, "optimizer": 1.5e-3}
    step = {"objective": "denoising", "network": "64, 256, 3", "batch_size": samples * ranks, "ranks": ranks,
            "parameters": PARAMETERS, "seconds_per_step": sum(phases.values()), "phases": phases, "checkpoint_seconds": 0.01}
    rows = [{"bytes": size, "seconds": alpha + beta * size} for size in (8, 4096)] if ranks > 1 else []
    return {"context": {"ranks": ranks, "threads_per_rank": 1}, "bandwidth_gb_per_s": 10.0 * ranks, "kernels": [],
            "steps": [step], "reductions": rows, "latency_seconds": alpha, "seconds_per_byte": beta} | changes


class AllReduce(unittest.TestCase):
    LATENCY, BANDWIDTH = Link(1e-6, 0.0), Link(0.0, 1e-9)

    def test_one_rank_pays_nothing(self):
        for algorithm in ("best", *scaling.ALGORITHMS):
            self.assertEqual(scaling.all_reduce(1, SIZE, Link(1.0, 1.0, 1.0), algorithm), 0.0)

    def test_latency_alone_counts_messages(self):
        expected = {"recursive_doubling": 10, "rabenseifner": 20, "ring": 2046, "tree": 20, "best": 10}
        for algorithm, messages in expected.items():
            self.assertAlmostEqual(scaling.all_reduce(1024, SIZE, self.LATENCY, algorithm), 1e-6 * messages)

    def test_bandwidth_alone_counts_bytes(self):
        moved = 2.0 * SIZE * 1023 / 1024  # what every rank must at least send (Patarasuk and Yuan 2009)
        expected = {"recursive_doubling": 10 * SIZE, "rabenseifner": moved, "ring": moved, "tree": 20 * SIZE, "best": moved}
        for algorithm, size in expected.items():
            self.assertAlmostEqual(scaling.all_reduce(1024, SIZE, self.BANDWIDTH, algorithm), 1e-9 * size)

    def test_addition_alone_counts_added_bytes(self):
        for algorithm, size in {"recursive_doubling": 3 * SIZE, "rabenseifner": 7 / 8 * SIZE, "ring": 7 / 8 * SIZE,
                                "tree": 3 * SIZE}.items():
            self.assertAlmostEqual(scaling.all_reduce(8, SIZE, Link(0.0, 0.0, 1e-9), algorithm), 1e-9 * size)

    def test_nodes_reduce_inside_first(self):
        machine = Machine(Link(1e-3, 0.0), Link(1e-6, 0.0), ranks_per_node=16, algorithm="recursive_doubling")
        self.assertAlmostEqual(machine.reduce(16, SIZE), 4e-6)
        self.assertAlmostEqual(machine.reduce(64, SIZE), 4e-6 + 2e-3)
        self.assertAlmostEqual(machine.reduce(2, SIZE), 1e-6)


class Buckets(unittest.TestCase):
    def test_they_hold_every_parameter_once(self):
        self.assertEqual(sum(scaling.bucket_bytes(NETWORK, terms=0)), 8 * PARAMETERS)

    def test_small_layers_wait_for_the_one_before(self):
        square = 8 * (256 * 256 + 256)
        self.assertEqual(scaling.bucket_bytes(NETWORK, terms=3), [square + 8 * 257, square, 8 * (64 * 256 + 256), 24])
        self.assertEqual(scaling.bucket_bytes((2, 64, 2), terms=3), [8 * (3 * 64 + 65 * 64 + 65), 24])


class Efficiency(unittest.TestCase):
    FREE, ALPHA, BETA = Machine(Link(0.0, 0.0)), Machine(Link(1e-5, 0.0)), Machine(Link(0.0, 1e-9))

    def test_one_rank_is_wholly_efficient(self):
        for machine in (self.FREE, self.ALPHA, self.BETA):
            self.assertEqual(scaling.weak_efficiency(WORK, machine, 1, 4096), 1.0)
            self.assertEqual(scaling.strong_efficiency(WORK, machine, 1, 4096), 1.0)

    def test_a_free_network_leaves_only_the_fixed_part(self):
        self.assertEqual(scaling.weak_efficiency(WORK, self.FREE, 1024, 4096), 1.0)
        expected = (64 * TILE + FIXED) / (16 * (4 * TILE + FIXED))
        self.assertAlmostEqual(scaling.strong_efficiency(WORK, self.FREE, 16, 4096), expected)

    def test_latency_limit(self):
        messages = 4 + 1  # buckets and the small reduction, each in lg p messages
        expected = (64 * TILE + FIXED) / (64 * TILE + FIXED + messages * 10 * 1e-5)
        self.assertAlmostEqual(scaling.weak_efficiency(WORK, self.ALPHA, 1024, 4096), expected)

    def test_bandwidth_limit(self):
        size = sum(scaling.bucket_bytes(NETWORK)) + 8 * scaling.control_values(NETWORK)
        step = 64 * TILE + FIXED
        expected = step / (step + 2e-9 * size * 1023 / 1024)
        self.assertAlmostEqual(scaling.weak_efficiency(WORK, self.BETA, 1024, 4096), expected)

    def test_the_overlap_hides_all_but_the_first_layer_and_at_most_a_reverse_pass(self):
        size = sum(scaling.bucket_bytes(NETWORK)[:-2])
        shown, hidden = (scaling.exposed(WORK, self.BETA, 2, Assumptions(hidden=share)) for share in (0.0, 1.0))
        self.assertAlmostEqual(shown - hidden, min(1e-9 * size, 2.0 / 3.0 * GRADIENT))
        slow = Machine(Link(0.0, 1e-6))
        shown, hidden = (scaling.exposed(WORK, slow, 2, Assumptions(hidden=share)) for share in (0.0, 0.5))
        self.assertAlmostEqual(shown - hidden, 0.5 * 2.0 / 3.0 * GRADIENT)

    def test_a_part_of_a_tile_takes_as_long_as_a_whole_one(self):
        self.assertEqual([Work(NETWORK, 1.0, 1.0, 0.0, threads).tiles(samples) for samples, threads in
                          ((1, 1), (64, 1), (65, 1), (4096, 1), (256, 4), (257, 4))], [1, 1, 2, 64, 1, 2])

    def test_jitter_delays_by_the_expected_largest_of_normal_numbers(self):
        late = scaling.step_time(WORK, self.FREE, 1000, 4096, Assumptions(jitter=0.01)) - FIXED
        self.assertAlmostEqual(late / (64 * TILE), 1.0 + 0.01 * math.sqrt(2.0 * math.log(1000)))


class Fit(unittest.TestCase):
    def test_a_line_through_points_of_a_line(self):
        slope, intercept = scaling.line([(n, 3.0 + 0.5 * n) for n in (1, 8, 64)])
        self.assertAlmostEqual(slope, 0.5)
        self.assertAlmostEqual(intercept, 3.0)

    def test_one_point_has_no_intercept_and_none_is_negative(self):
        self.assertEqual(scaling.line([(4, 2.0)]), (0.5, 0.0))
        slope, intercept = scaling.line([(1, 1.0), (2, 3.0)])
        self.assertGreater(slope, 0.0)
        self.assertEqual(intercept, 0.0)
        self.assertEqual(scaling.line([(1, 3.0), (2, 1.0)])[0], 0.0)


class Script(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def store(self, name: str, content: object) -> Path:
        path = self.folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    def test_the_work_of_a_rank(self):
        for samples in ((4096,), (4096, 512)):
            steps = [step for n in samples for step in scaling_model.read_steps(self.store(f"{n}.json", document(samples=n)))]
            work = scaling_model.work_of(steps)
            self.assertAlmostEqual(work.tile, TILE)
            self.assertAlmostEqual(work.gradient_tile, GRADIENT)
            self.assertAlmostEqual(work.fixed, FIXED)

    def test_runs_that_follow_the_model_are_predicted(self):
        work = scaling_model.work_of(scaling_model.read_steps(self.store("1.json", document())))
        for ranks, samples in ((1, 4096), (2, 4096), (4, 1024), (8, 512)):
            run = scaling_model.read_steps(self.store("run.json", document(ranks, samples)))[0]
            found = scaling_model.check(work, run, cores=8, assumptions=Assumptions())
            self.assertAlmostEqual(found.error, 0.0)
            self.assertEqual(found.shared, 1.0)

    def test_shared_cores_slow_the_work_and_not_the_reductions(self):
        work = scaling_model.work_of(scaling_model.read_steps(self.store("1.json", document())))
        run = scaling_model.read_steps(self.store("8.json", document(8)))[0]
        alone, shared = (scaling_model.check(work, run, cores, Assumptions()).predicted for cores in (8, 2))
        self.assertAlmostEqual(shared - alone, 3.0 * (64 * TILE + FIXED))

    def test_a_file_that_is_not_there(self):
        done = support.run_script("scaling_model.py", self.folder / "none.json")
        self.assertEqual((done.returncode, done.stdout), (4, ""))
        self.assertRegex(done.stderr, r"^scaling_model: .*none.json cannot be read or written \(.+\); .+\n$")

    def test_it_prints_and_draws(self):
        base, run = self.store("base.json", document()), self.store("run.json", document(4))
        strong = self.store("strong.json", document(4, 1024))
        done = support.run_script("scaling_model.py", base, "--runs", run, strong, "--cores", 8, "--hidden", 0.5)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for text in ("weak efficiency at 1024 ranks (target 95%)", "reached", "share them", "largest error"):
            self.assertIn(text, done.stdout)
        self.assertTrue((self.folder / "base-scaling.png").read_bytes().startswith(b"\x89PNG"))
        self.assertIn("</svg>", (self.folder / "base-scaling.svg").read_text())

    def test_what_is_missing_is_said(self):
        base = self.store("base.json", document())
        without = document()
        del without["steps"]
        parallel = document(4, reductions=[])
        cases = [("not JSON", "{"), ("no 'steps'", without), ("no steps", document(steps=[])),
                 ("measured on 4 ranks", document(4)), ("does not hold", "[]")]
        for pattern, content in cases:
            with self.assertRaisesRegex(Missing, rf".*{pattern}.* \(.+\); .+|.+ \(.*{pattern}.*\); .+"):
                scaling_model.work_of(scaling_model.read_steps(self.store("case.json", content)))
        work = scaling_model.work_of(scaling_model.read_steps(base))
        run = scaling_model.read_steps(self.store("f.json", parallel))[0]
        with self.assertRaisesRegex(Missing, "has no reductions"):
            scaling_model.check(work, run, 2, Assumptions())
        with self.assertRaisesRegex(Missing, "denoising on 64, 256, 3"):
            scaling_model.choose(scaling_model.read_steps(base), "exact", None)


if __name__ == "__main__":
    unittest.main()
