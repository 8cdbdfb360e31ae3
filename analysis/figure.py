# SPDX-License-Identifier: Apache-2.0
"""What the plotting scripts share: colours, the place of the output, the style."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt  # noqa: E402  (the backend is chosen first)
import numpy as np  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

import console  # noqa: E402
from ebmpi_reader import Missing  # noqa: E402

# Okabe and Ito's colours, distinguishable with every common colour blindness.
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, BLACK = (
    "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")
COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK)
LINE_STYLES = ("-", "--", "-.", ":")

STRIP_RATIO = 2.0  # sides of a plane whose ratio is larger are not drawn to scale


def use_style() -> None:
    """Readable sizes and light grids for every figure."""
    plt.rcParams.update({
        "font.size": 10, "axes.titlesize": 11, "axes.grid": True, "grid.alpha": 0.25, "grid.linewidth": 0.6,
        "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False, "legend.fontsize": 9,
        "axes.prop_cycle": plt.cycler(color=COLOURS), "figure.constrained_layout.use": True, "savefig.dpi": 150,
    })


def output_path(given: Path | None, source: Path, name: str) -> Path:
    """Where a figure goes: as given; RUN/plots/NAME.png for a run or its checkpoint; else beside the file."""
    if given is not None:
        return given
    if source.is_dir():
        return source / "plots" / f"{name}.png"
    if source.resolve().parent.name == "checkpoints":
        return source.resolve().parent.parent / "plots" / f"{name}.png"
    return source.with_name(f"{source.stem}-{name}.png")


def save(figure: Figure, path: Path) -> None:
    """Write the figure and print its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lstrip(".") not in figure.canvas.get_supported_filetypes():
        raise Missing(f"{path} has an unknown ending (the figure's format is taken from it); use .png, .pdf or .svg")
    figure.savefig(path)
    plt.close(figure)
    print(path)


def thin(rows: np.ndarray, limit: int) -> np.ndarray:
    """At most `limit` rows, evenly spaced through all of them."""
    return rows if len(rows) <= limit else rows[np.linspace(0, len(rows) - 1, limit).astype(int)]


def set_limits(axes: Axes, limits: Sequence[float]) -> None:
    """Show XMIN XMAX YMIN YMAX, to scale unless that would make a narrow strip."""
    axes.set(xlim=limits[:2], ylim=limits[2:])
    ratio = (limits[3] - limits[2]) / (limits[1] - limits[0])
    if 1.0 / STRIP_RATIO <= ratio <= STRIP_RATIO:
        axes.set_aspect("equal")


def run_script(program: str, body: Callable[[], None]) -> int:
    """Exit code of a `body` that draws; errors as in `console.run_script`."""
    use_style()
    return console.run_script(program, body)
