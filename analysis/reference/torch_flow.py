# SPDX-License-Identifier: Apache-2.0
"""PyTorch twin of the normalising flow and of flow-contrastive estimation, by automatic differentiation.

A step of f (data to normal) is u = (x - m) e^-a, c = M u, z = (c_1, (c_2 + t) e^s) with r, t = MLP(c_1) and s = 2 tanh(r/2)
(Dinh et al. 2017, arXiv 1605.08803; Kingma and Dhariwal 2018, arXiv 1807.03039). M = P L U, or the permutation P alone; the
tensor `mixing` holds L below the diagonal, U above it, and log U_ii on it.
Shapes: B rows, D columns, K couplings, P parameters in the order of the program's flow_layout.
"""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch_mlp
from reference.numpy_flow import order_of, philox, stream_key
from torch_mlp import draw

ROWS = 5
PURPOSE = 27  # of the flow's samples
SEED = 5
STEP = 1
# name, D, K, hidden widths, linear mixing, activation
CASES = (
    ("two_linear", 2, 3, (4,), True, "silu"),
    ("two_permuted", 2, 2, (3, 3), False, "tanh"),
    ("three_linear", 3, 3, (4,), True, "gelu"),
    ("five_permuted", 5, 3, (4,), False, "silu"),
    ("five_linear", 5, 2, (5, 4), True, "tanh"),
)


def normal_rows(count: int, dimension: int, step: int, key: list[int]) -> np.ndarray:
    """The first `count` samples' standard normal numbers at `step`, (count, dimension)."""
    rows = np.empty((count, dimension))
    for number in range(count):
        values: list[float] = []
        while len(values) < dimension:
            words = philox([number & 0xFFFFFFFF, number >> 32, step, len(values) // 4], key)
            uniform = [(word + 0.5) / 2.0**32 for word in words]
            for first, second in (uniform[:2], uniform[2:]):
                radius = math.sqrt(-2.0 * math.log(first))
                values += [radius * math.cos(2.0 * math.pi * second), radius * math.sin(2.0 * math.pi * second)]
        rows[number] = values[:dimension]
    return rows


@dataclass(frozen=True)
class Flow:
    """A flow and its parameters, a flat tensor (P)."""

    dimension: int
    couplings: int
    hidden: tuple[int, ...]
    linear: bool
    activation: str
    parameters: Any

    @property
    def kept(self) -> int:
        """Coordinates that a coupling only reads."""
        return self.dimension - self.dimension // 2

    @property
    def widths(self) -> tuple[int, ...]:
        """Layer widths of a conditioner."""
        return (self.kept, *self.hidden, 2 * (self.dimension // 2))

    def shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the tensors of one step."""
        shapes: list[tuple[int, ...]] = [(self.dimension,), (self.dimension,)]
        if self.linear:
            shapes.append((self.dimension, self.dimension))
        for before, after in zip(self.widths[:-1], self.widths[1:], strict=True):
            shapes += [(after, before), (after,)]
        return shapes

    def step_tensors(self, step: int) -> list[Any]:
        """The tensors of one step."""
        sizes = [math.prod(shape) for shape in self.shapes()]
        first = step * sum(sizes)
        parts = self.parameters[first : first + sum(sizes)].split(sizes)
        return [part.reshape(shape) for part, shape in zip(parts, self.shapes(), strict=True)]

    def mixing(self, tensors: list[Any], step: int) -> tuple[Any, Any]:
        """M (D, D) and log|det M|."""
        import torch

        permutation = torch.eye(self.dimension, dtype=torch.float64)[order_of(self.dimension, step)]
        if not self.linear:
            return permutation, torch.zeros((), dtype=torch.float64)
        lower = torch.tril(tensors[2], -1) + torch.eye(self.dimension, dtype=torch.float64)
        upper = torch.triu(tensors[2], 1) + torch.diag(torch.exp(torch.diagonal(tensors[2])))
        return permutation @ lower @ upper, torch.diagonal(tensors[2]).sum()

    def condition(self, tensors: list[Any], kept: Any) -> tuple[Any, Any]:
        """s and t, each (B, moved)."""
        import torch

        raw = torch_mlp.outputs(self.activation, tensors[3 if self.linear else 2 :], kept)
        moved = self.dimension // 2
        return 2.0 * torch.tanh(0.5 * raw[:, :moved]), raw[:, moved:]

    def normalize(self, x: Any) -> tuple[Any, Any]:
        """z (B, D) and log|det ∂z/∂x| (B)."""
        import torch

        log_det = torch.zeros(x.shape[0], dtype=torch.float64)
        for step in range(self.couplings):
            tensors = self.step_tensors(step)
            matrix, volume = self.mixing(tensors, step)
            c = ((x - tensors[0]) * torch.exp(-tensors[1])) @ matrix.T
            s, t = self.condition(tensors, c[:, : self.kept])
            x = torch.cat([c[:, : self.kept], (c[:, self.kept :] + t) * torch.exp(s)], dim=1)
            log_det = log_det + s.sum(dim=1) + volume - tensors[1].sum()
        return x, log_det

    def generate(self, z: Any) -> tuple[Any, Any]:
        """x (B, D) and log|det ∂x/∂z| (B)."""
        import torch

        log_det = torch.zeros(z.shape[0], dtype=torch.float64)
        for step in reversed(range(self.couplings)):
            tensors = self.step_tensors(step)
            matrix, volume = self.mixing(tensors, step)
            s, t = self.condition(tensors, z[:, : self.kept])
            c = torch.cat([z[:, : self.kept], z[:, self.kept :] * torch.exp(-s) - t], dim=1)
            z = torch.linalg.solve(matrix, c.T).T * torch.exp(tensors[1]) + tensors[0]
            log_det = log_det - s.sum(dim=1) - volume + tensors[1].sum()
        return z, log_det


def log_normal(z: Any) -> Any:
    """log N(z; 0, I), (B)."""
    return -0.5 * (z**2).sum(dim=1) - 0.5 * z.shape[1] * math.log(2.0 * math.pi)


def contrast(flow: Flow, tensors: list[Any], c: Any, x: Any, z: Any) -> Any:
    """V of flow-contrastive estimation (Gao et al. 2020, arXiv 1912.00589), the samples along their path."""
    from torch.nn.functional import logsigmoid

    y, log_det = flow.normalize(x)
    u_data = -torch_mlp.energy("tanh", tensors, x) + c - log_normal(y) - log_det
    samples, log_det = flow.generate(z)
    u_noise = -torch_mlp.energy("tanh", tensors, samples) + c - log_normal(z) + log_det
    return logsigmoid(u_data).mean() + logsigmoid(-u_noise).mean()


def golden_case(name: str, dimension: int, couplings: int, hidden: tuple[int, ...], linear: bool,
                activation: str) -> dict[str, Any]:
    """One case of flow.json."""
    import torch

    generator = np.random.default_rng(zlib.crc32(name.encode()))
    plain = Flow(dimension, couplings, hidden, linear, activation, None)
    count = couplings * sum(math.prod(shape) for shape in plain.shapes())
    widths = (dimension, 4, 1)
    energy_count = sum(after * (before + 1) for before, after in zip(widths[:-1], widths[1:], strict=True))
    arrays = {
        "parameters": draw(generator, count, scale=0.35),
        "energy_parameters": draw(generator, energy_count, scale=0.8),
        "log_normalizer": draw(generator, 1, scale=0.5),
        "x": draw(generator, ROWS, dimension, scale=1.5),
        "adjoint": draw(generator, ROWS, dimension),
        "log_det_adjoint": draw(generator, ROWS),
    }
    z_rows = normal_rows(ROWS, dimension, STEP, stream_key(SEED, PURPOSE))
    given = {key: torch.tensor(value, dtype=torch.float64) for key, value in arrays.items()}
    parameters = given["parameters"].requires_grad_(True)
    x, z = given["x"].requires_grad_(True), torch.tensor(z_rows).requires_grad_(True)
    flow = Flow(dimension, couplings, hidden, linear, activation, parameters)
    results: dict[str, Any] = {"normal": z}
    for direction, start in (("normalize", x), ("generate", z)):
        image, log_det = getattr(flow, direction)(start)
        total = (given["adjoint"] * image).sum() + (given["log_det_adjoint"] * log_det).sum()
        slope, gradient = torch.autograd.grad(total, [start, parameters])
        results |= {f"{direction}_image": image, f"{direction}_log_det": log_det, f"{direction}_adjoint": slope,
                    f"{direction}_gradient": gradient}
    y, log_det = flow.normalize(x)
    likelihood = -(log_normal(y) + log_det).mean()
    sizes = [4 * dimension, 4, 4, 1]
    tensors = [part.reshape(shape) for part, shape in
               zip(given["energy_parameters"].split(sizes), ((4, dimension), (4,), (1, 4), (1,)), strict=True)]
    value = contrast(flow, tensors, given["log_normalizer"], x, z)
    results |= {"likelihood_loss": likelihood, "likelihood_gradient": torch.autograd.grad(likelihood, parameters)[0],
                "contrast_loss": -value, "contrast_gradient": torch.autograd.grad(value, parameters)[0]}
    order = [i for step in range(couplings) for i in order_of(dimension, step)]
    head = {"name": name, "activation": activation, "widths": list(flow.widths), "rows": ROWS,
            "couplings": [couplings], "linear": [int(linear)], "order": order}
    flat = {key: np.asarray(value).ravel().tolist() for key, value in arrays.items()}
    return head | flat | {key: value.detach().numpy().ravel().tolist() for key, value in results.items()}


def golden_cases() -> list[dict[str, Any]]:
    """All cases of flow.json."""
    return [golden_case(*case) for case in CASES]
