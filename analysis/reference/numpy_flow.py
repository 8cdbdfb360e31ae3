# SPDX-License-Identifier: Apache-2.0
"""NumPy twin of the normalising flow: its density, its samples, and -log q as an energy.

A step of z = f(x) is u = (x - m) e^-a, c = M u, z = (c_1, (c_2 + t) e^s) with r, t = MLP(c_1) and s = 2 tanh(r/2)
(Dinh et al. 2017, arXiv 1605.08803). Shapes: N rows, K columns of model space.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from reference.numpy_mlp import Mlp

Array = np.ndarray

DIFFERENCE = 1e-5  # of central differences
FLOW_PURPOSE = 28  # of the random numbers behind the fixed shuffles
MASK = 0xFFFFFFFF


def philox(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 (Salmon et al. 2011, doi:10.1145/2063384.2063405)."""
    x, k = list(counter), list(key)
    for _ in range(10):
        a, b = 0xD2511F53 * x[0], 0xCD9E8D57 * x[2]
        x = [(b >> 32) ^ x[1] ^ k[0], b & MASK, (a >> 32) ^ x[3] ^ k[1], a & MASK]
        k = [(k[0] + 0x9E3779B9) & MASK, (k[1] + 0xBB67AE85) & MASK]
    return x


def stream_key(seed: int, purpose: int) -> list[int]:
    """The key of a stream of random numbers."""
    return philox([purpose, 0x65626D70, 0, 0], [seed & MASK, seed >> 32])[:2]


def order_of(dimension: int, step: int) -> list[int]:
    """The permutation of a step: new coordinate i is old coordinate order[i]."""
    order = list(range(dimension - 1, -1, -1))
    if dimension == 2:
        return order
    key = stream_key(dimension, FLOW_PURPOSE)
    rank = [philox([i, 0, step, 0], key)[0] for i in range(dimension)]
    return sorted(order, key=lambda i: rank[i])


class FlowEnergy:
    """A flow with the interface of MlpEnergy: the energy is -log q, whose log Z is 0."""

    outputs = 1

    def __init__(self, tensors: dict[str, Array], activation: str, couplings: int) -> None:
        self.inputs = len(tensors["steps.0.shift"])
        self.kept = self.inputs - self.inputs // 2
        self.steps = []
        for step in range(couplings):
            prefix = f"steps.{step}."
            own = {name[len(prefix):]: np.asarray(value, dtype=np.float64) for name, value in tensors.items()
                   if name.startswith(prefix)}
            layers = {name: value for name, value in own.items() if name.startswith("layers.")}
            self.steps.append((own["shift"], own["log_scale"], *self._mixing(own.get("mixing"), step),
                               Mlp.from_tensors(layers, activation)))

    @classmethod
    def from_tensors(cls, tensors: dict[str, Array], section: dict[str, Any]) -> FlowEnergy:
        """From the tensors of a checkpoint and the section [flow] of its config."""
        try:
            return cls(tensors, section["activation"], int(section["couplings"]))
        except KeyError as error:
            raise ValueError(f"there is no {error}") from error

    def _mixing(self, tensor: Array | None, step: int) -> tuple[Array, float]:
        permutation = np.eye(self.inputs)[order_of(self.inputs, step)]
        if tensor is None:
            return permutation, 0.0
        lower = np.tril(tensor, -1) + np.eye(self.inputs)
        upper = np.triu(tensor, 1) + np.diag(np.exp(np.diagonal(tensor)))
        return permutation @ lower @ upper, float(np.trace(tensor))

    def _condition(self, network: Mlp, kept: Array) -> tuple[Array, Array]:
        raw = network.values(kept)
        moved = self.inputs - self.kept
        return 2.0 * np.tanh(0.5 * raw[:, :moved]), raw[:, moved:]

    def normalize(self, x: Array) -> tuple[Array, Array]:
        """z (N, K) = f(x) and log|det ∂z/∂x| (N) at x (N, K)."""
        z, log_det = np.asarray(x, dtype=np.float64), np.zeros(len(x))
        for shift, log_scale, matrix, volume, network in self.steps:
            c = ((z - shift) * np.exp(-log_scale)) @ matrix.T
            s, t = self._condition(network, c[:, : self.kept])
            z = np.column_stack([c[:, : self.kept], (c[:, self.kept :] + t) * np.exp(s)])
            log_det += s.sum(axis=1) + volume - log_scale.sum()
        return z, log_det

    def generate(self, z: Array) -> Array:
        """x (N, K) with f(x) = z (N, K)."""
        x = np.asarray(z, dtype=np.float64)
        for shift, log_scale, matrix, _, network in reversed(self.steps):
            s, t = self._condition(network, x[:, : self.kept])
            c = np.column_stack([x[:, : self.kept], x[:, self.kept :] * np.exp(-s) - t])
            x = np.linalg.solve(matrix, c.T).T * np.exp(log_scale) + shift
        return x

    def energy(self, x: Array) -> Array:
        """-log q (N) at x (N, K)."""
        z, log_det = self.normalize(x)
        return 0.5 * (z**2).sum(axis=1) + 0.5 * self.inputs * math.log(2.0 * math.pi) - log_det

    def score(self, x: Array, temperature: float) -> Array:
        """∇ log q / T (N, K) at x (N, K), by central differences."""
        x = np.asarray(x, dtype=np.float64)
        columns = []
        for column in range(self.inputs):
            step = np.zeros(self.inputs)
            step[column] = DIFFERENCE
            columns.append((self.energy(x - step) - self.energy(x + step)) / (2.0 * DIFFERENCE * temperature))
        return np.column_stack(columns)
