# SPDX-License-Identifier: Apache-2.0
"""Rows of the comparison as a table, as Markdown and as JSON."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib import metadata
from typing import Any

from peers.timing import spread
from peers.work import Kernel, Network

OURS = "ebmpi"
PYTORCH = ("PyTorch eager", "PyTorch compiled")
LIBRARIES = {"jax": "JAX", "ebmkit": "ebmkit", "torchebm": "TorchEBM"}


@dataclass
class Row:
    """Rates by program; of each peer also the rates of ours that were measured just before."""

    network: Network
    kernel: Kernel
    rates: dict[str, list[float]] = field(default_factory=lambda: {OURS: []})
    before: dict[str, list[float]] = field(default_factory=dict)
    styles: dict[str, str] = field(default_factory=dict)

    def add(self, peer: str, ours: float, theirs: float) -> None:
        """A pair that was measured one after the other."""
        self.rates[OURS].append(ours)
        self.before.setdefault(peer, []).append(ours)
        self.rates.setdefault(peer, []).append(theirs)

    def ratio(self, peer: str) -> tuple[float, float, float]:
        """Ours over the peer's: median, lowest and highest of the pairs."""
        return spread([ours / theirs for ours, theirs in zip(self.before[peer], self.rates[peer])])

    def faster(self, peers: tuple[str, ...]) -> str | None:
        """The fastest of some peers, None where none was timed."""
        timed = [peer for peer in peers if peer in self.rates]
        return max(timed, key=lambda peer: spread(self.rates[peer])[0], default=None)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        programs = {}
        for name, rates in self.rates.items():
            median, low, high = spread(rates)
            programs[name] = {"median": median, "lowest": low, "highest": high, "all": rates}
            if name != OURS:
                programs[name] |= dict(zip(("ratio", "ratio_lowest", "ratio_highest"), self.ratio(name)))
            if self.styles.get(name):
                programs[name]["style"] = self.styles[name]
        return {"network": self.network.name, "kernel": self.kernel.name, "unit": f"{self.kernel.unit} / s",
                "faster_pytorch": self.faster(PYTORCH), "programs": programs}


def processor() -> str:
    """Name of the processor."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            return next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), "unknown")
    except OSError:
        return platform.processor() or "unknown"


def context(program_version: list[str], torch: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """What the figures belong to."""
    versions = {}
    for package in LIBRARIES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {"date": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), "host": platform.node(),
            "processor": processor(), "cores": os.cpu_count(), "load_at_start": round(os.getloadavg()[0], 2), "ebmpi": program_version, "pytorch": torch,
            "versions": versions, **settings}


def sentence(about: dict[str, Any]) -> str:
    """The context in words."""
    torch = about["pytorch"]
    others = "".join(f", {LIBRARIES[name]} {version}" for name, version in about["versions"].items())
    return (f"{about['date'][:10]}, {about['processor']}, {about['threads']} thread(s), batch {about['samples']}, float32; "
            f"{about['ebmpi'][0]}; PyTorch {torch['version']} ({torch['blas']}, {torch['simd']}, matrix product "
            f"{torch['matrix_product_gflops']} GF/s){others}. {about['rounds']} alternating rounds of {about['seconds']} s, "
            f"medians; peers by {about['clock']} time, ebmpi by wall time. Load at the start {about['load_at_start']} on "
            f"{about['cores']} cores.")


def short(rate: float) -> str:
    """4.57 M, 196 k."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if rate >= size:
            return f"{rate / size:.3g} {unit}"
    return f"{rate:.3g}"


def cells(row: Row, peers: list[str]) -> list[str]:
    """Network, kernel, rates, ratio to the faster PyTorch with its range, ratio to the fastest of all."""
    best, fastest = row.faster(PYTORCH), row.faster(tuple(peers))
    text = [row.network.name, row.kernel.name, *(short(spread(row.rates[name])[0]) if name in row.rates else "–"
                                                 for name in (OURS, *peers))]
    for peer in (best, fastest):
        text.append("–" if peer is None else "{:.2f} ({:.2f}–{:.2f})".format(*row.ratio(peer)))
    text[-1] += "" if fastest is None else f", {fastest}"
    return text


def header(peers: list[str]) -> list[str]:
    """Of the table."""
    return ["D, H, layers", "kernel", OURS, *peers, "over the faster PyTorch", "over the fastest"]


def peers_of(rows: list[Row]) -> list[str]:
    """Every peer that was timed somewhere, in order."""
    return list(dict.fromkeys(name for row in rows for name in row.rates if name != OURS))


def table(rows: list[Row]) -> str:
    """Columns of even width."""
    peers = peers_of(rows)
    lines = [header(peers), *(cells(row, peers) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)


def markdown(rows: list[Row], about: dict[str, Any]) -> str:
    """A section for tests/benchmarks/RESULTS.md."""
    peers = peers_of(rows)
    lines = [header(peers), ["---"] * (len(peers) + 5), *(cells(row, peers) for row in rows)]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return (f"## Against PyTorch and its kin\n\n{sentence(about)}\n\n{text}\n\nSamples a second, of langevin chain steps a "
            "second; ratios with their range over the rounds. Loss, energies, scores and gradients were compared first and agree.\n")
