# SPDX-License-Identifier: Apache-2.0
"""Two-dimensional models on a plane: grids, ranges, densities and fields of arrows, in data units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.quiver import Quiver

from ebmpi_reader import Checkpoint, Missing, read_rows

GRID_POINTS = 200  # on each side
ARROWS = 24        # on each side
MARGIN = 0.25      # of the range, added on each side
LONG = 0.95        # quantile of the lengths of arrows from which on they share one colour
PARAMETERS = {"ema": "moving average of the parameters", "last": "last parameters"}


@dataclass(frozen=True)
class Grid:
    """Points (n·n, 2) in data units, row by row from low y to high y."""

    x: np.ndarray  # (n)
    y: np.ndarray  # (n)

    @property
    def points(self) -> np.ndarray:
        """All pairs (x, y)."""
        return np.stack([axis.ravel() for axis in np.meshgrid(self.x, self.y)], axis=1)

    def on_grid(self, values: np.ndarray) -> np.ndarray:
        """Values at the points as (n, n), first index y."""
        return values.reshape(len(self.y), len(self.x))

    @property
    def cell(self) -> float:
        """Area of a cell."""
        return float((self.x[1] - self.x[0]) * (self.y[1] - self.y[0]))


def square_grid(limits: list[float], points: int) -> Grid:
    """A grid over XMIN XMAX YMIN YMAX."""
    return Grid(np.linspace(*limits[:2], points), np.linspace(*limits[2:], points))


def two_dimensional(model: Checkpoint) -> Checkpoint:
    """The model, if it is one that can be drawn on a plane."""
    if (model.dimension, model.model_dimension) != (2, 2):
        raise Missing(f"{model.path} has {model.dimension} data columns and {model.model_dimension} model columns "
                      "(this figure is for two of each); use plot_chains.py, which takes any number")
    return model


def in_two_columns(place: str) -> np.ndarray:
    """Rows (N, 2) of a data set."""
    rows = read_rows(place)
    if rows.shape[1] != 2:
        raise Missing(f"{place} has {rows.shape[1]} columns (the model has two); give rows of the model's data")
    return rows


def shown_range(model: Checkpoint, data: np.ndarray | None) -> list[float]:
    """XMIN XMAX YMIN YMAX around the data, or around the training data's range where no data is given."""
    if data is not None:
        low, high = data.min(axis=0), data.max(axis=0)
    elif "minimum" in model.data and "maximum" in model.data:
        (a, b), (c, d) = model.data["minimum"], model.data["maximum"]
        corners = model.to_data(np.array([[a, b], [a, d], [c, b], [c, d]]))  # all four: a projection rotates them
        low, high = corners.min(axis=0), corners.max(axis=0)
    else:
        low, high = model.to_data(np.array([[-3.0, -3.0]]))[0], model.to_data(np.array([[3.0, 3.0]]))[0]
    margin = MARGIN * (high - low)
    return [low[0] - margin[0], high[0] + margin[0], low[1] - margin[1], high[1] + margin[1]]


def checked_range(limits: list[float]) -> list[float]:
    """The range XMIN XMAX YMIN YMAX, if it is one."""
    if not (limits[0] < limits[1] and limits[2] < limits[3]):
        raise Missing(f"--range {' '.join(f'{value:g}' for value in limits)} is empty (a minimum is not below its maximum); "
                      "give XMIN XMAX YMIN YMAX")
    return limits


def finite_energy(model: Checkpoint, grid: Grid, parameters: str, sigma: float | None = None) -> np.ndarray:
    """E at the grid's points (n·n)."""
    energy = model.energy(grid.points, parameters, sigma)
    if not np.isfinite(energy).all():
        raise Missing(f"{model.path} gives energies that are not finite (the run has diverged); use an earlier checkpoint")
    return energy


def grid_density(grid: Grid, energy: np.ndarray, temperature: float) -> np.ndarray:
    """exp(-E/T)/Z at the grid's points (n·n), Z summed over the grid."""
    weight = np.exp(-(energy - energy.min()) / temperature)
    return weight / (weight.sum() * grid.cell)


def length_limit(score: np.ndarray) -> float:
    """Length of an arrow from which on all have one colour."""
    return float(np.quantile(np.linalg.norm(score, axis=1), LONG))


def draw_arrows(axes: Axes, grid: Grid, score: np.ndarray, longest: float) -> Quiver:
    """Arrows of the direction of the score (n·n, 2); their colour is its length, up to `longest`."""
    length = np.linalg.norm(score, axis=1)
    direction = score / np.maximum(length, 1e-300)[:, None]
    return axes.quiver(*grid.points.T, *direction.T, length, cmap="cividis", pivot="middle", angles="xy",
                       scale=1.1 * len(grid.x), width=0.004, clim=(0.0, longest))
