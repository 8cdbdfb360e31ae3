#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Scores of `ebmpi anomaly`: histogram with the threshold, and the ROC curve where there are labels, else the p-values."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

import h5py
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

import figure
from input_files import Missing, open_hdf5, text_of

PROGRAM = "plot_anomaly"
BINS = 60
OUTLIERS = 0.002  # share of each side of the scores that is gathered in the last bin
KINDS = {"energy": "energy E (dimensionless)", "norm": "‖∇E‖ (1 / unit)"}
LEGEND_ROOM = 1.35  # height of the axes over that of the histograms, so that the legend covers nothing


@dataclass(frozen=True)
class Scores:
    """Scores of the tested rows (N) and of held-out normal rows (M); a high score is an anomaly."""

    tested: np.ndarray
    normal: np.ndarray | None
    p_value: np.ndarray | None
    anomalous: np.ndarray | None  # (N) bool, from the labels
    attributes: dict[str, float]
    kind: str  # "energy" or "norm"


def load(path: Path) -> Scores:
    """Read the file that `ebmpi anomaly` wrote."""
    with open_hdf5(path) as file:
        def optional(name: str) -> np.ndarray | None:
            return file[name][()] if isinstance(file.get(name), h5py.Dataset) else None

        tested, labels = optional("score"), optional("y")
        if tested is None or not len(tested):
            raise Missing(f"{path} has no /score (it has: {', '.join(file) or 'nothing'}); write it with `ebmpi anomaly`")
        for name, values in (("p_value", optional("p_value")), ("y", labels)):
            if values is not None and len(values) != len(tested):
                raise Missing(f"{path} has {len(values)} values in /{name} for {len(tested)} scores (they belong to the same "
                              "rows); write the file again with `ebmpi anomaly`")
        numbers = {name: float(value) for name, value in file.attrs.items() if is_number(value)}
        return Scores(tested.astype(float), optional("normal/score"), optional("p_value"),
                      None if labels is None else labels != 0, numbers, text_of(file.attrs.get("score_kind", "energy")))


def is_number(value: object) -> bool:
    """Whether an attribute is a number."""
    return isinstance(value, (int, float, np.integer, np.floating))


def roc_curve(score: np.ndarray, anomalous: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates from the highest threshold to the lowest; equal scores move together."""
    order = np.argsort(-score, kind="stable")
    last_of_equal = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    true = np.append(0, np.cumsum(anomalous[order])[last_of_equal])
    false = np.append(0, np.cumsum(~anomalous[order])[last_of_equal])
    return false / false[-1], true / true[-1]


def area(false: np.ndarray, true: np.ndarray) -> float:
    """Area under the ROC curve: the chance that an anomalous row scores above a normal one, ties counting half."""
    return float(np.sum(np.diff(false) * (true[1:] + true[:-1]) / 2.0))


def threshold_of(scores: Scores, level: float) -> float | None:
    """The file's own threshold, else the score that a share `level` of the normal rows exceeds."""
    if "threshold" in scores.attributes:
        return scores.attributes["threshold"]
    if scores.normal is None or not len(scores.normal):
        return None
    return float(np.quantile(scores.normal, 1.0 - level))


def groups(scores: Scores) -> list[tuple[np.ndarray, str, str]]:
    """Values, label and colour of each histogram."""
    if scores.anomalous is None:
        parts = [(scores.tested, "tested rows", figure.VERMILION)]
    else:
        parts = [(scores.tested[~scores.anomalous], "tested, labelled normal", figure.BLUE),
                 (scores.tested[scores.anomalous], "tested, labelled anomalous", figure.VERMILION)]
    if scores.normal is not None:
        parts.insert(0, (scores.normal, "held-out normal rows", "0.6"))
    return [(values, f"{label} ({len(values)})", colour) for values, label, colour in parts if len(values)]


def draw_histogram(axes: Axes, scores: Scores, threshold: float | None, level: float) -> None:
    """Normalised histograms of the scores; what lies beyond the range is in its last bins."""
    parts = groups(scores)
    pooled = [np.quantile(values, (OUTLIERS, 1.0 - OUTLIERS)) for values, _, _ in parts]
    low, high = min(ends[0] for ends in pooled), max(ends[1] for ends in pooled)
    bins = np.linspace(low, high, BINS + 1) if low < high else np.linspace(low - 0.5, low + 0.5, BINS + 1)
    for values, label, colour in parts:
        filled = colour == "0.6"
        axes.hist(np.clip(values, low, high), bins, density=True, color=colour, label=label, linewidth=1.6,
                  alpha=0.5 if filled else 1.0, histtype="stepfilled" if filled else "step")
    if threshold is not None:
        text = f"threshold {threshold:.4g}"
        if "threshold" not in scores.attributes:
            text += f" ({100.0 * level:g} % of normal rows above)"
        axes.axvline(threshold, ymax=1.0 / LEGEND_ROOM, color=figure.BLACK, linestyle="--", linewidth=1.2, label=text)
    axes.set(title="Scores", xlabel=f"score: {KINDS.get(scores.kind, scores.kind)}; high is anomalous", ylabel="density",
             ylim=(0.0, LEGEND_ROOM * axes.get_ylim()[1]))
    axes.legend(loc="upper left")


def draw_roc(axes: Axes, scores: Scores, threshold: float | None) -> None:
    """ROC curve with the point at the threshold."""
    false, true = roc_curve(scores.tested, scores.anomalous)
    auroc = scores.attributes.get("auroc", area(false, true))
    axes.plot(false, true, color=figure.BLUE, linewidth=1.8, label=f"AUROC {auroc:.4f}")
    axes.plot([0.0, 1.0], [0.0, 1.0], color="0.5", linestyle=":", linewidth=1.0, label="chance")
    if threshold is not None:
        above = scores.tested > threshold
        point = above[~scores.anomalous].mean(), above[scores.anomalous].mean()
        axes.plot(*point, "o", color=figure.VERMILION, label=f"at the threshold: {point[1]:.1%} found, {point[0]:.1%} false")
    precision = scores.attributes.get("average_precision")
    title = "ROC curve" if precision is None else f"ROC curve (average precision {precision:.4f})"
    axes.set(title=title, xlabel="false positive rate", ylabel="true positive rate", aspect="equal")
    axes.legend(loc="lower right")


def draw_p_values(axes: Axes, p_value: np.ndarray, level: float) -> None:
    """Histogram of p-values; for normal rows it is flat."""
    axes.hist(p_value, np.linspace(0.0, 1.0, 41), density=True, color=figure.BLUE)
    axes.axhline(1.0, color="0.4", linestyle=":", label="normal rows (uniform)")
    axes.axvline(level, color=figure.BLACK, linestyle="--", label=f"p = {level:g}: {np.mean(p_value < level):.1%} below")
    axes.set(title="p-values of the tested rows", xlabel="p-value", ylabel="density", xlim=(0.0, 1.0))
    axes.legend(loc="best")


def plot(scores: Scores, level: float, title: str, output: Path) -> None:
    """Draw the histogram and, as far as the file allows, the ROC curve or the p-values."""
    both = scores.anomalous is not None and 0 < scores.anomalous.sum() < len(scores.anomalous)
    second = both or scores.p_value is not None
    canvas, axes = plt.subplots(1, 2 if second else 1, figsize=(12.0 if second else 6.5, 4.9), squeeze=False)
    threshold = threshold_of(scores, level)
    draw_histogram(axes[0, 0], scores, threshold, level)
    if both:
        draw_roc(axes[0, 1], scores, threshold)
    elif second:
        draw_p_values(axes[0, 1], scores.p_value, level)
    canvas.suptitle(title)
    figure.save(canvas, output)


def main() -> int:
    """Parse the command line and draw."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__)
    parser.add_argument("scores", type=Path, metavar="SCORES.h5", help="file written by `ebmpi anomaly`")
    parser.add_argument("--level", type=float, default=0.05,
                        help="share of normal rows above the threshold, where the file has none (default: %(default)s)")
    parser.add_argument("--output", type=Path, metavar="PNG",
                        help="figure to write (default: SCORES-anomaly.png beside the file)")
    arguments = parser.parse_args()
    if not 0.0 < arguments.level < 1.0:
        parser.error("--level must lie between 0 and 1")
    output = figure.output_path(arguments.output, arguments.scores, "anomaly")
    return figure.run_script(
        PROGRAM, lambda: plot(load(arguments.scores), arguments.level, arguments.scores.name, output))


if __name__ == "__main__":
    sys.exit(main())
