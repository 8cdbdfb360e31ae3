#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A two-dimensional model: its energy, its density on a grid, data and samples, and its score field, side by side.

A score network has no energy, so that of it only samples and score are drawn.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

import figure
import plane
from ebmpi_reader import Checkpoint, open_model

PROGRAM = "plot_energy"
SCATTER_LIMIT = 6000  # points
ENERGY_QUANTILE = 0.9  # energies above it, or above so many T, share one colour, so that the basins stay visible
ENERGY_TEMPERATURES = 20.0
EDGE_WIDTH = 5        # grid points that count as the edge of the range


@dataclass(frozen=True)
class Clouds:
    """Points to scatter, (N, 2) in data units; None where there are none."""

    data: np.ndarray | None
    samples: np.ndarray | None
    samples_label: str
    data_label: str = "data"


@dataclass(frozen=True)
class View:
    """What is asked for: a range XMIN XMAX YMIN YMAX, one of the two sets of parameters, a noise level; None by default."""

    limits: list[float] | None
    parameters: str
    sigma: float | None


def gather(model: Checkpoint, data: str | None, samples: str | None, labels: list[str]) -> Clouds:
    """Data and samples to draw, by these names; without samples, the persistent chains."""
    drawn = None if samples is None else plane.in_two_columns(samples)
    data_label, label = labels
    if drawn is None and model.has_chains:
        drawn, label = model.chains, "chains"
    return Clouds(None if data is None else plane.in_two_columns(data), drawn, label, data_label)


def draw_energy(axes: Axes, grid: plane.Grid, energy: np.ndarray, temperature: float) -> None:
    """Energy above its lowest value, with contour lines."""
    above = grid.on_grid(energy - energy.min())
    top = max(min(float(np.quantile(above, ENERGY_QUANTILE)), ENERGY_TEMPERATURES * temperature), 1e-12)
    mesh = axes.contourf(grid.x, grid.y, above, levels=np.linspace(0.0, top, 25), cmap="viridis", extend="max")
    axes.contour(grid.x, grid.y, above, levels=np.linspace(0.0, top, 9), colors="white", linewidths=0.4, alpha=0.6)
    axes.figure.colorbar(mesh, ax=axes, label="E - min E (dimensionless)", format="%.3g")
    axes.set_title("Energy")


def draw_density(axes: Axes, grid: plane.Grid, density: np.ndarray) -> None:
    """Density normalised over the shown range; says so where much of it lies at the edge."""
    values = grid.on_grid(density)
    mesh = axes.pcolormesh(grid.x, grid.y, values, cmap="magma", shading="nearest", rasterized=True)
    axes.figure.colorbar(mesh, ax=axes, label="density (1 / unit²)", format="%.3g")
    edge = 1.0 - values[EDGE_WIDTH:-EDGE_WIDTH, EDGE_WIDTH:-EDGE_WIDTH].sum() / values.sum()
    note = f"\n{edge:.0%} lies at the edge: widen --range" if edge > 0.01 else ""
    axes.set_title(f"Density exp(-E/T)/Z over the range shown{note}")


def draw_clouds(axes: Axes, clouds: Clouds) -> None:
    """Data under samples."""
    sets = [(clouds.data, clouds.data_label, "0.55"), (clouds.samples, clouds.samples_label, figure.VERMILION)]
    sets = [(rows, label, colour) for rows, label, colour in sets if rows is not None]
    for rows, label, colour in sets:
        shown = figure.thin(rows, SCATTER_LIMIT)
        axes.plot(*shown.T, ".", color=colour, markersize=2.2, alpha=0.5, label=f"{label} ({len(shown)} of {len(rows)})")
    axes.set_title(" and ".join(label for _, label, _ in sets).capitalize())
    if sets:
        axes.legend(loc="upper right", markerscale=4, frameon=True, framealpha=0.85, edgecolor="none")
    else:
        axes.text(0.5, 0.5, "no chains in this checkpoint;\ngive --samples or --data", ha="center", transform=axes.transAxes)


def draw_score(axes: Axes, grid: plane.Grid, score: np.ndarray) -> None:
    """Arrows of the direction of the score; their colour is its length."""
    arrows = plane.draw_arrows(axes, grid, score, plane.length_limit(score))
    axes.figure.colorbar(arrows, ax=axes, label="‖s‖ (1 / unit)", extend="max", format="%.3g")


def figure_height(limits: list[float], rows: int) -> float:
    """Inches that so many rows of panels of this range need at equal scales on both axes, within reason."""
    panel = 4.4 * (limits[3] - limits[2]) / (limits[1] - limits[0])
    return rows * float(np.clip(panel + 0.8, 2.5, 6.5)) + 0.5


def title(model: Checkpoint, view: View) -> str:
    """What is shown, and of a score network what is not."""
    parts = [f"{model.path.name}: step {model.step}", plane.PARAMETERS[view.parameters]]
    if (level := model.level(view.sigma)) is not None:
        parts.append(f"noise level σ = {level:g} (of standardised data)")
    if model.has_energy:
        return ", ".join([*parts, f"T = {model.temperature:g}"])
    return ", ".join(parts) + "\na score network: it gives no energy and no density"


def plot(model: Checkpoint, clouds: Clouds, view: View, output: Path) -> None:
    """Draw the four panels, or those two that a score network has."""
    limits = plane.checked_range(view.limits or plane.shown_range(model, clouds.data))
    coarse = plane.square_grid(limits, plane.ARROWS)
    rows = 2 if model.has_energy else 1
    canvas, axes = plt.subplots(rows, 2, figsize=(12.0, figure_height(limits, rows)), squeeze=False, layout="compressed")
    if model.has_energy:
        grid = plane.square_grid(limits, plane.GRID_POINTS)
        energy = plane.finite_energy(model, grid, view.parameters, view.sigma)
        draw_energy(axes[0, 0], grid, energy, model.temperature)
        draw_density(axes[0, 1], grid, plane.grid_density(grid, energy, model.temperature))
    draw_clouds(axes[-1, 0], clouds)
    draw_score(axes[-1, 1], coarse, model.score(coarse.points, view.parameters, view.sigma))
    axes[-1, 1].set_title("Score s = -∇E/T" if model.has_energy else "Score s, the network's output")
    for each in axes.flat:
        each.grid(False)
        each.set(xlabel="x1 (data units)", ylabel="x2 (data units)")
        figure.set_limits(each, limits)
    canvas.suptitle(title(model, view))
    figure.save(canvas, output)


def main() -> int:
    """Parse the command line and draw."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    parser.add_argument("model", type=Path, metavar="RUN|CHECKPOINT",
                        help="run folder (its newest checkpoint), or a checkpoint")
    parser.add_argument("--data", metavar="FILE.h5[:x]", help="data to scatter, in data units")
    parser.add_argument("--samples", metavar="FILE.h5[:x]", help="samples to scatter (default: the checkpoint's chains)")
    parser.add_argument("--labels", nargs=2, metavar=("DATA", "SAMPLES"), default=["data", "samples"],
                        help="what the legend calls them (default: data samples)")
    parser.add_argument("--output", type=Path, metavar="PNG", help="figure to write (default: RUN/plots/energy.png)")
    parser.add_argument("--parameters", choices=("ema", "last"), default="ema",
                        help="moving average of the parameters, or the last ones (default: %(default)s)")
    parser.add_argument("--range", type=float, nargs=4, metavar=("XMIN", "XMAX", "YMIN", "YMAX"),
                        help="range shown, in data units (default: the data's, widened)")
    parser.add_argument("--sigma", type=float,
                        help="noise level of a model that was trained on several, in standardised units (default: the lowest)")
    arguments = parser.parse_args()

    def body() -> None:
        model = plane.two_dimensional(open_model(arguments.model))
        clouds = gather(model, arguments.data, arguments.samples, arguments.labels)
        output = figure.output_path(arguments.output, arguments.model, "energy")
        plot(model, clouds, View(arguments.range, arguments.parameters, arguments.sigma), output)

    return figure.run_script(PROGRAM, body)


if __name__ == "__main__":
    sys.exit(main())
