#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Persistent chains or samples against data, column by column, and the chains' ages. For any number of columns."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

import figure
from ebmpi_reader import Missing, is_checkpoint, open_model, read_rows

PROGRAM = "plot_chains"
COLUMNS_SHOWN = 9
BINS = 60
SCATTER_LIMIT = 6000  # points
OUTLIERS = 0.001      # share of each side that may fall outside a histogram's range


@dataclass(frozen=True)
class Population:
    """Rows (C, D) in data units and, for chains, their ages (C)."""

    rows: np.ndarray
    ages: np.ndarray | None
    label: str
    title: str


def load(source: Path) -> Population:
    """Chains of a run folder's newest checkpoint or of a checkpoint, else the samples in a data set file."""
    if source.is_dir() or is_checkpoint(source):
        model = open_model(source)
        return Population(model.chains, model.chain_ages, "chains", f"{model.path.name}: step {model.step}")
    rows = read_rows(str(source))
    return Population(rows, None, "samples", source.name)


def load_data(place: str, columns: int) -> np.ndarray:
    """Data to compare with, with as many columns."""
    rows = read_rows(place)
    if rows.shape[1] != columns:
        raise Missing(f"{place} has {rows.shape[1]} columns, the chains {columns} (they cannot be compared); "
                      "give the data that the model was trained on")
    return rows


def draw_marginal(axes: Axes, column: int, population: Population, data: np.ndarray | None) -> None:
    """Normalised histograms of one column; the bins span the bulk of both."""
    sets = [rows[:, column] for rows in (population.rows, data) if rows is not None]
    sets = [values[np.isfinite(values)] for values in sets]
    if not all(len(values) for values in sets):
        raise Missing(f"column {column} has no finite values (chains or data have diverged); use an earlier checkpoint")
    ends = np.array([np.quantile(values, (OUTLIERS, 1.0 - OUTLIERS)) for values in sets])
    low, high = ends[:, 0].min(), ends[:, 1].max()
    bins = np.linspace(low, high, BINS + 1) if low < high else np.linspace(low - 0.5, low + 0.5, BINS + 1)
    if data is not None:
        axes.hist(sets[1], bins, density=True, color="0.75", label=f"data ({len(data)})")
    axes.hist(sets[0], bins, density=True, histtype="step", linewidth=1.6, color=figure.VERMILION,
              label=f"{population.label} ({len(population.rows)})")
    axes.set(xlabel=f"x{column + 1} (data units)", ylabel="density (1 / unit)")


def draw_ages(axes: Axes, ages: np.ndarray) -> None:
    """Ages of the chains; the median tells how long a chain lives."""
    axes.hist(ages, min(BINS, max(int(ages.max()) - int(ages.min()), 1) + 1), color=figure.BLUE)
    middle = float(np.median(ages))
    axes.axvline(middle, color=figure.BLACK, linestyle="--", linewidth=1.2, label=f"median {middle:g}")
    axes.set(title="Ages of the chains", xlabel="sampler steps since the last restart", ylabel="chains")
    axes.legend()


def draw_scatter(axes: Axes, rows: np.ndarray, colour: str, title: str, limits: list[float]) -> None:
    """Two columns against each other."""
    shown = figure.thin(rows, SCATTER_LIMIT)
    axes.plot(*shown.T, ".", color=colour, markersize=2.2, alpha=0.5)
    axes.set(title=f"{title} ({len(shown)} of {len(rows)})", xlabel="x1 (data units)", ylabel="x2 (data units)")
    figure.set_limits(axes, limits)


def shared_limits(sets: list[np.ndarray]) -> list[float]:
    """XMIN XMAX YMIN YMAX of the bulk of all sets of rows (N, 2), a little widened."""
    ends = np.array([np.nanquantile(rows, (OUTLIERS, 1.0 - OUTLIERS), axis=0) for rows in sets])
    low, high = ends[:, 0].min(axis=0), ends[:, 1].max(axis=0)
    margin = 0.1 * np.maximum(high - low, 1e-6)
    return [low[0] - margin[0], high[0] + margin[0], low[1] - margin[1], high[1] + margin[1]]


def panels(population: Population, data: np.ndarray | None) -> list[Callable[[Axes], None]]:
    """What draws each panel: the columns' histograms, then the scatters (D = 2), then the ages."""
    dimension = population.rows.shape[1]
    drawings = [partial(draw_marginal, column=column, population=population, data=data)
                for column in range(min(dimension, COLUMNS_SHOWN))]
    if dimension == 2:
        sets = [(data, "0.45", "data"), (population.rows, figure.VERMILION, population.label)]
        sets = [(rows, colour, title) for rows, colour, title in sets if rows is not None]
        limits = shared_limits([rows for rows, _, _ in sets])
        drawings += [partial(draw_scatter, rows=rows, colour=colour, title=title, limits=limits)
                     for rows, colour, title in sets]
    if population.ages is not None:
        drawings.append(partial(draw_ages, ages=population.ages))
    return drawings


def plot(population: Population, data: np.ndarray | None, output: Path) -> None:
    """Draw all panels on one grid."""
    drawings = panels(population, data)
    columns = 2 if len(drawings) in (2, 4) else min(3, len(drawings))
    rows = -(-len(drawings) // columns)
    canvas, grid = plt.subplots(rows, columns, figsize=(4.6 * columns, 3.5 * rows + 0.5), squeeze=False)
    for axes, draw in zip(grid.flat, drawings):
        draw(axes)
    for axes in list(grid.flat)[len(drawings) :]:
        axes.set_axis_off()
    grid.flat[0].legend(loc="best")
    dimension = population.rows.shape[1]
    more = f", the first {COLUMNS_SHOWN} of {dimension} columns" if dimension > COLUMNS_SHOWN else ""
    canvas.suptitle(population.title + more)
    figure.save(canvas, output)


def main() -> int:
    """Parse the command line and draw."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    parser.add_argument("source", type=Path, metavar="RUN|CHECKPOINT|SAMPLES.h5",
                        help="run folder (its newest checkpoint), a checkpoint, or a file of samples")
    parser.add_argument("--data", metavar="FILE.h5[:x]", help="data to compare with, in data units")
    parser.add_argument("--output", type=Path, metavar="PNG", help="figure to write (default: RUN/plots/chains.png)")
    arguments = parser.parse_args()

    def body() -> None:
        population = load(arguments.source)
        if not len(population.rows):
            raise Missing(f"{arguments.source} has no rows (nothing can be drawn); draw samples with `ebmpi sample`")
        data = None if arguments.data is None else load_data(arguments.data, population.rows.shape[1])
        plot(population, data, figure.output_path(arguments.output, arguments.source, "chains"))

    return figure.run_script(PROGRAM, body)


if __name__ == "__main__":
    sys.exit(main())
