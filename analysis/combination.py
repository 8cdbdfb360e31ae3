# SPDX-License-Identifier: Apache-2.0
"""Combinations of models, as `ebmpi compose` writes them, in NumPy: products, mixtures, temperatures.

The format is described in src/io/README.md. Shapes: N rows, D columns of the data, K of model space.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import h5py
import numpy as np

from input_files import Missing, check_format, open_hdf5, parse_toml, plain, text_of
from model_space import ModelSpace
from reference.numpy_flow import FlowEnergy
from reference.numpy_mlp import MlpEnergy

Array = np.ndarray

COMBINATION_FORMAT = "ebmpi-combination"
FORMAT_VERSION = 1


class What(IntEnum):
    """The steps by which an energy is put together."""

    OPEN_SUM = 0
    OPEN_MIXTURE = 1
    PART = 2
    CLOSE = 3


class Part:
    """A network or a closed form of u = A z + b."""

    def __init__(self, group: h5py.Group, place: str) -> None:
        self.kind = text_of(group.attrs["kind"])
        self.parameter = float(group.attrs["parameter"])
        self.shift = group["map/shift"][()]
        self.matrix = group["map/matrix"][()] if "map/matrix" in group else np.diag(group["map/scale"][()])
        self.sigma = float(group.attrs["sigma"]) if "sigma" in group.attrs else None
        if self.kind == "network":
            config = parse_toml(text_of(group["config"][()]), f"{place}/config")
            tensors = {name: tensor[()] for name, tensor in group["model"].items()}
            self.network = MlpEnergy.from_tensors(tensors, config["network"]["activation"])
        elif self.kind == "flow":
            config = parse_toml(text_of(group["config"][()]), f"{place}/config")
            self.network = FlowEnergy.from_tensors({name: tensor[()] for name, tensor in group["flow"].items()}, config["flow"])

    def __call__(self, z: Array, sigma: float | None) -> tuple[Array, Array]:
        """E (N) and ∇E (N, K) at z (N, K)."""
        energy, slope = self._at(z @ self.matrix.T + self.shift, sigma)
        return energy, slope @ self.matrix

    def _at(self, u: Array, sigma: float | None) -> tuple[Array, Array]:
        if self.kind == "flow":
            return self.network.energy(u), -self.network.score(u, 1.0)
        if self.kind == "network":
            told = u if self.sigma is None else np.column_stack([u, np.full(len(u), math.log(sigma or self.sigma))])
            return self.network.energy(told), -self.network.score(told, 1.0)[:, : u.shape[1]]
        half = 0.5 * (u**2).sum(axis=1)
        first, precision = u[:, 0], 1.0 / self.parameter**2
        slope = u.copy()
        if self.kind == "double_well":
            slope[:, 0] = 0.5 * first * (first**2 - 1.0)
            return precision * (half - 0.5 * first**2 + (first**2 - 1.0) ** 2 / 8.0), precision * slope
        if self.kind == "funnel":
            others, narrow, count = half - 0.5 * first**2, np.exp(-first), u.shape[1] - 1
            slope = narrow[:, None] * u
            slope[:, 0] = precision * first - narrow * others + 0.5 * count
            return 0.5 * precision * first**2 + narrow * others + 0.5 * count * first, slope
        return half, slope  # a standard normal


@dataclass
class _Open:
    """A sum or a mixture whose members are being collected: (weight, log share, E, ∇E) each."""

    is_mixture: bool
    members: list[tuple[float, float, Array, Array]]

    def close(self) -> tuple[Array, Array]:
        weights = np.array([weight for weight, *_ in self.members])[:, None]
        energies = weights * np.stack([energy for *_, energy, _ in self.members])
        slopes = weights[:, :, None] * np.stack([slope for *_, slope in self.members])
        if not self.is_mixture:
            return energies.sum(axis=0), slopes.sum(axis=0)
        terms = np.array([share for _, share, *_ in self.members])[:, None] - energies
        top = terms.max(axis=0)
        shares = np.exp(terms - top)
        total = shares.sum(axis=0)
        return -(top + np.log(total)), (shares[:, :, None] * slopes).sum(axis=0) / total[:, None]


class Combination(ModelSpace):
    """A combination of models: an energy with the members that a checkpoint has as far as it can have them."""

    has_energy = True
    has_chains = False
    step = 0

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with open_hdf5(self.path) as file:
            self._load(file)

    def _load(self, file: h5py.File) -> None:
        self.attributes = {name: plain(value) for name, value in file.attrs.items()}
        check_format(self.attributes, self.path, COMBINATION_FORMAT, FORMAT_VERSION, "combination")
        self.data = {name: plain(value) for name, value in file["data"].attrs.items()}
        self.data |= {name: values[()] for name, values in file["data"].items()}
        steps = file["steps"]
        self.steps = list(zip(*(steps[name][()].tolist() for name in ("what", "part", "weight", "log_share"))))
        count = int(file["parts"].attrs["count"])
        self.parts = [Part(file[f"parts/{number}"], f"{self.path}:/parts/{number}") for number in range(count)]

    @property
    def temperature(self) -> float:
        """T that it is an energy at."""
        return float(self.attributes["temperature"])

    @property
    def description(self) -> str:
        """What it was made from."""
        return str(self.attributes["description"])

    def level(self, sigma: float | None = None) -> float | None:
        """The noise level that its networks are told: `sigma`, else the lowest; None where none is told one."""
        lowest = [part.sigma for part in self.parts if part.sigma is not None]
        if sigma is not None and not lowest:
            raise Missing(f"{self.path} knows no noise levels, so that sigma means nothing; leave sigma out")
        return sigma if sigma is not None else (lowest[0] if lowest else None)

    def _evaluate(self, z: Array, sigma: float | None) -> tuple[Array, Array]:
        z = np.asarray(z, dtype=np.float64)
        open_ones = [_Open(False, [])]
        for what, part, weight, log_share in self.steps:
            if what in (What.OPEN_SUM, What.OPEN_MIXTURE):
                open_ones.append(_Open(what == What.OPEN_MIXTURE, []))
                continue
            member = self.parts[int(part)](z, sigma) if what == What.PART else open_ones.pop().close()
            open_ones[-1].members.append((weight, log_share, *member))
        return open_ones[0].close()

    def model_energy(self, z: Array, parameters: str = "ema", sigma: float | None = None) -> Array:
        """E (N) at z (N, K) in model space. A combination has one set of parameters."""
        return self._evaluate(z, sigma)[0]

    def model_score(self, z: Array, parameters: str = "ema", sigma: float | None = None) -> Array:
        """-∇E/T (N, K) at z (N, K), both in model space."""
        return -self._evaluate(z, sigma)[1] / self.temperature
