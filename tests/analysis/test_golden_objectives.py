# SPDX-License-Identifier: Apache-2.0
"""PyTorch's losses against sums over NumPy energies, with differences in place of second derivatives; no PyTorch needed."""

import json
import unittest

import numpy as np
import support

from reference.numpy_mlp import Mlp, MlpEnergy

CASES = json.loads((support.ROOT / "tests" / "golden" / "objectives.json").read_text(encoding="utf-8"))["cases"]
STEP = 2e-3  # of fourth-order differences: errors near 1e-11


def slope(function, step: float = STEP) -> np.ndarray:
    """d/dt of function(t) at t = 0, by a fourth-order central difference."""
    return (8.0 * (function(step) - function(-step)) - (function(2.0 * step) - function(-2.0 * step))) / (12.0 * step)


class Network:
    """Energy and G, ∇E or minus the score, along the columns of the data; rows may carry log σ after them."""

    def __init__(self, case: dict, parameters: np.ndarray):
        self.dimension = len(case["x"]) // case["rows"]
        kind = MlpEnergy if case["widths"][-1] == 1 else Mlp
        self.mlp = kind.from_flat(case["widths"], parameters, case["activation"])

    def energy(self, x: np.ndarray) -> np.ndarray:
        return self.mlp.energy(x.reshape(-1, x.shape[-1])).reshape(x.shape[:-1])

    def gradient(self, x: np.ndarray) -> np.ndarray:
        if self.mlp.outputs > 1:
            return -self.mlp.values(x)
        return self.mlp.gradient(x)[:, : self.dimension]

    def curvature(self, x: np.ndarray, v: np.ndarray) -> np.ndarray:
        return (slope(lambda t: self.gradient(x + t * v)) * v).sum(axis=1)


def square(rows: np.ndarray) -> np.ndarray:
    return (rows**2).sum(axis=-1)


def penalty(network: Network, given: dict, *points: np.ndarray) -> float:
    if "gradient_penalty" not in given:
        return 0.0
    return sum(given["energy_regularization"][0] * np.mean(network.energy(x) ** 2)
               + given["gradient_penalty"][0] * np.mean(square(network.gradient(x))) for x in points)


def contrastive_divergence(network, given):
    x, chains = given["x"], given["chains"]
    return network.energy(x).mean() - network.energy(chains).mean() + penalty(network, given, x, chains)


def score_matching(network, given):
    x = given["x"]
    laplacian = sum(network.curvature(x, np.broadcast_to(e, x.shape)) for e in np.eye(x.shape[1]))
    return np.mean(0.5 * square(network.gradient(x)) - laplacian) + penalty(network, given, x)


def sliced_score_matching(network, given):
    x, gradient, total = given["x"], network.gradient(given["x"]), 0.0
    directions = np.moveaxis(given["directions"], 1, 0)
    for v in directions:
        along = square(gradient) if given["variance_reduction"][0] else np.einsum("bd,bd->b", v, gradient) ** 2
        total += np.mean(0.5 * along - network.curvature(x, v)) / len(directions)
    return total + penalty(network, given, x)


def denoising_score_matching(network, given):
    sigma = np.broadcast_to(given["sigma"], len(given["x"]))[:, None]
    losses = []
    for z in (given["z"], -given["z"])[: 2 if given["antithetic"][0] else 1]:
        x = given["x"] + sigma * z
        x = np.concatenate([x, np.log(sigma)], axis=1) if len(given["sigma"]) > 1 else x
        misfit = square(network.gradient(x) - z / sigma)
        losses.append(np.mean(0.5 * given["sigma_weight"] * misfit) + penalty(network, given, x))
    return np.mean(losses)


def noise_contrastive_estimation(network, given):
    x = given["x"]
    if "y" in given:
        return np.mean(-np.log(1.0 / (1.0 + np.exp(network.energy(x)[:, None] - network.energy(given["y"])))))
    if "log_noise" in given:
        candidates = np.concatenate([x[:, None], given["noise"]], axis=1)
        ratio = np.exp(-network.energy(candidates) - given["log_noise"])  # p / p_n, up to Z
        return -np.mean(np.log(ratio[:, 0] / ratio.sum(axis=1)))
    noise = given["noise"]
    count = len(noise) / len(x)

    def posterior(at, log_noise):  # probability of "data": p_m / (p_m + ν p_n)
        model = np.exp(-network.energy(at) + given["log_normalizer"][0])
        return model / (model + count * np.exp(log_noise))

    right = np.log(posterior(x, given["log_noise_data"])).sum() + np.log1p(-posterior(noise, given["log_noise_noise"])).sum()
    return -right / len(x) + penalty(network, given, x, noise)


def energy_discrepancy(network, given):
    ratio = np.exp(network.energy(given["x"])[:, None] - network.energy(given["perturbed"]))
    return np.mean(np.log((given["stabilization"][0] + ratio.sum(axis=1)) / ratio.shape[1]))


LOSSES = {function.__name__: function for function in (
    contrastive_divergence, score_matching, sliced_score_matching, denoising_score_matching, noise_contrastive_estimation,
    energy_discrepancy)}


def inputs(case: dict) -> dict[str, np.ndarray]:
    """The arrays of a case in their shapes."""
    given = {key: np.array(value, dtype=np.float64) for key, value in case.items() if isinstance(value, list)}
    dimension, rows = len(case["x"]) // case["rows"], case["rows"]
    binary = "log_normalizer" in case
    shapes = {key: (-1, dimension) for key in ("x", "chains", "z")}
    shapes |= {key: (rows, -1, dimension) for key in ("directions", "y", "perturbed")}
    shapes |= {"noise": (-1, dimension) if binary else (rows, -1, dimension), "log_noise": (rows, -1)}
    return {key: value.reshape(shapes.get(key, -1)) for key, value in given.items()}


def loss(case: dict, parameters: np.ndarray) -> float:
    """The loss at `parameters` (P), followed by c for binary contrast."""
    given = inputs(case)
    size = len(case["parameters"])
    if "log_normalizer" in given:
        given["log_normalizer"] = parameters[size:]
    return LOSSES[case["objective"]](Network(case, parameters[:size]), given)


class Objectives(unittest.TestCase):
    def test_every_objective_has_two_shapes_and_two_activations(self):
        self.assertEqual(len({case["name"] for case in CASES}), len(CASES))
        for objective in LOSSES:
            cases = [case for case in CASES if case["objective"] == objective]
            self.assertGreaterEqual(len({case["activation"] for case in cases}), 2, objective)
            self.assertGreaterEqual(len({tuple(case["widths"]) for case in cases}), 2, objective)

    def test_losses_and_gradients_agree_with_numpy(self):
        for case in CASES:
            parameters = np.array(case["parameters"] + case.get("log_normalizer", []))
            gradient = np.array(case["gradient"])
            with self.subTest(case["name"]):
                self.assertEqual(gradient.size, parameters.size)
                np.testing.assert_allclose(loss(case, parameters), case["loss"][0], rtol=1e-9, atol=1e-9)
                measured = np.array([slope(lambda t, unit=unit: loss(case, parameters + t * unit))
                                     for unit in np.eye(parameters.size)])
                np.testing.assert_allclose(gradient, measured, rtol=1e-6, atol=1e-7 * np.abs(gradient).max())

    def test_terms_add_up_to_the_loss(self):
        for case in CASES:
            network, given = Network(case, np.array(case["parameters"])), inputs(case)
            if "mean_curvature" in case:
                total = case["mean_half_square"][0] - case["mean_curvature"][0] + penalty(network, given, given["x"])
                self.assertAlmostEqual(total, case["loss"][0], places=12, msg=case["name"])
            for key, points in (("data", "x"), ("chains", "chains"), ("noise", "noise")):
                if f"mean_energy_{key}" in case:
                    self.assertAlmostEqual(network.energy(given[points]).mean(), case[f"mean_energy_{key}"][0], places=12)


if __name__ == "__main__":
    unittest.main()
