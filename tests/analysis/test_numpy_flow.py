# SPDX-License-Identifier: Apache-2.0
"""The NumPy twin of a flow against PyTorch's values, and against itself."""

import json
import math
import unittest

import numpy as np
import support

from reference.numpy_flow import FlowEnergy, order_of

GOLDEN = support.ROOT / "tests" / "golden" / "flow.json"


def flow_of(case):
    """The flow of a golden case, and its dimension."""
    dimension, couplings = len(case["x"]) // case["rows"], case["couplings"][0]
    shapes = {"shift": (dimension,), "log_scale": (dimension,)}
    if case["linear"][0]:
        shapes["mixing"] = (dimension, dimension)
    for layer, (before, after) in enumerate(zip(case["widths"][:-1], case["widths"][1:])):
        shapes |= {f"layers.{layer}.weight": (after, before), f"layers.{layer}.bias": (after,)}
    tensors, at = {}, 0
    for step in range(couplings):
        for name, shape in shapes.items():
            size = math.prod(shape)
            tensors[f"steps.{step}.{name}"] = np.reshape(case["parameters"][at : at + size], shape)
            at += size
    assert at == len(case["parameters"])
    return FlowEnergy.from_tensors(tensors, {"activation": case["activation"], "couplings": couplings}), dimension


class NumpyFlow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cases = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]

    def test_values_are_pytorchs(self):
        for case in self.cases:
            with self.subTest(case=case["name"]):
                flow, dimension = flow_of(case)
                x = np.reshape(case["x"], (-1, dimension))
                z, log_det = flow.normalize(x)
                np.testing.assert_allclose(z.ravel(), case["normalize_image"], rtol=1e-11, atol=1e-11)
                np.testing.assert_allclose(log_det, case["normalize_log_det"], rtol=1e-11, atol=1e-11)
                np.testing.assert_allclose(flow.energy(x).mean(), case["likelihood_loss"][0], rtol=1e-11)
                normal = np.reshape(case["normal"], (-1, dimension))
                np.testing.assert_allclose(flow.generate(normal).ravel(), case["generate_image"], rtol=1e-10, atol=1e-10)
                self.assertEqual([i for step in range(case["couplings"][0]) for i in order_of(dimension, step)], case["order"])

    def test_score_is_the_slope(self):
        """Along a line the energy changes by the integral of minus the score (Simpson's rule)."""
        flow, dimension = flow_of(self.cases[2])
        start, end = np.full((1, dimension), -0.2), np.full((1, dimension), 0.1)
        middle = 0.5 * (start + end)
        slopes = [-(flow.score(point, 1.0) * (end - start)).sum() for point in (start, middle, end)]
        change = float(flow.energy(end)[0] - flow.energy(start)[0])
        self.assertAlmostEqual(change, (slopes[0] + 4 * slopes[1] + slopes[2]) / 6, delta=2e-3 * abs(change) + 1e-4)

    def test_what_is_missing_is_said(self):
        with self.assertRaises(ValueError):
            FlowEnergy.from_tensors({"steps.0.shift": np.zeros(2)}, {"activation": "silu", "couplings": 1})


if __name__ == "__main__":
    unittest.main()
