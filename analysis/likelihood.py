#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""log Z and the mean log-likelihood of data, by sums over a grid, for models of up to three columns.

The grid covers a cube in model space, where training data have mean 0 and deviation 1. What the sum misses lies outside of
the cube or between its points, so compare with a larger cube and with more points where in doubt.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

import console
from ebmpi_reader import Checkpoint, Missing, open_model, read_rows

PROGRAM = "likelihood"
HALF_WIDTH = 4.0
POINTS = {1: 401, 2: 401, 3: 101}  # on each side, by the number of columns
EDGE = 0.95                        # of the half width: what lies beyond it is at the edge
MOST_AT_EDGE = 1e-3                # share of the probability there that is still silent


def grid_weights(checkpoint: Checkpoint, half_width: float = HALF_WIDTH, points: int | None = None, *,
                 parameters: str = "ema", sigma: float | None = None) -> tuple[np.ndarray, np.ndarray, float]:
    """Points z (points^K, K) of a grid in model space with their probabilities, and log Z there.

    The grid has `points` on each side, from -half_width to half_width; without a number, enough for K <= 3.
    """
    dimension = checkpoint.model_dimension
    if dimension not in POINTS:
        raise Missing(f"{checkpoint.path} has {dimension} model columns (a grid is possible for up to {max(POINTS)}); "
                      "compare energies of data instead")
    axis = np.linspace(-half_width, half_width, points or POINTS[dimension])
    z = np.stack(np.meshgrid(*[axis] * dimension, indexing="ij"), axis=-1).reshape(-1, dimension)
    energy = checkpoint.model_energy(z, parameters, sigma)
    if not np.isfinite(energy).all():
        raise Missing(f"{checkpoint.path} gives energies that are not finite (the run has diverged); use an earlier checkpoint")
    log_weight = -energy / checkpoint.temperature + dimension * np.log(axis[1] - axis[0])
    highest = log_weight.max()
    log_z = highest + np.log(np.exp(log_weight - highest).sum())
    return z, np.exp(log_weight - log_z), float(log_z)


def grid_log_z(checkpoint: Checkpoint, half_width: float = HALF_WIDTH, points: int | None = None, *,
               parameters: str = "ema", sigma: float | None = None) -> float:
    """log Z in model space, the integral of exp(-E/T) over the grid of `grid_weights`."""
    return grid_weights(checkpoint, half_width, points, parameters=parameters, sigma=sigma)[2]


def log_likelihood(checkpoint: Checkpoint, x: np.ndarray, log_z: float | None = None, *, parameters: str = "ema",
                   sigma: float | None = None) -> tuple[float, float]:
    """Mean log density of the samples x (N, D) in data units, with its standard error over the samples.

    `log_z` in model space; without it, that of `grid_log_z`.
    """
    if log_z is None:
        log_z = grid_log_z(checkpoint, parameters=parameters, sigma=sigma)
    log_p = -checkpoint.energy(x, parameters, sigma) / checkpoint.temperature - log_z - checkpoint.log_volume
    return float(log_p.mean()), float(log_p.std() / np.sqrt(len(x)))


def share_at_edge(z: np.ndarray, weights: np.ndarray, half_width: float) -> float:
    """Share of the probability that lies next to the faces of the cube: large where the cube cuts the density off."""
    return float(weights[np.abs(z).max(axis=1) > EDGE * half_width].sum())


def report(path: Path, x: np.ndarray | None, arguments: argparse.Namespace) -> str:
    """One line of the table; a warning on stderr where the cube is too small."""
    model = open_model(path)
    asked = {"parameters": arguments.parameters, "sigma": arguments.sigma}
    z, weights, log_z = grid_weights(model, arguments.half_width, arguments.points, **asked)
    if (share := share_at_edge(z, weights, arguments.half_width)) > MOST_AT_EDGE:
        print(f"{PROGRAM}: warning: {share:.1%} of the probability of {path} lies at the edge of the grid (the density goes on "
              f"beyond it); raise --half-width above {arguments.half_width:g}", file=sys.stderr)
    learned = model.log_z_learned(arguments.parameters)
    cells = [str(path), f"{model.step}", f"{log_z:.4f}", "-" if learned is None else f"{learned:.4f}"]
    if x is not None:
        cells.append("{:.4f} ± {:.4f}".format(*log_likelihood(model, x, log_z, **asked)))
    return "\t".join(cells)


def print_table(arguments: argparse.Namespace) -> None:
    """Tab-separated, a line for each run as soon as it is known."""
    x = None if arguments.data is None else read_rows(arguments.data)
    header = ["run", "step", "log Z", "learned log Z"]
    if x is not None:
        header.append(f"log-likelihood of {len(x)} rows")
    print("\t".join(header))
    for path in arguments.models:
        print(report(path, x, arguments), flush=True)


def main() -> int:
    """Parse the command line and print."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM, description=__doc__, epilog="log Z is in model space. The log-likelihood is the mean of log p in nats, "
        "p in data units, ± its standard error over the rows.")
    parser.add_argument("models", type=Path, nargs="+", metavar="RUN|CHECKPOINT",
                        help="run folder (its newest checkpoint), or a checkpoint")
    parser.add_argument("--data", metavar="FILE.h5[:x]", help="rows whose likelihood is asked, in data units")
    parser.add_argument("--parameters", choices=("ema", "last"), default="ema",
                        help="moving average of the parameters, or the last ones (default: %(default)s)")
    parser.add_argument("--sigma", type=float, help="noise level of a model that was trained on several (default: the lowest)")
    parser.add_argument("--half-width", type=float, default=HALF_WIDTH,
                        help="half the side of the cube, in deviations of the data (default: %(default)s)")
    parser.add_argument("--points", type=int,
                        help="grid points on each side (default: 401; with three columns 101)")
    arguments = parser.parse_args()
    if not arguments.half_width > 0.0:
        parser.error("--half-width must be positive")
    if arguments.points is not None and arguments.points < 2:
        parser.error("--points must be at least 2")
    return console.run_script(PROGRAM, lambda: print_table(arguments))


if __name__ == "__main__":
    sys.exit(main())
