# SPDX-License-Identifier: Apache-2.0
"""NumPy twin of the multilayer perceptron in double precision: its outputs, and of an energy the input gradient.

h_0 = x, h_{l+1} = φ(W_l h_l + b_l), and the last layer, without activation, gives the outputs: E, or the D coordinates of a
score. A network that is told the noise level takes log σ as its last input; whoever calls puts it there.
Shapes: B rows, I input columns, O outputs, H hidden width.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

Array = np.ndarray
Function = Callable[[Array], Array]

LEAKY_SLOPE = 0.01
ROWS_AT_ONCE = 16384

_erf = np.vectorize(math.erf, otypes=[np.float64])


def _sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)) without overflow."""
    return np.exp(-np.logaddexp(0.0, -z))


def _silu_derivative(z: Array) -> Array:
    s = _sigmoid(z)
    return s + z * s * (1.0 - s)


def _normal_cdf(z: Array) -> Array:
    return 0.5 * (1.0 + _erf(z / math.sqrt(2.0)))


def _gelu_derivative(z: Array) -> Array:
    return _normal_cdf(z) + z * np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)


# φ and φ'. gelu is the exact form z·Φ(z) (Hendrycks and Gimpel 2016, arXiv 1606.08415).
ACTIVATIONS: dict[str, tuple[Function, Function]] = {
    "silu": (lambda z: z * _sigmoid(z), _silu_derivative),
    "tanh": (np.tanh, lambda z: 1.0 - np.tanh(z) ** 2),
    "softplus": (lambda z: np.logaddexp(0.0, z), _sigmoid),
    "gelu": (lambda z: z * _normal_cdf(z), _gelu_derivative),
    "sin": (np.sin, np.cos),
    "relu": (lambda z: np.maximum(z, 0.0), lambda z: np.where(z > 0.0, 1.0, 0.0)),
    "leaky_relu": (
        lambda z: np.where(z > 0.0, z, LEAKY_SLOPE * z),
        lambda z: np.where(z > 0.0, 1.0, LEAKY_SLOPE),
    ),
    "quadratic": (lambda z: 0.5 * z**2, lambda z: z),
}


@dataclass(frozen=True)
class Mlp:
    """A map R^I -> R^O given by weights (out, in) and biases (out) of each layer."""

    weights: list[Array]
    biases: list[Array]
    activation: str

    def __post_init__(self) -> None:
        """Raise ValueError where the layers do not fit together, or the activation is unknown."""
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"unknown activation '{self.activation}' (known: {', '.join(ACTIVATIONS)})")
        if not self.weights or len(self.weights) != len(self.biases):
            raise ValueError(f"{len(self.weights)} weights with {len(self.biases)} biases")
        width = self.inputs
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases)):
            if weight.ndim != 2 or weight.shape[1] != width or bias.shape != weight.shape[:1]:
                raise ValueError(f"layer {layer} has weight {weight.shape} and bias {bias.shape} after width {width}")
            width = weight.shape[0]

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, Array], activation: str) -> Self:
        """Layers from tensors named layers.0.weight, layers.0.bias, layers.1.weight, ... as a checkpoint has them."""
        layers = sorted({int(match[1]) for name in tensors if (match := re.match(r"layers\.(\d+)\.", name))})
        try:
            weights = [np.asarray(tensors[f"layers.{n}.weight"], dtype=np.float64) for n in layers]
            biases = [np.asarray(tensors[f"layers.{n}.bias"], dtype=np.float64) for n in layers]
        except KeyError as error:
            raise ValueError(f"tensor {error} is not there") from error
        return cls(weights, biases, activation)

    @classmethod
    def from_flat(cls, widths: list[int], parameters: Array, activation: str) -> Self:
        """Layers from one flat array (P): layers.0.weight row-major, layers.0.bias, layers.1.weight, ..."""
        parameters = np.asarray(parameters, dtype=np.float64)
        weights, biases, at = [], [], 0
        for inputs, outputs in zip(widths[:-1], widths[1:]):
            weights.append(parameters[at : at + outputs * inputs].reshape(outputs, inputs))
            at += outputs * inputs
            biases.append(parameters[at : at + outputs])
            at += outputs
        if at != parameters.size:
            raise ValueError(f"{parameters.size} parameters for widths {widths}, which need {at}")
        return cls(weights, biases, activation)

    @property
    def inputs(self) -> int:
        """I, the number of input columns."""
        return self.weights[0].shape[1]

    @property
    def outputs(self) -> int:
        """O, the number of outputs."""
        return self.weights[-1].shape[0]

    def values(self, x: Array) -> Array:
        """Outputs (B, O) at x (B, I)."""
        return _in_blocks(lambda rows: self._forward(rows)[0], self._checked(x))

    def _checked(self, x: Array) -> Array:
        x = np.asarray(x, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != self.inputs:
            raise ValueError(f"x has shape {x.shape}, the network takes (rows, {self.inputs})")
        return x

    def _forward(self, x: Array) -> tuple[Array, list[Array]]:
        """Outputs (B, O), and the hidden layers' z (B, H) before the activation."""
        phi = ACTIVATIONS[self.activation][0]
        hidden, before = x, []
        for weight, bias in zip(self.weights[:-1], self.biases[:-1]):
            before.append(hidden @ weight.T + bias)
            hidden = phi(before[-1])
        return hidden @ self.weights[-1].T + self.biases[-1], before


class MlpEnergy(Mlp):
    """An energy E: R^I -> R, the single output."""

    def __post_init__(self) -> None:
        """Raise ValueError as `Mlp` does, and where there are more outputs."""
        super().__post_init__()
        if self.outputs != 1:
            raise ValueError(f"the last layer has {self.outputs} outputs, an energy has one")

    def energy(self, x: Array) -> Array:
        """E (B) at x (B, I)."""
        return self.values(x)[:, 0]

    def gradient(self, x: Array) -> Array:
        """∇E (B, I) at x (B, I)."""
        return _in_blocks(self._gradient, self._checked(x))

    def score(self, x: Array, temperature: float = 1.0) -> Array:
        """s = -∇E/T (B, I) at x (B, I)."""
        return -self.gradient(x) / temperature

    def _gradient(self, x: Array) -> Array:
        derivative = ACTIVATIONS[self.activation][1]
        before = self._forward(x)[1]
        adjoint = np.broadcast_to(self.weights[-1], (len(x), self.weights[-1].shape[1]))
        for weight, z in zip(reversed(self.weights[:-1]), reversed(before)):
            adjoint = (adjoint * derivative(z)) @ weight
        return np.array(adjoint)


def _in_blocks(function: Function, x: Array) -> Array:
    """`function` on blocks of rows, so that the hidden layers of a large grid fit into memory."""
    starts = range(0, max(len(x), 1), ROWS_AT_ONCE)
    return np.concatenate([function(x[start : start + ROWS_AT_ONCE]) for start in starts])
