#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Two-dimensional models side by side, one column each: density and score field, on one range and one scale of colours.

With --data, the data lie on the density and the title gives their mean log-likelihood, with log Z from a grid.
"""

from __future__ import annotations

import argparse
import sys
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

import figure
import likelihood
import plane
from ebmpi_reader import Checkpoint, Missing, open_model

PROGRAM = "plot_objectives"
SCATTER_LIMIT = 1000     # points
PEAK_QUANTILE = 0.999    # densities above it share one colour
COLUMN_WIDTH = 3.3       # inches
TITLE_WIDTH = 30         # letters
BAR = {"format": "%.3g", "aspect": 20, "pad": 0.01}


@dataclass(frozen=True)
class Column:
    """What is drawn of one model: density (n·n, None for a score network) and score (m·m, 2) on the shared grids."""

    title: str
    density: np.ndarray | None
    score: np.ndarray


def objective_name(config: dict[str, Any]) -> str:
    """The objective in words, with what tells it from others of its kind."""
    section = config.get("objective", {})
    kind = section.get("kind", "unknown objective")
    detail = {
        "noise_contrastive_estimation": section.get("contrast", ""),
        "denoising_score_matching": f"σ\u00a0=\u00a0{section['sigma']:g}" if "sigma" in section else "",
        "energy_discrepancy": f"t\u00a0=\u00a0{section['diffusion_time']:g}" if "diffusion_time" in section else "",
    }.get(kind, "")
    return kind.replace("_", " ") + (f", {detail}" if detail else "")


def title(path: Path, model: Checkpoint, data: np.ndarray | None, parameters: str) -> str:
    """Name of the run, objective, and log-likelihood where there is one."""
    lines = [path.resolve().name, objective_name(model.config)]
    if (level := model.level()) is not None:
        lines.append(f"at σ = {level:g} of {len(model.sigmas)} noise levels")
    if not model.has_energy:
        lines.append("score network: no density")
    elif data is not None and "projection" not in model.data:
        mean, error = likelihood.log_likelihood(model, data, parameters=parameters)
        lines.append(f"log-likelihood {mean:.3f} ± {error:.3f}")
    return "\n".join(textwrap.fill(line, TITLE_WIDTH) for line in lines)


def common_range(models: list[Checkpoint], data: np.ndarray | None) -> list[float]:
    """XMIN XMAX YMIN YMAX that holds the range of every model."""
    ranges = np.array([plane.shown_range(model, data) for model in models])
    low, high = ranges.min(axis=0), ranges.max(axis=0)
    return [low[0], high[1], low[2], high[3]]


def compute(path: Path, model: Checkpoint, data: np.ndarray | None, limits: list[float], parameters: str) -> Column:
    """The numbers of one column."""
    grid, coarse = plane.square_grid(limits, plane.GRID_POINTS), plane.square_grid(limits, plane.ARROWS)
    density = None
    if model.has_energy:
        density = plane.grid_density(grid, plane.finite_energy(model, grid, parameters), model.temperature)
    return Column(title(path, model, data, parameters), density, model.score(coarse.points, parameters))


def draw_densities(row: np.ndarray, columns: list[Column], grid: plane.Grid, data: np.ndarray | None) -> None:
    """Densities on one scale of colours, under the data."""
    top = max(float(np.quantile(column.density, PEAK_QUANTILE)) for column in columns if column.density is not None)
    mesh = None
    for axes, column in zip(row, columns):
        if column.density is None:
            axes.text(0.5, 0.5, "no energy", ha="center", transform=axes.transAxes)
        else:
            mesh = axes.pcolormesh(grid.x, grid.y, grid.on_grid(column.density), cmap="Blues", shading="nearest", vmin=0.0,
                                   vmax=top, rasterized=True)
        if data is not None:
            axes.plot(*figure.thin(data, SCATTER_LIMIT).T, ".", color=figure.VERMILION, markersize=1.8, alpha=0.7,
                      markeredgewidth=0)
    row[0].figure.colorbar(mesh, ax=row, label="density (1 / unit²)", extend="max", **BAR)


def draw_scores(row: np.ndarray, columns: list[Column], coarse: plane.Grid) -> None:
    """Score fields on one scale of colours."""
    longest = float(np.median([plane.length_limit(column.score) for column in columns]))
    arrows = [plane.draw_arrows(axes, coarse, column.score, longest) for axes, column in zip(row, columns)]
    row[0].figure.colorbar(arrows[0], ax=row, label="‖s‖ (1 / unit)", extend="max", **BAR)


def label(axes: Axes, row: int, column: int, last_row: int) -> None:
    """Labels at the outer axes, of which all panels have the same."""
    axes.grid(False)
    if row == last_row:
        axes.set_xlabel("x1 (data units)")
    if column == 0:
        axes.set_ylabel("x2 (data units)")


def plot(columns: list[Column], data: np.ndarray | None, limits: list[float], output: Path) -> None:
    """Draw all columns; the row of densities only where there is one."""
    rows = 2 if any(column.density is not None for column in columns) else 1
    height = float(np.clip(COLUMN_WIDTH * (limits[3] - limits[2]) / (limits[1] - limits[0]), 2.0, 6.0))
    canvas, axes = plt.subplots(rows, len(columns), figsize=(COLUMN_WIDTH * len(columns) + 1.4, rows * height + 1.6),
                                squeeze=False, sharex=True, sharey=True, layout="compressed")
    if rows == 2:
        draw_densities(axes[0], columns, plane.square_grid(limits, plane.GRID_POINTS), data)
    draw_scores(axes[-1], columns, plane.square_grid(limits, plane.ARROWS))
    for (row, column), each in np.ndenumerate(axes):
        label(each, row, column, rows - 1)
        figure.set_limits(each, limits)
        if row == 0:
            each.set_title(columns[column].title)
    notes = ["density exp(-E/T)/Z over the range shown"] if rows == 2 else []
    notes += [] if data is None or rows == 1 else [f"points: {min(len(data), SCATTER_LIMIT)} of {len(data)} data rows"]
    canvas.suptitle(", ".join([*notes, "arrows: score s = -∇E/T"]), fontsize="medium")
    figure.save(canvas, output)


def main() -> int:
    """Parse the command line and draw."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    parser.add_argument("models", type=Path, nargs="+", metavar="RUN|CHECKPOINT",
                        help="run folder (its newest checkpoint), or a checkpoint")
    parser.add_argument("--output", type=Path, required=True, metavar="PNG", help="figure to write")
    parser.add_argument("--data", metavar="FILE.h5[:x]", help="data to scatter and to take the likelihood of, in data units")
    parser.add_argument("--parameters", choices=tuple(plane.PARAMETERS), default="ema",
                        help="moving average of the parameters, or the last ones (default: %(default)s)")
    parser.add_argument("--range", type=float, nargs=4, metavar=("XMIN", "XMAX", "YMIN", "YMAX"),
                        help="range shown, in data units (default: the data's, widened)")
    arguments = parser.parse_args()

    def body() -> None:
        models = [plane.two_dimensional(open_model(path)) for path in arguments.models]
        data = None if arguments.data is None else plane.in_two_columns(arguments.data)
        limits = plane.checked_range(arguments.range or common_range(models, data))
        columns = [compute(path, model, data, limits, arguments.parameters) for path, model in zip(arguments.models, models)]
        plot(columns, data, limits, arguments.output)

    return figure.run_script(PROGRAM, body)


if __name__ == "__main__":
    sys.exit(main())
