#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A two-dimensional model: its energy, its density on a grid, data and samples, and its score field, side by side."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

import figure
from ebmpi_reader import Checkpoint, Missing, open_model, read_rows

PROGRAM = "plot_energy"
GRID_POINTS = 200     # on each side
ARROWS = 24           # on each side
SCATTER_LIMIT = 6000  # points
MARGIN = 0.25         # of the range, added on each side
ENERGY_QUANTILE = 0.9  # energies above it, or above so many T, share one colour, so that the basins stay visible
ENERGY_TEMPERATURES = 20.0
EDGE_WIDTH = 5        # grid points that count as the edge of the range


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


@dataclass(frozen=True)
class Clouds:
    """Points to scatter, (N, 2) in data units; None where there are none."""

    data: np.ndarray | None
    samples: np.ndarray | None
    samples_label: str


def two_dimensional(model: Checkpoint) -> Checkpoint:
    """The model, if it is one that can be drawn on a plane."""
    if (model.dimension, model.model_dimension) != (2, 2):
        raise Missing(f"{model.path} has {model.dimension} data columns and {model.model_dimension} model columns "
                      "(this figure is for two of each); use plot_chains.py, which takes any number")
    return model


def gather(model: Checkpoint, data: str | None, samples: str | None) -> Clouds:
    """Data and samples to draw; without samples, the persistent chains."""
    drawn = None if samples is None else in_two_columns(samples)
    label = "samples"
    if drawn is None and model.has_chains:
        drawn, label = model.chains, "chains"
    return Clouds(None if data is None else in_two_columns(data), drawn, label)


def in_two_columns(place: str) -> np.ndarray:
    """Rows (N, 2) of a data set."""
    rows = read_rows(place)
    if rows.shape[1] != 2:
        raise Missing(f"{place} has {rows.shape[1]} columns (the model has two); give rows of the model's data")
    return rows


def shown_range(model: Checkpoint, clouds: Clouds) -> list[float]:
    """XMIN XMAX YMIN YMAX around the data, or around the training data's range where no data is given."""
    if clouds.data is not None:
        low, high = clouds.data.min(axis=0), clouds.data.max(axis=0)
    elif "minimum" in model.data and "maximum" in model.data:
        corners = model.to_data(np.stack([model.data["minimum"], model.data["maximum"]]))
        if "projection" in model.data:  # a rotation: the box around all four corners
            (a, b), (c, d) = model.data["minimum"], model.data["maximum"]
            corners = model.to_data(np.array([[a, b], [a, d], [c, b], [c, d]]))
        low, high = corners.min(axis=0), corners.max(axis=0)
    else:
        low, high = model.to_data(np.array([[-3.0, -3.0]]))[0], model.to_data(np.array([[3.0, 3.0]]))[0]
    margin = MARGIN * (high - low)
    return [low[0] - margin[0], high[0] + margin[0], low[1] - margin[1], high[1] + margin[1]]


def draw_energy(axes: Axes, grid: Grid, energy: np.ndarray, temperature: float) -> None:
    """Energy above its lowest value, with contour lines."""
    above = grid.on_grid(energy - energy.min())
    top = max(min(float(np.quantile(above, ENERGY_QUANTILE)), ENERGY_TEMPERATURES * temperature), 1e-12)
    mesh = axes.contourf(grid.x, grid.y, above, levels=np.linspace(0.0, top, 25), cmap="viridis", extend="max")
    axes.contour(grid.x, grid.y, above, levels=np.linspace(0.0, top, 9), colors="white", linewidths=0.4, alpha=0.6)
    axes.figure.colorbar(mesh, ax=axes, label="E - min E (dimensionless)", format="%.3g")
    axes.set_title("Energy")


def grid_density(grid: Grid, energy: np.ndarray, temperature: float) -> np.ndarray:
    """exp(-E/T)/Z at the grid's points (n·n), Z summed over the grid."""
    weight = np.exp(-(energy - energy.min()) / temperature)
    return weight / (weight.sum() * grid.cell)


def draw_density(axes: Axes, grid: Grid, density: np.ndarray) -> None:
    """Density normalised over the shown range; says so where much of it lies at the edge."""
    values = grid.on_grid(density)
    mesh = axes.pcolormesh(grid.x, grid.y, values, cmap="magma", shading="nearest", rasterized=True)
    axes.figure.colorbar(mesh, ax=axes, label="density (1 / unit²)", format="%.3g")
    edge = 1.0 - values[EDGE_WIDTH:-EDGE_WIDTH, EDGE_WIDTH:-EDGE_WIDTH].sum() / values.sum()
    note = f"\n{edge:.0%} lies at the edge: widen --range" if edge > 0.01 else ""
    axes.set_title(f"Density exp(-E/T)/Z over the range shown{note}")


def draw_clouds(axes: Axes, clouds: Clouds) -> None:
    """Data under samples."""
    sets = [(clouds.data, "data", "0.55"), (clouds.samples, clouds.samples_label, figure.VERMILION)]
    sets = [(rows, label, colour) for rows, label, colour in sets if rows is not None]
    for rows, label, colour in sets:
        shown = figure.thin(rows, SCATTER_LIMIT)
        axes.plot(*shown.T, ".", color=colour, markersize=2.2, alpha=0.5, label=f"{label} ({len(shown)} of {len(rows)})")
    axes.set_title(" and ".join(label for _, label, _ in sets).capitalize())
    if sets:
        axes.legend(loc="upper right", markerscale=4, frameon=True, framealpha=0.85, edgecolor="none")
    else:
        axes.text(0.5, 0.5, "no chains in this checkpoint;\ngive --samples or --data", ha="center", transform=axes.transAxes)


def draw_score(axes: Axes, grid: Grid, score: np.ndarray) -> None:
    """Arrows of the direction of -∇E/T; their colour is its length."""
    length = np.linalg.norm(score, axis=1)
    direction = score / np.maximum(length, 1e-300)[:, None]
    arrows = axes.quiver(*grid.points.T, *direction.T, length, cmap="cividis", pivot="middle", angles="xy", scale=ARROWS * 1.1,
                         width=0.004, clim=(0.0, float(np.quantile(length, 0.95))))
    axes.figure.colorbar(arrows, ax=axes, label="‖∇E‖/T (1 / unit)", extend="max", format="%.3g")
    axes.set_title("Score -∇E/T")


def square_grid(limits: list[float], points: int) -> Grid:
    """A grid over XMIN XMAX YMIN YMAX."""
    return Grid(np.linspace(*limits[:2], points), np.linspace(*limits[2:], points))


def figure_height(limits: list[float]) -> float:
    """Inches that two rows of panels of this range need at equal scales on both axes, within reason."""
    panel = 4.4 * (limits[3] - limits[2]) / (limits[1] - limits[0])
    return float(np.clip(2.0 * panel + 2.4, 6.0, 14.0))


def plot(model: Checkpoint, clouds: Clouds, limits: list[float] | None, parameters: str, output: Path) -> None:
    """Draw the four panels."""
    limits = limits or shown_range(model, clouds)
    if not (limits[0] < limits[1] and limits[2] < limits[3]):
        raise Missing(f"--range {' '.join(f'{value:g}' for value in limits)} is empty (a minimum is not below its maximum); "
                      "give XMIN XMAX YMIN YMAX")
    grid, coarse = square_grid(limits, GRID_POINTS), square_grid(limits, ARROWS)
    energy = model.energy(grid.points, parameters)
    if not np.isfinite(energy).all():
        raise Missing(f"{model.path} gives energies that are not finite (the run has diverged); use an earlier checkpoint")

    canvas, axes = plt.subplots(2, 2, figsize=(12.0, figure_height(limits)))
    draw_energy(axes[0, 0], grid, energy, model.temperature)
    draw_density(axes[0, 1], grid, grid_density(grid, energy, model.temperature))
    draw_clouds(axes[1, 0], clouds)
    draw_score(axes[1, 1], coarse, model.score(coarse.points, parameters))
    for each in axes.flat:
        each.grid(False)
        each.set(xlabel="x1 (data units)", ylabel="x2 (data units)")
        figure.set_limits(each, limits)
    kind = {"ema": "moving average of the parameters", "last": "last parameters"}[parameters]
    canvas.suptitle(f"{model.path.name}: step {model.step}, {kind}, T = {model.temperature:g}")
    figure.save(canvas, output)


def main() -> int:
    """Parse the command line and draw."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    parser.add_argument("model", type=Path, metavar="RUN|CHECKPOINT",
                        help="run folder (its newest checkpoint), or a checkpoint")
    parser.add_argument("--data", metavar="FILE.h5[:x]", help="data to scatter, in data units")
    parser.add_argument("--samples", metavar="FILE.h5[:x]", help="samples to scatter (default: the checkpoint's chains)")
    parser.add_argument("--output", type=Path, metavar="PNG", help="figure to write (default: RUN/plots/energy.png)")
    parser.add_argument("--parameters", choices=("ema", "last"), default="ema",
                        help="moving average of the parameters, or the last ones (default: %(default)s)")
    parser.add_argument("--range", type=float, nargs=4, metavar=("XMIN", "XMAX", "YMIN", "YMAX"),
                        help="range shown, in data units (default: the data's, widened)")
    arguments = parser.parse_args()

    def body() -> None:
        model = two_dimensional(open_model(arguments.model))
        clouds = gather(model, arguments.data, arguments.samples)
        output = figure.output_path(arguments.output, arguments.model, "energy")
        plot(model, clouds, arguments.range, arguments.parameters, output)

    return figure.run_script(PROGRAM, body)


if __name__ == "__main__":
    sys.exit(main())
