# SPDX-License-Identifier: Apache-2.0
"""How long a training step takes on p ranks: measured work of a rank, and what its reductions cost.

A step of a rank with n samples takes

    T(p, n) = tiles(n) w + f + max(0, R(p) - hidden) + m(p),

w being the work of a tile of 64 samples for each thread (input, chains, gradient), f what every step costs whatever n is
(optimizer, collecting the sums), R the all-reduce of the gradient in 8-byte integers, m the small one that finds the largest
addend. Efficiency is T(1, n)/T(p, n) with n fixed (weak), T(1, N)/(p T(p, N/p)) with the batch N fixed (strong).
All times in seconds, sizes in bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

TILE = 64               # samples that a thread works on together
VALUE_BYTES = 8
SMALLEST_BUCKET = 8192  # values of a bucket that is reduced by itself
REVERSE_SHARE = 2 / 3   # of a parameter gradient, 4W of its 6W operations
LATENCY_INSIDE = 1e-6   # of a message within a node; assumed
USABLE = 0.9            # of the line rate, the rest being headers and gaps


@dataclass(frozen=True)
class Link:
    """α (s) of a message, β (s) of a byte that is sent, γ (s) of a byte that is added."""

    latency: float
    per_byte: float
    per_added_byte: float = 0.0


@dataclass(frozen=True)
class Interconnect:
    """A network between nodes, and where its two numbers come from."""

    name: str
    latency: float
    gigabits: float
    source: str

    @property
    def link(self) -> Link:
        """Its α and β."""
        return Link(self.latency, 8e-9 / (USABLE * self.gigabits))


# Latencies are of MPI between two processes, and rounded up; the rates are those of the line.
INTERCONNECTS = (
    Interconnect("10 GbE, TCP", 20e-6, 10, "20 µs between applications over TCP: Hurwitz and Feng 2003, Hot Interconnects 11"),
    Interconnect("25 GbE, TCP", 15e-6, 25, "assumed: the latency of TCP lies in the operating system, here of faster hosts"),
    Interconnect("100 Gb/s InfiniBand", 2e-6, 100,
                 "HDR100 or EDR; HDR between two nodes: 1.2 µs (learn.microsoft.com/azure/virtual-machines/hbv3-performance)"),
    Interconnect("200 Gb/s Slingshot, NDR200", 3e-6, 200,
                 "assumed, for paths of three hops between switches (De Sensi et al. 2020, arXiv 2008.08886)"),
)


def recursive_doubling(ranks: int, size: float, link: Link) -> float:
    """lg p (α + nβ + nγ): fewest messages, for short ones (Thakur et al. 2005, doi:10.1177/1094342005051521).

    Numbers between two powers of two count as the next one, here and below.
    """
    return math.ceil(math.log2(ranks)) * (link.latency + size * (link.per_byte + link.per_added_byte))


def rabenseifner(ranks: int, size: float, link: Link) -> float:
    """2 lg p α + (p-1)/p n (2β + γ): halves and doubles, for long messages (Thakur et al. 2005)."""
    moved = (ranks - 1) / ranks * size
    return 2 * math.ceil(math.log2(ranks)) * link.latency + moved * (2.0 * link.per_byte + link.per_added_byte)


def ring(ranks: int, size: float, link: Link) -> float:
    """2(p-1) α + (p-1)/p n (2β + γ) (Patarasuk and Yuan 2009, doi:10.1016/j.jpdc.2008.09.002)."""
    moved = (ranks - 1) / ranks * size
    return 2 * (ranks - 1) * link.latency + moved * (2.0 * link.per_byte + link.per_added_byte)


def tree(ranks: int, size: float, link: Link) -> float:
    """lg p (2α + 2nβ + nγ): to a root and back along a binomial tree."""
    return math.ceil(math.log2(ranks)) * (2.0 * (link.latency + size * link.per_byte) + size * link.per_added_byte)


ALGORITHMS = {"recursive_doubling": recursive_doubling, "rabenseifner": rabenseifner, "ring": ring, "tree": tree}


def all_reduce(ranks: int, size: float, link: Link, algorithm: str = "best") -> float:
    """Of `size` bytes over all ranks; "best" is the quickest for that size, as MPI libraries choose. Nothing on one rank."""
    if ranks <= 1:
        return 0.0
    if algorithm != "best":
        return ALGORITHMS[algorithm](ranks, size, link)
    return min(cost(ranks, size, link) for cost in ALGORITHMS.values())


@dataclass(frozen=True)
class Machine:
    """Ranks of a node reduce over `inside` first, then the nodes over `between`."""

    between: Link
    inside: Link = Link(LATENCY_INSIDE, 0.0)
    ranks_per_node: int = 1
    algorithm: str = "best"

    def reduce(self, ranks: int, size: float) -> float:
        """All-reduce of `size` bytes."""
        within = min(ranks, self.ranks_per_node)
        nodes = math.ceil(ranks / self.ranks_per_node)
        return all_reduce(within, size, self.inside, self.algorithm) + all_reduce(nodes, size, self.between, self.algorithm)


def layer_sizes(network: tuple[int, int, int]) -> list[int]:
    """Parameters of each layer of D, H, L, the first next to the input."""
    inputs, width, depth = network
    return [inputs * width + width, *[width * width + width] * (depth - 1), width + 1]


def bucket_bytes(network: tuple[int, int, int], terms: int = 4) -> list[int]:
    """Sizes of the gradient's reductions in the order in which they start, the last layer first; then the loss terms.

    Small layers wait for the one before; the buckets with the first layer and with the terms can hide behind nothing.
    """
    buckets, values = [], 0
    sizes = layer_sizes(network)
    for layer in range(len(sizes) - 1, -1, -1):
        values += sizes[layer]
        if layer == 0 or values >= SMALLEST_BUCKET:
            buckets.append(VALUE_BYTES * values)
            values = 0
    return [*buckets, VALUE_BYTES * terms]


@dataclass(frozen=True)
class Work:
    """What was measured on one rank: seconds of a tile by phase, and of a step whatever its samples."""

    network: tuple[int, int, int]
    tile: float           # w: all that grows with the samples
    gradient_tile: float  # its gradient alone
    fixed: float          # f
    threads: int = 1

    def tiles(self, samples: float) -> int:
        """Tiles that every thread goes through; a part of a tile takes as long as a whole one."""
        return math.ceil(samples / (TILE * self.threads))

    def slowed(self, factor: float) -> Work:
        """On a core that is shared by so many."""
        return replace(self, tile=self.tile * factor, gradient_tile=self.gradient_tile * factor, fixed=self.fixed * factor)


@dataclass(frozen=True)
class Assumptions:
    """`hidden`: share of the reduction's possible overlap with the gradient; `jitter`: spread of a rank's time, relative."""

    hidden: float = 0.0
    jitter: float = 0.0


def step_time(work: Work, machine: Machine, ranks: int, samples: float, assumptions: Assumptions = Assumptions()) -> float:
    """T(p, n). The slowest of p ranks is √(2 ln p) spreads late (Gumbel 1958), and all wait for it."""
    late = 1.0 + assumptions.jitter * math.sqrt(2.0 * math.log(ranks))
    compute = work.tiles(samples) * work.tile * late + work.fixed
    return compute + exposed(work, machine, ranks, assumptions)


def exposed(work: Work, machine: Machine, ranks: int, assumptions: Assumptions = Assumptions()) -> float:
    """What of the reductions a step waits for.

    While the reverse pass of the last tile goes on, the layers that it has finished are reduced already: at most all but the
    first, and at most for as long as that pass takes.
    """
    buckets = bucket_bytes(work.network)
    times = [machine.reduce(ranks, size) for size in buckets]
    early = min(sum(times[:-2]), REVERSE_SHARE * work.gradient_tile)
    return sum(times) - assumptions.hidden * early + machine.reduce(ranks, VALUE_BYTES * control_values(work.network))


def control_values(network: tuple[int, int, int], terms: int = 4) -> int:
    """Values of the small reduction: a largest addend for each tensor and term, and the wish to stop."""
    return 2 * len(layer_sizes(network)) + terms + 1


def weak_efficiency(work: Work, machine: Machine, ranks: int, samples: float,
                    assumptions: Assumptions = Assumptions()) -> float:
    """T(1, n)/T(p, n)."""
    return step_time(work, machine, 1, samples, assumptions) / step_time(work, machine, ranks, samples, assumptions)


def strong_efficiency(work: Work, machine: Machine, ranks: int, batch: float,
                      assumptions: Assumptions = Assumptions()) -> float:
    """T(1, N)/(p T(p, N/p))."""
    own = step_time(work, machine, ranks, batch / ranks, assumptions)
    return step_time(work, machine, 1, batch, assumptions) / (ranks * own)


def line(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Slope and intercept, neither negative, of (tiles, seconds): least relative squares; one point has no intercept."""
    if len({tiles for tiles, _ in points}) < 2:
        return sum(seconds / tiles for tiles, seconds in points) / len(points), 0.0
    rows = [(tiles / seconds, 1.0 / seconds) for tiles, seconds in points]  # a·slope + b·intercept = 1
    aa, ab, bb = (sum(row[i] * row[j] for row in rows) for i, j in ((0, 0), (0, 1), (1, 1)))
    a, b = (sum(row[i] for row in rows) for i in (0, 1))
    determinant = aa * bb - ab * ab
    slope, intercept = (bb * a - ab * b) / determinant, (aa * b - ab * a) / determinant
    if intercept < 0.0:
        return a / aa, 0.0
    return (slope, intercept) if slope > 0.0 else (0.0, b / bb)
