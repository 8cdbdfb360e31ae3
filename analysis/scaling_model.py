#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Weak and strong efficiency of training on 1 to 4096 ranks, predicted from `ebmpi bench --part all --output FILE.json`.

The time of a step is taken from the file of one rank: what grows with the samples (input, chains, gradient) and what does not
(optimizer, collecting the sums). What the reductions add follows from latency and bandwidth of an interconnect, for the
quickest of the usual all-reduce algorithms. Files of runs on several ranks (--runs) are predicted too, with the cost of a reduction that
was measured in them, and shown beside what was measured.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

import figure
import scaling
from ebmpi_reader import Missing
from scaling import Assumptions, Link, Machine, Work

PROGRAM = "scaling_model"
RANKS = tuple(2**power for power in range(13))
GROWING, PER_STEP = ("input", "chains", "gradient"), ("reduction", "optimizer")
Point = tuple[int, float, float]
MARKERS = ("o", "s", "^", "D", "v")
EPILOG = """
Make the files, for P = 1, 2, 4, ..., with
  mpirun -n P ebmpi bench --part steps --part reductions --network 64,256,3 --output bP.json
(weak scaling), and with --samples 4096/P beside it (strong scaling). Several files of one rank with different --samples tell
what a step costs whatever its samples; from one file, that is taken to be the optimizer and the collecting of the sums.

More ranks than cores share the cores: compute time is then multiplied by ranks × threads / cores, and the points in the figure
are efficiencies over that. All ranks wait for each other at every reduction, so that what other programs do to one core delays
all. Measure on an idle machine: a busy one makes the work of a rank look longer, and so the efficiency better than it is.
"""


@dataclass(frozen=True)
class Measured:
    """A step of a file."""

    path: Path
    objective: str
    network: str
    batch: int
    ranks: int
    threads: int
    seconds: float
    phases: dict[str, float]
    reduction: Link | None  # α and β of a whole all-reduce over these ranks
    per_byte: float         # of memory, for one rank: s

    @property
    def samples(self) -> float:
        """Of a rank."""
        return self.batch / self.ranks

    @property
    def shape(self) -> tuple[int, int, int]:
        """D, H, L."""
        inputs, width, depth = (int(part) for part in self.network.split(","))
        return inputs, width, depth

    @property
    def tiles(self) -> int:
        """That each thread goes through."""
        return Work(self.shape, 0.0, 0.0, 0.0, self.threads).tiles(self.samples)


def read_steps(path: Path) -> list[Measured]:
    """The steps of a file that `ebmpi bench --output` wrote."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Missing(f"{path} is not JSON ({error}); write it with `ebmpi bench --output`") from error
    try:
        about, steps = document["context"], document["steps"]
        link = Link(document["latency_seconds"], document["seconds_per_byte"]) if document.get("reductions") else None
        memory = about["ranks"] / (1e9 * document["bandwidth_gb_per_s"])
        found = [Measured(path, step["objective"], step["network"], int(step["batch_size"]), int(step["ranks"]),
                          int(about["threads_per_rank"]), float(step["seconds_per_step"]),
                          {name: float(value) for name, value in step["phases"].items()}, link, memory) for step in steps]
        for step in found:
            if step.shape and not (step.seconds > 0.0 and step.ranks > 0 and step.phases.get("gradient", 0.0) > 0.0):
                raise ValueError(f"the step of {step.objective} has no time or no gradient")
    except KeyError as error:
        raise Missing(f"{path} has no {error} (it was not written by `ebmpi bench --part steps --output`, or by another "
                      "version); write it again") from error
    except (AttributeError, TypeError, ValueError, ZeroDivisionError) as error:
        raise Missing(f"{path} does not hold what `ebmpi bench --output` writes ({error}); write it again") from error
    if not found:
        raise Missing(f"{path} has no steps (nothing was measured of them); write it with `ebmpi bench --part steps`")
    return found


def choose(steps: list[Measured], objective: str | None, network: str | None) -> list[Measured]:
    """The steps of one objective and one network: those asked for, else the first."""
    wanted = network and ", ".join(network.replace(" ", "").split(","))
    chosen = [step for step in steps if objective in (None, step.objective) and wanted in (None, step.network)]
    if not chosen:
        have = ", ".join(dict.fromkeys(f"{step.objective} on {step.network}" for step in steps))
        raise Missing(f"no file has steps of {objective or 'any objective'} on {wanted or 'any network'} (they have: {have}); "
                      "choose one of those")
    return [step for step in chosen if (step.objective, step.network) == (chosen[0].objective, chosen[0].network)]


def work_of(steps: list[Measured]) -> Work:
    """What one rank does, of all files of one rank together."""
    if several := [step for step in steps if step.ranks != 1]:
        raise Missing(f"{several[0].path} was measured on {several[0].ranks} ranks (the work of one is needed); give it with "
                      "--runs, and first a file of one rank")
    if len({step.threads for step in steps}) > 1:
        raise Missing("the files of one rank differ in their threads (the model is for one number); give files of one kind")
    growing = [(step.tiles, sum(step.phases.get(name, 0.0) for name in GROWING)) for step in steps]
    tile, constant = scaling.line(growing)
    gradient = scaling.line([(step.tiles, step.phases["gradient"]) for step in steps])[0]
    outside = [step.seconds - grows[1] for step, grows in zip(steps, growing)]
    return Work(steps[0].shape, tile, gradient, constant + max(0.0, sum(outside) / len(outside)), steps[0].threads)


@dataclass(frozen=True)
class Check:
    """A run beside its prediction; `shared` is how many share a core."""

    run: Measured
    shared: float
    predicted: float
    weak_ideal: float    # T(1, n) and T(1, N)/p, on cores that are shared as much
    strong_ideal: float

    @property
    def error(self) -> float:
        """Relative, of the prediction."""
        return self.predicted / self.run.seconds - 1.0

    def point(self, ideal: float) -> Point:
        """Ranks, and the efficiency in percent as predicted and as measured."""
        return self.run.ranks, 100.0 * ideal / self.predicted, 100.0 * ideal / self.run.seconds


def check(work: Work, run: Measured, cores: int, assumptions: Assumptions) -> Check:
    """Predict a run with the reduction's α and β that were measured on its ranks."""
    shared = max(1.0, run.ranks * run.threads / cores)
    if run.ranks > 1 and run.reduction is None:
        raise Missing(f"{run.path} has no reductions (what one costs on its ranks was not measured); write it with `ebmpi bench "
                      "--part steps --part reductions`")
    slowed = work.slowed(shared)
    predicted = scaling.step_time(slowed, Whole(run.reduction or Link(0.0, 0.0)), run.ranks, run.samples, assumptions)
    alone = [slowed.tiles(samples) * slowed.tile + slowed.fixed for samples in (run.samples, run.batch)]
    return Check(run, shared, predicted, alone[0], alone[1] / run.ranks)


@dataclass(frozen=True)
class Whole:
    """Ranks whose all-reduce was measured as a whole: α + β n."""

    link: Link

    def reduce(self, ranks: int, size: float) -> float:
        """Seconds for `size` bytes."""
        return 0.0 if ranks == 1 else self.link.latency + self.link.per_byte * size


def machines(arguments: argparse.Namespace) -> dict[str, Machine]:
    """One for each interconnect; adding a byte reads two and writes one, handing one on in memory writes and reads it."""
    added, inside = 3.0 * arguments.memory, Link(scaling.LATENCY_INSIDE, 2.0 * arguments.memory, 3.0 * arguments.memory)
    return {each.name: Machine(replace(each.link, per_added_byte=added), inside, arguments.ranks_per_node, arguments.algorithm)
            for each in scaling.INTERCONNECTS}


@dataclass(frozen=True)
class Lines:
    """Efficiencies of each interconnect at RANKS."""

    weak: dict[str, list[float]]
    strong: dict[str, list[float]]
    strong_ranks: list[int]  # as long as every thread has a tile


def lines(work: Work, arguments: argparse.Namespace) -> Lines:
    """Both predictions."""
    assumptions = Assumptions(arguments.hidden, arguments.jitter)
    most = arguments.batch // (scaling.TILE * work.threads)
    ranks = [p for p in RANKS if p <= max(1, most)]
    by_name = machines(arguments)
    return Lines({name: [scaling.weak_efficiency(work, machine, p, arguments.samples, assumptions) for p in RANKS]
                  for name, machine in by_name.items()},
                 {name: [scaling.strong_efficiency(work, machine, p, arguments.batch, assumptions) for p in ranks]
                  for name, machine in by_name.items()}, ranks)


def print_lines(title: str, ranks: list[int], values: dict[str, list[float]]) -> None:
    """A table in percent at every second power of two."""
    shown = [i for i, p in enumerate(ranks) if p.bit_length() % 2 == 1]
    print(f"\n{title}, in percent")
    print(f"{'ranks':<28}" + "".join(f"{ranks[i]:>8}" for i in shown))
    for name, line in values.items():
        print(f"{name:<28}" + "".join(f"{100.0 * line[i]:8.1f}" for i in shown))


def print_target(work: Work, arguments: argparse.Namespace) -> None:
    """Weak efficiency at the number of ranks that was asked for."""
    assumptions = Assumptions(arguments.hidden, arguments.jitter)
    print(f"\nweak efficiency at {arguments.ranks} ranks (target {arguments.target:.0%})")
    for each, machine in zip(scaling.INTERCONNECTS, machines(arguments).values()):
        efficiency = scaling.weak_efficiency(work, machine, arguments.ranks, arguments.samples, assumptions)
        waited = scaling.exposed(work, machine, arguments.ranks, assumptions)
        verdict = "reached" if efficiency >= arguments.target else "missed"
        print(f"  {each.name:<28}{efficiency:7.2%}  {verdict}, {1e3 * waited:.3g} ms of reductions; {1e6 * each.latency:g} µs, "
              f"{scaling.USABLE * each.gigabits / 8:.3g} GB/s ({each.source})")


def print_checks(checks: list[Check], cores: int) -> None:
    """Predicted against measured step times."""
    print(f"\nruns on {cores} cores: more ranks than cores share them, so that compute time is multiplied by ranks / cores")
    print(f"{'ranks':>6}{'samples a rank':>16}{'shared by':>11}{'measured ms':>13}{'predicted ms':>14}{'error':>9}")
    for each in checks:
        print(f"{each.run.ranks:>6}{each.run.samples:>16.0f}{each.shared:>11.1f}{1e3 * each.run.seconds:>13.2f}"
              f"{1e3 * each.predicted:>14.2f}{each.error:>+9.1%}")
    print(f"largest error {max(abs(each.error) for each in checks):.1%}")


def draw(axes: Axes, title: str, ranks: list[int], values: dict[str, list[float]], points: list[Point],
         target: float | None) -> None:
    """Lines of the interconnects, points of the runs."""
    for i, (name, line) in enumerate(values.items()):
        axes.plot(ranks, [100.0 * value for value in line], figure.LINE_STYLES[i % len(figure.LINE_STYLES)], label=name,
                  color=figure.COLOURS[i], marker=MARKERS[i], markersize=3.5, linewidth=1.5)
    if points:
        x, predicted, measured = zip(*points)
        axes.plot(x, predicted, "o", color=figure.BLACK, markerfacecolor="none", markersize=9, label="runs, predicted")
        axes.plot(x, measured, "x", color=figure.BLACK, markersize=7, markeredgewidth=1.8, label="runs, measured")
    if target is not None:
        axes.axhline(100.0 * target, color="0.4", linestyle=":", label=f"{target:.0%}")
    axes.set_xscale("log", base=2)
    axes.set_xticks(ranks[::2], [str(p) for p in ranks[::2]])
    axes.set(title=title, xlabel="ranks", ylabel="efficiency (%)", ylim=(0.0, max(112.0, axes.get_ylim()[1])))
    axes.legend(loc="lower left")


def plot(chosen: Measured, predicted: Lines, checks: list[Check], arguments: argparse.Namespace) -> None:
    """Weak and strong efficiency side by side, as PNG and as SVG."""
    canvas, axes = plt.subplots(1, 2, figsize=(11.0, 4.6))
    weak = [each.point(each.weak_ideal) for each in checks if each.run.samples == chosen.samples]
    strong = [each.point(each.strong_ideal) for each in checks if each.run.batch == chosen.batch]
    draw(axes[0], f"Weak: {arguments.samples} samples a rank", list(RANKS), predicted.weak, weak, arguments.target)
    draw(axes[1], f"Strong: batch {arguments.batch}" + (f" (runs: {chosen.batch})" if strong else ""), predicted.strong_ranks,
         predicted.strong, strong, None)
    canvas.suptitle(f"{chosen.objective.replace('_', ' ')} on {chosen.network}: predicted from one rank of {chosen.threads} "
                    f"thread(s), {100.0 * arguments.hidden:g} % of the possible overlap", fontsize="medium")
    output = figure.output_path(arguments.output, chosen.path, "scaling")
    for ending in (".png", ".svg"):
        figure.save(canvas, output.with_suffix(ending))


def predict(arguments: argparse.Namespace) -> None:
    """Read, predict, check, draw."""
    steps = choose([step for path in arguments.documents for step in read_steps(path)], arguments.objective, arguments.network)
    work = work_of(steps)
    first = max(steps, key=lambda step: step.batch)
    arguments.samples = arguments.samples or int(first.samples)
    arguments.batch = arguments.batch or 64 * arguments.samples
    arguments.memory = first.per_byte
    assumptions, buckets = Assumptions(arguments.hidden, arguments.jitter), scaling.bucket_bytes(work.network)
    print(f"{first.objective} on {first.network}, {first.threads} thread(s) a rank: {1e6 * work.tile:.4g} µs a tile of "
          f"{scaling.TILE} samples, {1e6 * work.fixed:.4g} µs a step whatever its samples, "
          f"{sum(buckets) / 1e6:.3g} MB to reduce in {len(buckets)} pieces")
    predicted = lines(work, arguments)
    print_lines(f"weak efficiency, {arguments.samples} samples a rank", list(RANKS), predicted.weak)
    print_lines(f"strong efficiency, batch {arguments.batch}", predicted.strong_ranks, predicted.strong)
    print_target(work, arguments)
    runs = [step for path in arguments.runs for step in read_steps(path)
            if (step.objective, step.network) == (first.objective, first.network)]
    if arguments.runs and not runs:
        raise Missing(f"the files of --runs have no {first.objective} on {first.network} (only that is predicted here); choose "
                      "another with --objective and --network")
    checks = [check(work, run, arguments.cores, assumptions) for run in sorted(runs, key=lambda run: (run.batch, run.ranks))]
    if checks:
        print_checks(checks, arguments.cores)
    plot(first, predicted, checks, arguments)


def main() -> int:
    """Parse the command line and predict."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__, epilog=EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", type=Path, nargs="+", metavar="FILE.json", help="of `ebmpi bench --output` on one rank")
    parser.add_argument("--runs", type=Path, nargs="+", default=[], metavar="FILE.json",
                        help="of runs on several ranks, to check with")
    parser.add_argument("--objective", help="as `ebmpi bench` names it (default: the first in the file)")
    parser.add_argument("--network", metavar="D,H,L", help="default: the first in the file")
    parser.add_argument("--samples", type=int, help="of a rank, weak scaling (default: those of the file)")
    parser.add_argument("--batch", type=int, help="strong scaling (default: 64 times the samples of a rank)")
    parser.add_argument("--hidden", type=float, default=0.0, metavar="SHARE",
                        help="of the reduction that could go on behind the gradient's last tile (0 to 1; default: %(default)s)")
    parser.add_argument("--jitter", type=float, default=0.0,
                        help="spread of the ranks' compute times, relative (default: %(default)s)")
    parser.add_argument("--ranks-per-node", type=int, default=1, help="that share a connection (default: %(default)s)")
    parser.add_argument("--algorithm", choices=("best", *scaling.ALGORITHMS), default="best",
                        help="of the all-reduce (default: the quickest for each size)")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), help="of the machine of --runs (default: of this one)")
    parser.add_argument("--ranks", type=int, default=1024, help="at which the target is asked for (default: %(default)s)")
    parser.add_argument("--target", type=float, default=0.95, help="weak efficiency (default: %(default)s)")
    parser.add_argument("--output", type=Path, metavar="PNG",
                        help="figure; an SVG goes beside it (default: beside the first file)")
    arguments = parser.parse_args()
    counts = (arguments.samples or 1, arguments.batch or 1, arguments.ranks_per_node, arguments.cores, arguments.ranks)
    if min(counts) < 1 or not 0.0 <= arguments.hidden <= 1.0 or arguments.jitter < 0.0:
        parser.error("numbers of samples, ranks and cores are positive, --hidden lies from 0 to 1, --jitter is not negative")
    return figure.run_script(PROGRAM, lambda: predict(arguments))


if __name__ == "__main__":
    sys.exit(main())
