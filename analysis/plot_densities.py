#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two-dimensional models side by side: the density of each over one range, and samples of it where they are given.

Models may be checkpoints, run folders or combinations. Each density is normalised over the range shown; below it stands the
logarithm of its sum there, by which a product that nothing satisfies gives itself away.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

import figure
import plane
from ebmpi_reader import Missing, open_model
from model_space import ModelSpace

PROGRAM = "plot_densities"
SCATTER_LIMIT = 1500  # points
GAMMA = 0.5           # densities are coloured by their root, so that thin parts are seen


def common_range(models: list[ModelSpace]) -> list[float]:
    """A range around those of all models."""
    ranges = np.array([plane.shown_range(model, None) for model in models])
    return [ranges[:, 0].min(), ranges[:, 1].max(), ranges[:, 2].min(), ranges[:, 3].max()]


def draw(axes: Axes, model: ModelSpace, title: str, grid: plane.Grid, samples: np.ndarray | None) -> None:
    """The density with samples over it."""
    energy = plane.finite_energy(model, grid, "ema")
    density = grid.on_grid(plane.grid_density(grid, energy, model.temperature))
    axes.pcolormesh(grid.x, grid.y, density**GAMMA, cmap="magma", shading="nearest", rasterized=True)
    if samples is not None:
        axes.plot(*figure.thin(samples, SCATTER_LIMIT).T, ".", color=figure.SKY, markersize=1.6, alpha=0.6)
    scaled = -energy / model.temperature
    total = scaled.max() + np.log(np.exp(scaled - scaled.max()).sum() * grid.cell)
    axes.set_title(f"{title}\nlog Z = {total:.2f} over the range shown")
    axes.grid(False)
    axes.set(xlabel="x1 (data units)", ylabel="x2 (data units)")


def plot(models: list[ModelSpace], titles: list[str], samples: list[np.ndarray | None], limits: list[float],
         output: Path) -> None:
    """One panel for each model."""
    height = float(np.clip(4.0 * (limits[3] - limits[2]) / (limits[1] - limits[0]), 2.5, 6.5)) + 0.8
    canvas, axes = plt.subplots(1, len(models), figsize=(4.0 * len(models), height), squeeze=False, layout="compressed")
    grid = plane.square_grid(limits, plane.GRID_POINTS)
    for each, model, title, drawn in zip(axes[0], models, titles, samples):
        draw(each, model, title, grid, drawn)
        figure.set_limits(each, limits)
    figure.save(canvas, output)


def main() -> int:
    """Parse the command line and draw."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL", help="run folder, checkpoint or combination")
    parser.add_argument("--titles", nargs="+", metavar="TEXT", help="one for each model (default: their names)")
    parser.add_argument("--samples", nargs="+", metavar="FILE.h5[:x]",
                        help="samples of each model, in their order; '-' for none")
    parser.add_argument("--range", type=float, nargs=4, metavar=("XMIN", "XMAX", "YMIN", "YMAX"),
                        help="range shown, in data units (default: that of all training data, widened)")
    parser.add_argument("--output", type=Path, required=True, metavar="PNG", help="figure to write")
    arguments = parser.parse_args()

    def body() -> None:
        models = [plane.two_dimensional(open_model(path)) for path in arguments.models]
        titles = arguments.titles or [model.path.stem for model in models]
        places = arguments.samples or ["-"] * len(models)
        for name, given in (("--titles", titles), ("--samples", places)):
            if len(given) != len(models):
                raise Missing(f"{name} has {len(given)} entries for {len(models)} models (each needs its own); "
                              "give one for each")
        samples = [None if place == "-" else plane.in_two_columns(place) for place in places]
        limits = plane.checked_range(arguments.range or common_range(models))
        plot(models, titles, samples, limits, arguments.output)

    return figure.run_script(PROGRAM, body)


if __name__ == "__main__":
    sys.exit(main())
