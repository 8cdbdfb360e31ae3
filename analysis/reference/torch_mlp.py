# SPDX-License-Identifier: Apache-2.0
"""PyTorch twin of the MLP energy; automatic differentiation gives every derivative that the C++ jets compute by hand.

PyTorch is optional: it is imported where it is used, and nothing else in analysis/ needs it.
Shapes: B rows, D input columns, P parameters in the order layers.0.weight, layers.0.bias, layers.1.weight, ...
"""

from __future__ import annotations

from typing import Any

import numpy as np

# The seed of a golden case is its place in these lists, so what is new goes to their ends.
ACTIVATIONS = ("silu", "tanh", "softplus", "gelu", "sin", "relu", "leaky_relu", "quadratic")
WIDTHS = ((3, 5, 4, 1), (2, 7, 1), (9, 16, 8, 16, 1))
ROWS = 5
KINK_MARGIN = 0.005


def activation(name: str, z: Any) -> Any:
    """φ(z) elementwise; gelu is the exact form with erf, leaky_relu has slope 0.01 below zero, quadratic is z²/2."""
    import torch
    import torch.nn.functional as functional

    table = {
        "silu": functional.silu,
        "tanh": torch.tanh,
        "softplus": functional.softplus,
        "gelu": functional.gelu,
        "sin": torch.sin,
        "relu": functional.relu,
        "leaky_relu": lambda value: functional.leaky_relu(value, 0.01),
        "quadratic": lambda value: 0.5 * value * value,
    }
    return table[name](z)


def outputs(name: str, tensors: list[Any], x: Any) -> Any:
    """Outputs (B, out of the last layer) at x (B, D); tensors are weight (out, in) and bias (out) of each layer in turn."""
    hidden = x
    last = len(tensors) - 2
    for index in range(0, len(tensors), 2):
        hidden = hidden @ tensors[index].T + tensors[index + 1]
        if index != last:
            hidden = activation(name, hidden)
    return hidden


def energy(name: str, tensors: list[Any], x: Any) -> Any:
    """E (B) at x (B, D), the first output."""
    return outputs(name, tensors, x)[:, 0]


def derivatives(name: str, tensors: list[Any], x: Any, v: Any, weights: dict[str, Any]) -> dict[str, Any]:
    """Energies and their derivatives at x (B, D) along v (B, D); `weights` holds alpha, beta and gamma, each (B)."""
    import torch

    x = x.clone().requires_grad_(True)
    e = energy(name, tensors, x)
    (gradient,) = torch.autograd.grad(e.sum(), x, create_graph=True)
    e_dot = (gradient * v).sum(dim=1)
    (hessian_vector,) = torch.autograd.grad(e_dot.sum(), x, create_graph=True, materialize_grads=True)
    e_ddot = (hessian_vector * v).sum(dim=1)

    def parameter_gradient(total: Any) -> Any:
        parts = torch.autograd.grad(total, tensors, retain_graph=True, materialize_grads=True)
        return torch.cat([part.reshape(-1) for part in parts])

    order_0 = (weights["alpha"] * e).sum()
    order_2 = order_0 + (weights["beta"] * e_dot).sum() + (weights["gamma"] * e_ddot).sum()
    return {
        "energy": e,
        "input_gradient": gradient,
        "hessian_vector": hessian_vector,
        "energy_dot": e_dot,
        "energy_ddot": e_ddot,
        "parameter_gradient_energy": parameter_gradient(order_0),
        "parameter_gradient_jet": parameter_gradient(order_2),
    }


def draw(generator: np.random.Generator, *shape: int, scale: float = 1.0) -> np.ndarray:
    """Normal numbers with four decimals, so that the file stays short and the values exact to read."""
    return np.round(scale * generator.standard_normal(shape), 4)


def draw_network(generator: np.random.Generator, widths: tuple[int, ...]) -> list[np.ndarray]:
    arrays = []
    for inputs, outputs in zip(widths[:-1], widths[1:]):
        arrays.append(draw(generator, outputs, inputs, scale=1.2 / inputs**0.5))
        arrays.append(draw(generator, outputs, scale=0.3))
    return arrays


def _distance_to_kink(name: str, arrays: list[np.ndarray], x: np.ndarray) -> float:
    """Smallest |z| of any hidden unit: where relu's slope jumps, a rounding error would change the derivatives."""
    import torch

    hidden, distance = x, np.inf
    for index in range(0, len(arrays) - 2, 2):
        z = hidden @ arrays[index].T + arrays[index + 1]
        distance = min(distance, float(np.abs(z).min()))
        hidden = activation(name, torch.tensor(z)).numpy()
    return distance


def golden_case(name: str, widths: tuple[int, ...], seed: int) -> dict[str, Any]:
    """One entry of the golden file; every array flat and row-major, in float64."""
    import torch

    generator = np.random.default_rng(seed)
    arrays = draw_network(generator, widths)
    points = {key: draw(generator, ROWS, widths[0]) for key in ("x", "v")}
    while _distance_to_kink(name, arrays, points["x"]) < KINK_MARGIN:
        points["x"] = draw(generator, ROWS, widths[0])
    weights = {key: draw(generator, ROWS) for key in ("alpha", "beta", "gamma")}

    tensors = [torch.tensor(array, dtype=torch.float64, requires_grad=True) for array in arrays]
    results = derivatives(
        name,
        tensors,
        torch.tensor(points["x"]),
        torch.tensor(points["v"]),
        {key: torch.tensor(value) for key, value in weights.items()},
    )
    case: dict[str, Any] = {
        "name": f"{name} {'-'.join(map(str, widths))}",
        "activation": name,
        "widths": list(widths),
        "rows": ROWS,
        "parameters": np.concatenate([array.ravel() for array in arrays]).tolist(),
    }
    case.update({key: value.ravel().tolist() for key, value in (points | weights).items()})
    case.update({key: value.detach().numpy().ravel().tolist() for key, value in results.items()})
    return case


def golden_cases() -> list[dict[str, Any]]:
    """The golden values of every activation and shape; see tests/golden/README.md for the layout."""
    return [
        golden_case(name, widths, seed=100 * row + column)
        for row, name in enumerate(ACTIVATIONS)
        for column, widths in enumerate(WIDTHS)
    ]
