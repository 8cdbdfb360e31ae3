#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Times PyTorch and, where they are installed, JAX, ebmkit and TorchEBM on the work of `ebmpi bench`, in turn with it.

First energies, scores, losses and gradients are compared; where they differ, the script says so and stops. Then each round
times ebmpi and a peer one after the other, for every peer; a ratio is of such a pair. What is timed: Langevin steps, contrastive divergence with ten of them, and the
parameter gradients of the other losses, without the optimizer, on the networks D, H, layers with SiLU and one output.
PyTorch's losses are written in several ways, of which the fastest counts; torch.compile gets the whole gradient.
Needs PyTorch, NumPy and h5py in the Python that runs it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import console
from ebmpi_reader import Missing
from peers import report, timing, work
from peers.program import Program, command_line
from peers.report import Row
from peers.work import Kernel, Network

PROGRAM = "compare_peers"
PEERS = ("eager", "compiled", "jax", "ebmkit", "torchebm")
MODULES = {"jax": "jax", "ebmkit": "ebm", "torchebm": "torchebm"}
EPILOG = """
--ebmpi takes a command line, so that the program may live in another environment than PyTorch:
  venv/bin/python analysis/compare_peers.py --ebmpi "cmake/toolchain.sh build/release/bin/ebmpi"
Without it, the variable EBMPI and then PATH are asked.

Clocks: ebmpi bench measures wall time. On one thread the peers are measured by processor time, so that a busy machine makes
ebmpi look slower, never faster; with --clock wall it disturbs both. With more threads wall time is the only sensible one.
Debian's PyTorch uses OpenBLAS, which gets OPENBLAS_CORETYPE=SKYLAKEX on processors with AVX-512 unless the variable is set:
try HASWELL too, and count the faster. One run of everything takes about half an hour, most of it torch.compile.
Exit codes: 0 done; 2 something is missing, or the numbers differ; 4 a file cannot be written.
"""


def note(text: str) -> None:
    """Progress and warnings, on stderr."""
    print(f"{PROGRAM}: {text}", file=sys.stderr, flush=True)


def prepare(threads: int) -> None:
    """Threads, processors and BLAS kernels, which must be set before PyTorch and JAX are loaded."""
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(threads)
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file() and "avx512f" in cpuinfo.read_text(encoding="utf-8"):
        os.environ.setdefault("OPENBLAS_CORETYPE", "SKYLAKEX")
    if threads == 1:
        os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    if hasattr(os, "sched_setaffinity"):  # JAX has no other way to be told a number of threads
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-threads:])
    warnings.filterwarnings("ignore", module="torch.*")


def make_peers(wanted: list[str], threads: int) -> list[Any]:
    """The peers that can run here; PyTorch must."""
    if find_spec("torch") is None:
        raise Missing("PyTorch is not installed in this Python (it is what ebmpi is compared with); install torch, numpy and "
                      "h5py, or run the script with a Python that has them")
    try:
        from peers import torch_peer
    except ImportError as error:
        raise Missing(f"PyTorch cannot be imported ({error}); run the script with a Python that has it") from error
    peers: list[Any] = [torch_peer.TorchPeer(threads)]
    if "compiled" in wanted:
        if obstacle := torch_peer.CompiledPeer.obstacle():
            note(f"compiled is left out: {obstacle}")
        else:
            peers.append(torch_peer.CompiledPeer(threads))
    for name in (name for name in wanted if name in MODULES):
        if find_spec(MODULES[name]) is None:
            note(f"{name} is left out: it is not installed")
        else:
            peers.append(make_library(name))
    return peers


def make_library(name: str) -> Any:
    """JAX, ebmkit or TorchEBM."""
    if name == "jax":
        from peers.jax_peer import JaxPeer

        return JaxPeer()
    from peers import library_peers

    return library_peers.EbmkitPeer() if name == "ebmkit" else library_peers.TorchebmPeer()


class Comparison:
    """All that is asked of one run of the script."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.clock = arguments.clock or ("cpu" if arguments.threads == 1 else "wall")
        self.peers = make_peers(arguments.peer or list(PEERS), arguments.threads)
        self.program = Program(command_line(arguments.ebmpi), arguments.threads)
        self.findings: list[Any] = []
        self.rows: list[Row] = []
        from peers.torch_peer import describe

        note(self.program.version[0])
        self.about = report.context(self.program.version, describe(), {
            "threads": arguments.threads, "samples": arguments.samples, "rounds": arguments.rounds,
            "seconds": arguments.seconds, "clock": self.clock, "openblas_coretype": os.environ.get("OPENBLAS_CORETYPE", "")})
        if self.about["load_at_start"] > os.cpu_count() * 0.5:
            slower = "both" if self.clock == "wall" else "ebmpi"
            note(f"the machine is busy (load {self.about['load_at_start']}), which makes {slower} look slower; use an idle one")

    def run(self) -> None:
        """Every network: compare, then time."""
        with tempfile.TemporaryDirectory(prefix="ebmpi-peers-") as folder:
            for network in self.arguments.network:
                self.run_network(network, Path(folder))

    def run_network(self, network: Network, folder: Path) -> None:
        """Compare ebmpi with PyTorch, then each peer; then time."""
        from peers import agreement

        kernels = [kernel for kernel in work.KERNELS if kernel.suits(network)
                   and (not self.arguments.kernel or kernel.name in self.arguments.kernel)]
        note(f"{network.name}: comparing numbers")
        findings, tensors = agreement.check(self.program, network, kernels, folder)
        for peer in self.peers:
            if hasattr(peer, "vector") and peer.name != "PyTorch compiled":
                findings += agreement.check_losses(network, kernels, peer, tensors)
        self.accept(findings)
        if self.arguments.check_only:
            return
        x = np.random.default_rng(5).standard_normal((self.arguments.samples, network.inputs))
        for peer in self.peers:
            peer.load(tensors, x)
        for kernel in kernels:
            self.time(network, kernel)

    def accept(self, findings: list[Any]) -> None:
        """Stop where numbers differ."""
        from peers import agreement

        self.findings += findings
        agreement.insist(findings)

    def tasks(self, network: Network, kernel: Kernel) -> dict[str, Any]:
        """What each peer does for a kernel, once its numbers are known to be right."""
        from peers import agreement

        reference, found = self.peers[0], {}
        for peer in self.peers:
            try:
                task = peer.task(kernel.name)
                if task is None:
                    continue
                if hasattr(peer, "value"):
                    if kernel.name != "langevin":
                        self.accept([agreement.check_library(network, kernel, peer, reference)])
                elif peer is not reference and kernel.name == "langevin":
                    self.accept([agreement.check_slope(network, peer, reference)])
                elif peer.name == "PyTorch compiled":
                    self.accept(agreement.check_compiled(network, kernel, peer, reference))
                found[peer.name] = task
            except (RuntimeError, NotImplementedError, TypeError, AttributeError) as error:
                text = " ".join(str(error).split())[:200]
                note(f"{peer.name} cannot do {kernel.name} on {network.name} ({type(error).__name__}: {text}); it is left out")
        return found

    def time(self, network: Network, kernel: Kernel) -> None:
        """Rounds of ours, peer, ours, peer, …"""
        tasks = self.tasks(network, kernel)
        row = Row(network, kernel)
        items = self.arguments.samples * (work.CHAIN_STEPS if kernel.name == "langevin" else 1)
        for _ in range(self.arguments.rounds):
            for name, task in tasks.items():
                ours = self.ours(network, kernel)
                row.add(name, ours, timing.rate(task, items, self.arguments.seconds, self.clock))
        row.styles = {peer.name: peer.style[kernel.name] for peer in self.peers if kernel.name in getattr(peer, "style", {})}
        self.rows.append(row)
        shown = ", ".join(f"{name} {report.short(timing.spread(rates)[0])}" for name, rates in row.rates.items())
        note(f"{network.name}: {kernel.name}: {shown}")

    def ours(self, network: Network, kernel: Kernel) -> float:
        """Items a second of ebmpi; an item that goes through several kernels takes the sum of their times."""
        names = [name for name, _ in kernel.parts]
        rates = self.program.rates(network, names, self.arguments.seconds, self.arguments.samples)
        return 1.0 / sum(times / rates[name] for name, times in kernel.parts)

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {"context": self.about, "agreement": [vars(finding) for finding in self.findings],
                "rows": [row.document() for row in self.rows]}


def compare(arguments: argparse.Namespace) -> None:
    """Run and print."""
    prepare(arguments.threads)
    comparison = Comparison(arguments)
    comparison.run()
    print(report.sentence(comparison.about))
    if arguments.check_only:
        print("\n".join(map(str, comparison.findings)))
    else:
        for kernel in {row.kernel.name: row.kernel for row in comparison.rows}.values():
            print(f"  {kernel.name}: {kernel.does}")
        print(report.table(comparison.rows))
    print(f"{len(comparison.findings)} comparisons of numbers, all agree")
    if arguments.json:
        arguments.json.write_text(json.dumps(comparison.document(), indent=1) + "\n", encoding="utf-8")
    if arguments.markdown:
        arguments.markdown.write_text(report.markdown(comparison.rows, comparison.about), encoding="utf-8")


def network(text: str) -> Network:
    """D,H,L."""
    numbers = [int(part) for part in text.split(",")]
    if len(numbers) != 3 or min(numbers) < 1:
        raise ValueError(text)
    return Network(*numbers)


def main() -> int:
    """Parse the command line and compare."""
    parser = argparse.ArgumentParser(prog=PROGRAM, description=__doc__, epilog=EPILOG,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ebmpi", metavar="COMMAND", help="the program, as a path or as a command line")
    parser.add_argument("--network", type=network, action="append", metavar="D,H,L",
                        help="inputs, width and number of hidden layers; may be repeated (default: "
                        f"{' '.join(each.argument for each in work.NETWORKS)})")
    parser.add_argument("--kernel", action="append", choices=[kernel.name for kernel in work.KERNELS],
                        help="only these rows; may be repeated")
    parser.add_argument("--peer", action="append", choices=PEERS, help="only these, and eager PyTorch; may be repeated")
    parser.add_argument("--threads", type=int, default=1, help="of ebmpi and of every peer (default: %(default)s)")
    parser.add_argument("--samples", type=int, default=4096, help="batch, or chains (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each measurement (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="of ebmpi and all peers in turn (default: %(default)s)")
    parser.add_argument("--clock", choices=tuple(timing.CLOCKS), help="of the peers (default: cpu on one thread, else wall)")
    parser.add_argument("--check-only", action="store_true", help="compare the numbers and stop")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure and what it belongs to")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write a section for tests/benchmarks/RESULTS.md")
    arguments = parser.parse_args()
    if min(arguments.threads, arguments.samples, arguments.rounds) < 1 or not arguments.seconds > 0.0:
        parser.error("--threads, --samples, --rounds and --seconds must be positive")
    arguments.network = arguments.network or list(work.NETWORKS)
    return console.run_script(PROGRAM, lambda: compare(arguments))


if __name__ == "__main__":
    sys.exit(main())
