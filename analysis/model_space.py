# SPDX-License-Identifier: Apache-2.0
"""The map between data units and model space that checkpoints and combinations hold in /data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np

from input_files import Missing

Array = np.ndarray


class ModelSpace(ABC):
    """A model that sees rows z (N, K) where its data are x (N, D): z = projection · (x - mean) / scale."""

    path: Path
    data: dict[str, Any]  # attributes and data sets of /data

    @abstractmethod
    def model_energy(self, z: Array, parameters: str = "ema", sigma: float | None = None) -> Array:
        """E (N) at z (N, K) in model space. Not divided by the temperature."""

    @abstractmethod
    def model_score(self, z: Array, parameters: str = "ema", sigma: float | None = None) -> Array:
        """s (N, K) at z (N, K), both in model space."""

    @property
    def dimension(self) -> int:
        """D, columns in the data file."""
        return int(self.data["dimension"]) if "dimension" in self.data else len(self._mean)

    @property
    def model_dimension(self) -> int:
        """K, columns of model space; a network that is told the noise level has an input more."""
        if "model_dimension" not in self.data:
            raise Missing(f"{self.path} does not say how many columns its model has (/data has no model_dimension); "
                          "use another checkpoint")
        return int(self.data["model_dimension"])

    @property
    def _mean(self) -> Array:
        return np.asarray(self.data.get("mean", np.zeros(self.model_dimension)), dtype=np.float64)

    @property
    def _scale(self) -> Array:
        return np.asarray(self.data.get("scale", np.ones(self.model_dimension)), dtype=np.float64)

    @property
    def _projection(self) -> Array | None:
        projection = self.data.get("projection")
        return None if projection is None else np.asarray(projection, dtype=np.float64)

    def to_model(self, x: Array) -> Array:
        """Rows in data units (N, D) to model space (N, K)."""
        x = np.asarray(x, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != self.dimension:
            raise Missing(f"rows have shape {x.shape} (the model's data has {self.dimension} columns); give such rows")
        z = (x - self._mean) / self._scale
        return z if self._projection is None else z @ self._projection.T

    def to_data(self, z: Array) -> Array:
        """Rows in model space (N, K) to data units (N, D); what a projection dropped comes back as the mean."""
        z = np.asarray(z, dtype=np.float64)
        full = z if self._projection is None else z @ self._projection
        return full * self._scale + self._mean

    def energy(self, x: Array, parameters: str = "ema", sigma: float | None = None) -> Array:
        """E (N) at x (N, D) in data units. Not divided by the temperature. `sigma`: see `level`."""
        return self.model_energy(self.to_model(x), parameters, sigma)

    def score(self, x: Array, parameters: str = "ema", sigma: float | None = None) -> Array:
        """s = -∇E/T (N, D) at x (N, D), both in data units. `sigma`: see `level`."""
        model_score = self.model_score(self.to_model(x), parameters, sigma)
        full = model_score if self._projection is None else model_score @ self._projection
        return full / self._scale

    @property
    def log_volume(self) -> float:
        """Σ log scale: log p(z) in model space minus log p(x) in data units."""
        if self._projection is not None:
            raise Missing(f"{self.path} has no density in data units (it was trained on principal components, data.pca > 0, "
                          "which drop directions); compare energies, or train with data.pca = 0")
        return float(np.log(self._scale).sum())
