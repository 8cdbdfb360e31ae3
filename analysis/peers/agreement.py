# SPDX-License-Identifier: Apache-2.0
"""Whether ebmpi and PyTorch compute the same numbers; a comparison of speed means nothing otherwise.

ebmpi takes two steps of plain gradient descent with a learning rate of 1 on a batch of all rows, so that the difference of its
two checkpoints is the gradient of the second step. Exact score matching has no random numbers: loss and gradient must agree
to float accuracy with the twins of reference/ in float64. The other losses draw their own numbers on either side, so that ours
must lie among those that PyTorch gets for the same parameters and many draws.
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch

from ebmpi_reader import Checkpoint, Missing
from peers import torch_losses, work
from peers.library_peers import LibraryPeer, expected_value
from peers.program import Program
from peers.torch_peer import TorchPeer, to_tensor
from peers.work import Array, Kernel, Network

sys.path.append(str(Path(__file__).resolve().parents[1] / "reference"))
import torch_objectives  # noqa: E402  (the twins import one another by their bare names)

FLOAT_ERROR = 2e-5     # of energies and scores, relative to the largest
GRADIENT_ERROR = 2e-4  # of a gradient's norm, relative
DRAWS = 16             # of PyTorch's random numbers
DEVIATIONS = 6.0       # of the draws' spread: by chance less than once in ten thousand comparisons
FARTHEST = 2.0         # times as far from the mean gradient as the farthest draw
CONFIG = """
[run]
steps = 2
output = "{output}"
log_every = 1
checkpoint_every = 1
validate_every = 0
[data]
file = "{file}"
standardize = false
validation_fraction = 0.0
[network]
hidden = {hidden}
[objective]
{objective}
[sampler]
{sampler}
step_size = 0.01
[optimizer]
kind = "sgd"
learning_rate = 1.0
batch_size = {rows}
"""
TWINS = {"denoising": torch_objectives.denoising_score_matching, "sliced": torch_objectives.sliced_score_matching,
         "sliced_reduced": torch_objectives.sliced_score_matching, "exact": torch_objectives.score_matching,
         "noise_contrast": torch_objectives.binary_contrast, "energy_discrepancy": torch_objectives.energy_discrepancy,
         "cd10": torch_objectives.contrastive_divergence}


@dataclass(frozen=True)
class Finding:
    """One comparison: the error and the most that it may be, both relative or in standard errors."""

    network: str
    what: str
    error: float
    limit: float
    meaning: str

    @property
    def agrees(self) -> bool:
        """False for NaN too."""
        return self.error <= self.limit

    def __str__(self) -> str:
        return f"{self.network:<12} {self.what:<34} {self.error:9.2g} (at most {self.limit:g}, {self.meaning})"


def whitened_rows(rows: int, columns: int, seed: int = 1) -> Array:
    """Rows (N, D) in float32 of mean 0 and, where N > D, covariance I: the noise that is fitted to them is N(0, I)."""
    x = np.random.default_rng(seed).standard_normal((rows, columns))
    x -= x.mean(axis=0)
    if rows > columns:
        values, vectors = np.linalg.eigh(x.T @ x / rows)
        x = x @ (vectors / np.sqrt(values)) @ vectors.T
    return x.astype(np.float32)


def rows_for(kernel: str, network: Network) -> int:
    """As many as are quick to compare: on the narrow networks enough to tell σ = 0.15 from 0.1 or t = 0.12 from 0.09."""
    if kernel == "exact":
        return 256 if network.inputs <= work.MOST_EXACT_INPUTS else 16
    return 8192 if network.width <= 128 else max(512, 2 * network.inputs)


def relative(found: Array, expected: Array) -> float:
    """Norm of the difference over the norm expected."""
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def flat(tensors: list[Array]) -> Array:
    """One vector (P) in float64."""
    return np.concatenate([np.ravel(np.asarray(tensor, dtype=np.float64)) for tensor in tensors])


@dataclass(frozen=True)
class Step:
    """The second of the two steps: tensors before it, its gradient (P) and loss, its rows, its checkpoint."""

    tensors: list[Array]
    gradient: Array
    loss: float
    x: Array
    checkpoint: Path


def train(program: Program, network: Network, kernel: Kernel, folder: Path) -> Step:
    """Let ebmpi take the two steps."""
    name = f"{kernel.name}-{network.argument.replace(',', '-')}"
    run, data, config = folder / name, folder / f"{name}.h5", folder / f"{name}.toml"
    x = whitened_rows(rows_for(kernel.name, network), network.inputs)
    with h5py.File(data, "w") as file:
        file["x"] = x
    sampler = f'steps = {work.CHAIN_STEPS}\nstart = "noise"' if kernel.name == "cd10" else ""
    config.write_text(CONFIG.format(output=run, file=data, hidden=[network.width] * network.depth, rows=len(x),
                                    objective=kernel.objective, sampler=sampler))
    program("train", config)
    before, after = (Checkpoint(run / "checkpoints" / f"step-{step:09d}.h5") for step in (1, 2))
    tensors = in_order(before.tensors("last"))
    with open(run / "metrics.csv", encoding="utf-8") as file:
        loss = float(list(csv.DictReader(file))[-1]["loss"])
    return Step(tensors, flat(tensors) - flat(in_order(after.tensors("last"))), loss, x, after.path)


def in_order(tensors: dict[str, Array]) -> list[Array]:
    """Weight and bias of each layer, then the log normaliser if there is one."""
    layers = sum(name.startswith("layers.") for name in tensors) // 2
    names = [f"layers.{n}.{part}" for n in range(layers) for part in ("weight", "bias")]
    return [tensors[name] for name in (*names, *(["log_normalizer"] if "log_normalizer" in tensors else []))]


def twin(kernel: str, tensors: list[Array], given: work.Arrays) -> tuple[float, Array]:
    """Loss and gradient (P) of reference/torch_objectives.py in float64."""
    leaves = [torch.tensor(np.asarray(tensor, dtype=np.float64), requires_grad=True) for tensor in tensors]
    values = {key: torch.tensor(np.asarray(value, dtype=np.float64)) for key, value in given.items()}
    count = 2 * (len(leaves) // 2)
    if count < len(leaves):
        values["log_normalizer"] = leaves[-1]
    loss = TWINS[kernel](torch_objectives.Model("silu", leaves[:count]), values)["loss"]
    return float(loss.detach()), flat([g.numpy() for g in torch.autograd.grad(loss, leaves, materialize_grads=True)])


def check_energies(program: Program, network: Network, step: Step, folder: Path) -> list[Finding]:
    """Energies and scores of `ebmpi energy` against PyTorch's for the parameters that analysis/ reads, in float32 both."""
    rows, output = folder / f"{step.checkpoint.parent.parent.name}-rows.h5", folder / "energies.h5"
    x = whitened_rows(512, network.inputs, seed=2)
    with h5py.File(rows, "w") as file:
        file["x"] = x
    program("energy", step.checkpoint, "--data", rows, "--output", output, "--parameters", "last", "--score")
    with h5py.File(output) as file:
        energy, score = file["energy"][()], file["score"][()]
    output.unlink()
    peer = TorchPeer(torch.get_num_threads())
    peer.load(in_order(Checkpoint(step.checkpoint).tensors("last")), x)
    theirs = [torch_losses.energy(peer.parameters, peer.x).numpy(), -peer.slope_vector().reshape(x.shape)]
    return [Finding(network.name, what, float(np.abs(ours - other).max() / np.abs(other).max()), FLOAT_ERROR, "of the largest")
            for what, ours, other in zip(("energies of 512 rows", "scores of 512 rows"), (energy, score), theirs)]


def check_exact(network: Network, step: Step) -> list[Finding]:
    """Loss and gradient of exact score matching, float32 against float64."""
    loss, gradient = twin("exact", step.tensors, work.draws("exact", step.x, np.random.default_rng(1)))
    return [Finding(network.name, "exact: loss", abs(step.loss - loss) / max(abs(loss), 1e-3), GRADIENT_ERROR, "relative"),
            Finding(network.name, "exact: gradient", relative(step.gradient, gradient), GRADIENT_ERROR, "of its norm")]


def check_random(network: Network, kernel: Kernel, step: Step) -> list[Finding]:
    """Whether loss and gradient of ours lie among PyTorch's for other random numbers."""
    peer = TorchPeer(torch.get_num_threads())
    count = 2 * (len(step.tensors) // 2)
    peer.load(step.tensors[:count], step.x)
    if count < len(step.tensors):
        peer.log_normalizer = to_tensor(step.tensors[-1])
    losses, gradients = [], []
    style = peer.styles(kernel.name)[0]
    for number in range(DRAWS):
        peer.start.normal_()
        given = peer.draw(kernel.name)
        if kernel.name == "noise_contrast":
            fresh = work.draws(kernel.name, step.x.astype(np.float64), np.random.default_rng(number))
            given = {key: to_tensor(value) for key, value in fresh.items()}
        losses.append(peer.loss(kernel.name, given, style))
        gradients.append(flat([g.numpy() for g in peer.gradient(kernel.name, given, style)]))
    mean = np.mean(gradients, axis=0)
    direction = mean / np.linalg.norm(mean)
    farthest = max(np.linalg.norm(g - mean) for g in gradients)
    return [Finding(network.name, f"{kernel.name}: loss", deviations(step.loss, losses), DEVIATIONS, "standard errors"),
            Finding(network.name, f"{kernel.name}: gradient along its mean",
                    deviations(float(step.gradient @ direction), [float(g @ direction) for g in gradients]), DEVIATIONS,
                    "standard errors"),
            Finding(network.name, f"{kernel.name}: gradient from its mean",
                    float(np.linalg.norm(step.gradient - mean) / farthest), FARTHEST, "of the farthest draw")]


def deviations(value: float, others: list[float]) -> float:
    """Distance of a value from the mean of others, in standard errors of that difference."""
    error = np.std(others, ddof=1) * np.sqrt(1.0 + 1.0 / len(others))
    return float(abs(value - np.mean(others)) / error)


def check_losses(network: Network, kernels: list[Kernel], peer: Any, tensors: list[Array]) -> list[Finding]:
    """The losses that a peer is timed with against the twins, for the same random numbers: every style."""
    x = whitened_rows(64, network.inputs, seed=3)
    peer.load(tensors, x)
    findings = []
    for kernel in kernels:
        if kernel.name == "langevin":
            continue
        given = work.draws(kernel.name, x.astype(np.float64), np.random.default_rng(3))
        leaves = [*tensors, np.zeros(1)] if kernel.name == "noise_contrast" else tensors
        _, expected = twin(kernel.name, leaves, given)
        findings += [Finding(network.name, f"{peer.name}: {kernel.name} {style}".rstrip(),
                             relative(peer.vector(kernel.name, given, style), expected), GRADIENT_ERROR, "of its norm")
                     for style in peer.styles(kernel.name)]
    return findings


def check_library(network: Network, kernel: Kernel, peer: LibraryPeer, reference: TorchPeer) -> Finding:
    """The mean of a library's loss over its own random numbers against PyTorch's over others; both at the rows timed."""
    draws = DRAWS if kernel.is_random else 1
    theirs = [peer.value(kernel.name) for _ in range(draws)]
    expected = [expected_value(kernel.name, peer, reference) for _ in range(draws)]
    what, difference = f"{peer.name}: {kernel.name} loss", abs(np.mean(theirs) - np.mean(expected))
    if draws == 1:
        return Finding(network.name, what, float(difference / abs(expected[0])), GRADIENT_ERROR, "relative")
    error = np.sqrt((np.var(theirs, ddof=1) + np.var(expected, ddof=1)) / draws)
    return Finding(network.name, what, float(difference / error), DEVIATIONS, "standard errors")


def check_slope(network: Network, peer: Any, reference: TorchPeer) -> Finding:
    """∇E at the rows timed, which drives the chains."""
    return Finding(network.name, f"{peer.name}: ∇E", relative(peer.slope_vector(), reference.slope_vector()), GRADIENT_ERROR,
                   "of its norm")


def check_compiled(network: Network, kernel: Kernel, peer: TorchPeer, reference: TorchPeer) -> list[Finding]:
    """Compiled against eager gradients at the rows timed and at the same random numbers; this compiles what is then timed."""
    given = reference.draw(kernel.name)
    style = reference.styles(kernel.name)[0]
    expected = flat([g.numpy() for g in reference.gradient(kernel.name, given, style)])
    return [Finding(network.name, f"{peer.name}: {kernel.name} {style}".rstrip(),
                    relative(flat([g.detach().numpy() for g in peer.gradient(kernel.name, given, style)]), expected),
                    GRADIENT_ERROR, "of its norm") for style in peer.styles(kernel.name)]


def check(program: Program, network: Network, kernels: list[Kernel], folder: Path) -> tuple[list[Finding], list[Array]]:
    """ebmpi against PyTorch for one network, and the tensors that everything is timed with."""
    exact = next(kernel for kernel in work.KERNELS if kernel.name == "exact")
    step = train(program, network, exact, folder)
    findings = check_energies(program, network, step, folder) + check_exact(network, step)
    for kernel in kernels:
        if kernel.is_random and kernel.objective:
            findings += check_random(network, kernel, train(program, network, kernel, folder))
    return findings, step.tensors


def insist(findings: list[Finding]) -> None:
    """Stop where something differs."""
    if wrong := [finding for finding in findings if not finding.agrees]:
        lines = "\n  ".join(map(str, wrong))
        raise Missing("ebmpi and the peers do not compute the same numbers, so that their speeds cannot be compared:\n  "
                      f"{lines}\n"
                      "(a difference beyond rounding, or beyond the spread of the random numbers); check that the program and "
                      "the analysis folder are of one version")
