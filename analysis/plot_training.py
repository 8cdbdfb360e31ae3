#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Curves of a run's metrics: losses, energies, scores, gradient norm, chain diagnostics, speed. Works while the run goes on."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

import figure
from ebmpi_reader import Missing, Run

PROGRAM = "plot_training"
BEST_SHOWN_WITH = "validation_loss"
HELD = ("validation_loss",)  # columns that keep a value until there is a new one
PANELS_IN_A_ROW = 3
SMOOTHING_FROM = 200  # points in a curve from which a running median is drawn over it
MARKERS_UP_TO = 30    # points in a curve up to which each has a marker
MANY_DECADES = 1e3


@dataclass(frozen=True)
class Panel:
    """Metrics that share an axis: column name to label."""

    title: str
    unit: str
    columns: dict[str, str]
    scale: str = "linear"
    reference: float | None = None  # a value to aim at, drawn as a grey line


# Columns as src/training/metrics.cpp and the objectives' reports name them; a run has those that its objective gives.
PANELS = (
    Panel("Loss", "loss (dimensionless)", {"loss": "training"}),
    Panel("Validation", "loss (dimensionless)", {"validation_loss": "held-out data, averaged parameters"}),
    Panel("Training loss over held-out loss", "ratio", {"loss_fraction": "measured (1: new data are treated alike)"},
          reference=1.0),
    Panel("Terms of the loss", "mean (standardised units)",
          {"squared_score": "squared score, ½‖s‖²", "laplacian": "Laplacian, ΔE", "divergence": "divergence, ∇·s"}),
    Panel("Accuracy", "fraction told apart rightly", {"accuracy": "mean over data and noise (½: chance)"}, reference=0.5),
    Panel("Flow: held-out likelihood", "mean log q (model space)", {"flow_log_likelihood": "held-out data"}),
    Panel("Flow: turns", "updates", {"flow_updates": "of the flow (the other steps are the energy's)"}),
    Panel("Learned log Z", "log Z (model space)", {"log_z": "learned"}),
    Panel("Energy", "mean energy E (dimensionless)",
          {"energy_data": "data", "energy_chains": "chains", "energy_noise": "noise", "energy_perturbed": "perturbed data",
           "validation_energy": "held-out data"}),
    Panel("Energy gap", "E(data) - E(chains) (dimensionless)", {"energy_gap": "gap"}, reference=0.0),
    Panel("Spread of the energy", "standard deviation of E (dimensionless)",
          {"spread_data": "data", "spread_chains": "chains"}),
    Panel("Score at held-out data", "root of the mean ‖s‖² (standardised units)", {"score_norm": "held-out data"}),
    Panel("Gradients", "norm", {"gradient_norm": "of the parameters, ‖∂L/∂θ‖", "chain_gradient_norm": "along the chains, ‖∇E‖"},
          scale="log"),
    Panel("Chains: acceptance", "fraction of proposals",
          {"chain_acceptance": "accepted", "exchange_rate": "exchanges of temperatures"}),
    Panel("Chains: step size", "step size (standardised units)", {"chain_step_size": "in use"}),
    Panel("Chains: equipartition", "(x - c)·∇E / (D T)", {"equipartition": "measured (1 at equilibrium)"}, reference=1.0),
    Panel("Chains: outside the data's range", "fraction of chains", {"outside": "outside"}),
    Panel("Chains: age", "sampler steps since restart", {"chain_age": "mean"}),
    Panel("Chains: lineage and memory", "fraction, correlation",
          {"chain_ancestors": "not restarted since the last line", "chain_autocorrelation": "energies from use to use"}),
    Panel("Chains: R-hat of the energies", "R-hat", {"chain_r_hat": "followed chains (1: mixed)"}, reference=1.0),
    Panel("Learning rate", "learning rate", {"learning_rate": "learning rate"}),
    Panel("Speed", "samples per second", {"samples_per_second": "training samples"}),
)


def draw_curve(axes: Axes, metrics: dict[str, np.ndarray], name: str, label: str, index: int) -> None:
    """One metric over steps; a long curve is drawn pale with its running median on top."""
    known = np.isfinite(metrics[name])
    step, values = metrics["step"][known], metrics[name][known]
    colour, style = figure.COLOURS[index], figure.LINE_STYLES[index % len(figure.LINE_STYLES)]
    if name in HELD:
        axes.plot(step, values, color=colour, linestyle=style, drawstyle="steps-post", label=label)
        return
    if len(values) < SMOOTHING_FROM:
        marker = "o" if len(values) <= MARKERS_UP_TO else None
        axes.plot(step, values, color=colour, linestyle=style, marker=marker, markersize=3.5, label=label)
        return
    width = len(values) // 40 | 1  # odd, so that the median belongs to the middle point
    windows = np.lib.stride_tricks.sliding_window_view(values, width)
    axes.plot(step, values, color=colour, alpha=0.25, linewidth=0.8)
    middle = slice(width // 2, len(values) - width // 2)
    axes.plot(step[middle], np.median(windows, axis=1), color=colour, linestyle=style, label=f"{label} (running median)")


def draw_panel(axes: Axes, panel: Panel, metrics: dict[str, np.ndarray], best: tuple[int, float] | None) -> None:
    """All columns of a panel that the run has, and where it belongs the step and loss of the best validation."""
    drawn = [name for name in panel.columns if has_values(metrics, name)]
    for index, name in enumerate(drawn):
        draw_curve(axes, metrics, name, panel.columns[name], index)
    if best is not None and BEST_SHOWN_WITH in drawn:
        axes.plot(*best, "*", color=figure.BLACK, markersize=11, zorder=4, label=f"best: {best[1]:.4g} at step {best[0]}")
    if panel.reference is not None:
        axes.axhline(panel.reference, color="0.4", linewidth=1.0, linestyle=":", zorder=1)
    if panel.scale == "log" and all(np.nanmin(metrics[name]) > 0.0 for name in drawn):
        use_log_scale(axes)
    axes.set(title=panel.title, xlabel="step (parameter updates)", ylabel=panel.unit)
    axes.legend(loc="best")


def use_log_scale(axes: Axes) -> None:
    """Logarithmic axis with labels at 1, 2 and 5 of each decade, or at decades alone where there are many."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    if high / low < MANY_DECADES:
        axes.yaxis.set_minor_locator(LogLocator(subs=(2.0, 5.0)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}")


def has_values(metrics: dict[str, np.ndarray], name: str) -> bool:
    """Whether a column is there and has a finite value."""
    return name in metrics and bool(np.isfinite(metrics[name]).any())


def best_validation(run: Run) -> tuple[int, float] | None:
    """Step and loss of the run's best checkpoint; None where it has none."""
    try:
        return run.best.best_validation
    except Missing:
        return None


def summary(run: Run) -> str:
    """One line on what is shown: the run, its objective, how far it is."""
    last = int(run.metrics["step"][-1])
    try:
        config = run.config
    except Missing:
        return f"{run.path.resolve().name}: step {last}"
    kind = config.get("objective", {}).get("kind", "")
    total = config.get("run", {}).get("steps", last)
    return f"{run.path.resolve().name}: {kind.replace('_', ' ')}, step {last} of {total}"


def draw(run: Run) -> Figure:
    """A figure of every panel that the run has columns for."""
    metrics = run.metrics
    panels = [panel for panel in PANELS if any(has_values(metrics, name) for name in panel.columns)]
    if not panels:
        raise Missing(f"{run.path / 'metrics.csv'} has none of the known columns (it has: {', '.join(metrics)}); "
                      "plot them with ebmpi_reader.Run.metrics")
    columns = min(PANELS_IN_A_ROW, len(panels))
    rows = -(-len(panels) // columns)
    canvas, grid = plt.subplots(rows, columns, figsize=(5.0 * columns, 3.3 * rows + 0.4), squeeze=False)
    best = best_validation(run)
    for axes, panel in zip(grid.flat, panels):
        draw_panel(axes, panel, metrics, best)
    for axes in list(grid.flat)[len(panels) :]:
        axes.set_axis_off()
    canvas.suptitle(summary(run))
    return canvas


def main() -> int:
    """Parse the command line and draw."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    parser.add_argument("run", type=Path, metavar="RUN", help="run folder")
    parser.add_argument("--output", type=Path, metavar="PNG", help="figure to write (default: RUN/plots/training.png)")
    arguments = parser.parse_args()
    output = figure.output_path(arguments.output, arguments.run, "training")
    return figure.run_script(PROGRAM, lambda: figure.save(draw(Run(arguments.run)), output))


if __name__ == "__main__":
    sys.exit(main())
