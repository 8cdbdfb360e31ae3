# SPDX-License-Identifier: Apache-2.0
"""The NumPy twin against finite differences, known values, and PyTorch's golden values; the golden values against it."""

import json
import math
import unittest

import numpy as np
import support

from reference.numpy_mlp import ACTIVATIONS, Mlp, MlpEnergy

GOLDEN = json.loads((support.ROOT / "tests" / "golden" / "mlp_energy.json").read_text(encoding="utf-8"))
PIECEWISE_LINEAR = ("relu", "leaky_relu")


def case_arrays(case: dict) -> dict[str, np.ndarray]:
    """Arrays of a golden case; those with one value per input column as (B, D)."""
    arrays = {key: np.array(value) for key, value in case.items() if isinstance(value, list)}
    for key in ("x", "v", "input_gradient", "hessian_vector"):
        arrays[key] = arrays[key].reshape(case["rows"], case["widths"][0])
    return arrays


def derivative(function, at: np.ndarray, direction: np.ndarray, step: float) -> np.ndarray:
    """Fourth-order central difference of `function` at `at` along `direction`."""
    near = function(at + step * direction) - function(at - step * direction)
    far = function(at + 2.0 * step * direction) - function(at - 2.0 * step * direction)
    return (8.0 * near - far) / (12.0 * step)


class Activations(unittest.TestCase):
    def test_values_known_in_closed_form(self):
        one = np.array([1.0])
        expected = {"silu": 1.0 / (1.0 + math.exp(-1.0)), "tanh": math.tanh(1.0), "softplus": math.log(1.0 + math.e),
                    "gelu": 0.8413447460685429, "sin": math.sin(1.0), "relu": 1.0, "leaky_relu": 1.0,
                    "quadratic": 0.5}
        for name, value in expected.items():
            self.assertAlmostEqual(ACTIVATIONS[name][0](one)[0], value, places=14, msg=name)
        self.assertAlmostEqual(ACTIVATIONS["leaky_relu"][0](-one)[0], -0.01, places=16)

    def test_derivatives_are_those_of_the_values(self):
        z = np.array([-6.3, -1.7, -0.4, 0.3, 1.1, 5.2])
        for name, (phi, phi_derivative) in ACTIVATIONS.items():
            measured = derivative(phi, z, np.ones_like(z), 1e-3)
            np.testing.assert_allclose(phi_derivative(z), measured, rtol=1e-8, atol=1e-10, err_msg=name)

    def test_large_arguments_do_not_overflow(self):
        z = np.array([-800.0, 800.0])
        with np.errstate(over="raise", invalid="raise"):
            for name in ("silu", "softplus", "gelu"):
                np.testing.assert_allclose(ACTIVATIONS[name][0](z), [0.0, 800.0], atol=1e-12, err_msg=name)


class Golden(unittest.TestCase):
    def test_every_activation_and_shape_is_there(self):
        self.assertEqual(len({case["name"] for case in GOLDEN["cases"]}), 24)
        self.assertEqual({case["activation"] for case in GOLDEN["cases"]}, set(ACTIVATIONS))

    def test_energy_and_gradient_agree_with_pytorch(self):
        for case in GOLDEN["cases"]:
            arrays = case_arrays(case)
            network = MlpEnergy.from_flat(case["widths"], arrays["parameters"], case["activation"])
            np.testing.assert_allclose(network.energy(arrays["x"]), arrays["energy"], rtol=1e-12, atol=1e-13)
            np.testing.assert_allclose(network.gradient(arrays["x"]), arrays["input_gradient"], rtol=1e-11, atol=1e-13)

    def test_directional_derivatives_agree_with_finite_differences(self):
        for case in GOLDEN["cases"]:
            arrays = case_arrays(case)
            x, v = arrays["x"], arrays["v"]
            network = MlpEnergy.from_flat(case["widths"], arrays["parameters"], case["activation"])
            np.testing.assert_allclose(arrays["energy_dot"], derivative(network.energy, x, v, 1e-4), rtol=1e-6, atol=1e-8)
            if case["activation"] in PIECEWISE_LINEAR:
                self.assertFalse(np.any(arrays["hessian_vector"]) or np.any(arrays["energy_ddot"]), case["name"])
                continue
            measured = derivative(network.gradient, x, v, 1e-3)
            np.testing.assert_allclose(arrays["hessian_vector"], measured, rtol=1e-6, atol=1e-8, err_msg=case["name"])
            np.testing.assert_allclose(arrays["energy_ddot"], (measured * v).sum(axis=1), rtol=1e-6, atol=1e-7)

    def test_parameter_gradients_agree_with_finite_differences(self):
        for case in GOLDEN["cases"]:
            arrays = case_arrays(case)
            direction = np.random.default_rng(2).standard_normal(arrays["parameters"].size)
            direction /= np.linalg.norm(direction)

            def weighted(parameters: np.ndarray, order: int, arrays=arrays, case=case) -> float:
                network = MlpEnergy.from_flat(case["widths"], parameters, case["activation"])
                x, v = arrays["x"], arrays["v"]
                total = arrays["alpha"] @ network.energy(x)
                if order == 2:
                    total += arrays["beta"] @ (network.gradient(x) * v).sum(axis=1)
                    curvature = (derivative(network.gradient, x, v, 1e-3) * v).sum(axis=1)
                    total += arrays["gamma"] @ curvature * (case["activation"] not in PIECEWISE_LINEAR)
                return total

            for order, key in ((0, "parameter_gradient_energy"), (2, "parameter_gradient_jet")):
                measured = derivative(lambda p, order=order: weighted(p, order), arrays["parameters"], direction, 1e-4)
                self.assertAlmostEqual(arrays[key] @ direction, measured, delta=1e-5 * (1.0 + abs(measured)), msg=case["name"])


class Network(unittest.TestCase):
    def test_gradient_in_blocks_is_that_of_single_rows(self):
        network = MlpEnergy.from_tensors(support.bowl(3), "silu")
        x = np.random.default_rng(4).standard_normal((16384 + 5, 3))
        np.testing.assert_allclose(network.gradient(x)[-1], network.gradient(x[-1:])[0], rtol=1e-12)
        self.assertEqual(network.energy(x).shape, (16389,))
        self.assertEqual(network.gradient(x[:0]).shape, (0, 3))

    def test_score_is_minus_gradient_over_temperature(self):
        network = MlpEnergy.from_tensors(support.bowl(2), "tanh")
        x = np.array([[0.3, -1.2]])
        np.testing.assert_allclose(network.score(x, 4.0), -0.25 * network.gradient(x))

    def test_tensors_are_ordered_by_number(self):
        tensors = {f"layers.{n}.weight": np.array([[2.0]]) for n in range(11)}
        tensors |= {f"layers.{n}.bias": np.array([float(n == 10)]) for n in range(11)}
        self.assertAlmostEqual(MlpEnergy.from_tensors(tensors, "relu").energy(np.array([[1.0]]))[0], 2.0**11 + 1.0)

    def test_several_outputs_of_a_worked_example(self):
        network = Mlp.from_flat([2, 2, 3], np.array([1, 2, 0, -1, 0.5, 1, 1, 0, 0, 2, -1, 1, 0.25, 0, 1]), "quadratic")
        # z = (1 + 2·3 + 0.5, -3 + 1) = (7.5, -2), h = (28.125, 2)
        np.testing.assert_array_equal(network.values(np.array([[1.0, 3.0]])), [[28.375, 4.0, -25.125]])
        self.assertEqual((network.inputs, network.outputs), (2, 3))

    def test_each_output_is_an_energy_with_its_own_last_row(self):
        tensors = support.score_network(3, 2)
        x = np.random.default_rng(4).standard_normal((16384 + 5, 3))
        values = Mlp.from_tensors(tensors, "silu").values(x)
        for k in range(2):
            single = tensors | {f"layers.1.{part}": tensors[f"layers.1.{part}"][k : k + 1] for part in ("weight", "bias")}
            np.testing.assert_allclose(values[:, k], MlpEnergy.from_tensors(single, "silu").energy(x), rtol=1e-12, atol=1e-13)

    def test_what_does_not_fit_is_refused(self):
        tensors = support.bowl(2)
        for change, activation in (({"layers.1.weight": np.zeros((2, 12)), "layers.1.bias": np.zeros(2)}, "silu"),
                                   ({"layers.1.weight": np.zeros((1, 9))}, "silu"), ({}, "selu")):
            with self.assertRaises(ValueError):
                MlpEnergy.from_tensors(tensors | change, activation)
        del tensors["layers.0.bias"]
        with self.assertRaisesRegex(ValueError, "layers.0.bias"):
            MlpEnergy.from_tensors(tensors, "silu")


if __name__ == "__main__":
    unittest.main()
