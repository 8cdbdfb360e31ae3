# SPDX-License-Identifier: Apache-2.0
"""PyTorch, eager and compiled, at its best setting for a number of threads."""

from __future__ import annotations

import math
import os
import re
import shutil
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch

from peers import torch_losses, work
from peers.torch_losses import Parameters, Tensors

Array = np.ndarray
CALIBRATION_SECONDS = 0.15
MOST_COMPILED = 64  # functions that share their code, one for each loss and style


def to_tensor(array: Array) -> torch.Tensor:
    """In float32."""
    return torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))


def describe() -> dict[str, Any]:
    """Version, BLAS, instruction set, threads, and the rate of its matrix product."""
    blas = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    return {"version": torch.__version__, "blas": blas[1] if blas else "unknown",
            "simd": torch.backends.cpu.get_cpu_capability(), "threads": torch.get_num_threads(),
            "matrix_product_gflops": round(matrix_product_rate(), 1)}


def matrix_product_rate(rows: int = 4096, width: int = 256, seconds: float = 0.2) -> float:
    """GF/s of (rows, width) times (width, width) in float32, by processor time."""
    a, b = torch.randn(rows, width), torch.randn(width, width)
    out = a @ b
    start, calls = time.process_time(), 0
    while (elapsed := time.process_time() - start) < seconds:
        torch.matmul(a, b, out=out)
        calls += 1
    return 2e-9 * rows * width * width * calls / elapsed


class TorchPeer:
    """Eager PyTorch: of each loss the fastest style."""

    name = "PyTorch eager"

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(threads)
        torch.manual_seed(1)

    def load(self, tensors: list[Array], x: Array) -> None:
        """Weight and bias of each layer, and the rows (B, D) to work on."""
        self.parameters: Parameters = tuple(to_tensor(tensor) for tensor in tensors)
        self.log_normalizer = torch.zeros(1)
        self.x = to_tensor(x)
        self.start = torch.randn_like(self.x)
        self.noise = torch.empty_like(self.x)
        self.given = {key: to_tensor(value) for key, value in
                      work.draws("noise_contrast", x.astype(np.float64), np.random.default_rng(1)).items()}
        self.style: dict[str, str] = {}

    def styles(self, kernel: str) -> tuple[str, ...]:
        """The ways in which its loss is written."""
        return torch_losses.STYLES.get(kernel, ("",))

    def gradient(self, kernel: str, given: Tensors, style: str) -> tuple[torch.Tensor, ...]:
        """Parameter gradient of the loss at given random numbers."""
        leaves = tuple(parameter.detach().requires_grad_(True) for parameter in self.of(kernel))
        loss = torch_losses.LOSSES[kernel](leaves, given, style)
        return torch.autograd.grad(loss, leaves, materialize_grads=True)  # a score does not depend on the last bias

    def vector(self, kernel: str, given: work.Arrays, style: str) -> Array:
        """The same as one vector (P), of arrays."""
        parts = self.gradient(kernel, {name: to_tensor(value) for name, value in given.items()}, style)
        return torch.cat([part.detach().reshape(-1) for part in parts]).numpy().astype(np.float64)

    def slope_vector(self) -> Array:
        """∇E at the rows, flat."""
        return self.slope(self.x.clone()).detach().numpy().ravel()

    def loss(self, kernel: str, given: Tensors, style: str) -> float:
        """The loss at given random numbers."""
        leaves = tuple(parameter.detach().requires_grad_(True) for parameter in self.of(kernel))
        return float(torch_losses.LOSSES[kernel](leaves, given, style).detach())

    def of(self, kernel: str) -> Parameters:
        """The parameters that a loss has."""
        return (*self.parameters, self.log_normalizer) if kernel == "noise_contrast" else self.parameters

    def draw(self, kernel: str) -> Tensors:
        """New random numbers of a loss, as `work.draws`; those of noise contrast are given and stay."""
        x = self.x
        if kernel == "cd10":
            return {"x": x, "chains": self.chains()}
        if kernel == "denoising":
            return {"x": x, "z": torch.randn_like(x)}
        if kernel in ("sliced", "sliced_reduced"):
            return {"x": x, "directions": torch.empty_like(x).bernoulli_(0.5).mul_(2.0).sub_(1.0)[:, None]}
        if kernel == "energy_discrepancy":
            shape = (len(x), work.PERTURBATIONS, x.shape[1])
            moved = torch.randn(shape).add_(torch.randn_like(x)[:, None]).mul_(math.sqrt(work.DIFFUSION_TIME))
            return {"x": x, "perturbed": moved.add_(x[:, None])}
        return self.given if kernel == "noise_contrast" else {"x": x}

    def slope(self, x: torch.Tensor) -> torch.Tensor:
        """∇E (B, D), no graph left; the parameters are no leaves of one."""
        x.requires_grad_(True)
        (g,) = torch.autograd.grad(torch_losses.energy(self.parameters, x).sum(), x)
        return g

    def chains(self) -> torch.Tensor:
        """Chains (B, D) after all steps from the given start."""
        x = self.start.clone()
        for _ in range(work.CHAIN_STEPS):
            g = self.slope(x)
            x = x.detach().add_(g, alpha=-work.STEP_SIZE).add_(self.noise.normal_(), alpha=work.NOISE_SCALE)
        return x

    def task(self, kernel: str) -> Callable[[], object] | None:
        """What is timed; the style is chosen at the first call."""
        if kernel == "langevin":
            return self.chains
        if kernel not in self.style:
            self.style[kernel] = self.fastest(kernel)
        style = self.style[kernel]
        return lambda: self.gradient(kernel, self.draw(kernel), style)

    def fastest(self, kernel: str) -> str:
        """The style with the least processor time."""
        styles = self.styles(kernel)
        if len(styles) == 1:
            return styles[0]
        times = {style: self.time_of(lambda: self.gradient(kernel, self.draw(kernel), style)) for style in styles}
        return min(times, key=times.__getitem__)

    @staticmethod
    def time_of(call: Callable[[], object]) -> float:
        """Processor seconds of a call, after one that is not counted."""
        call()
        start, calls = time.process_time(), 0
        while (elapsed := time.process_time() - start) < CALIBRATION_SECONDS:
            call()
            calls += 1
        return elapsed / calls


class CompiledPeer(TorchPeer):
    """The same through torch.compile: the energy's slope in chains, the whole gradient of a loss."""

    name = "PyTorch compiled"

    @staticmethod
    def obstacle() -> str:
        """Why torch.compile cannot run here, or nothing."""
        compiler = os.environ.get("CXX", "g++")
        return "" if shutil.which(compiler) else f"torch.compile needs a C++ compiler, and {compiler} is not in PATH"

    def load(self, tensors: list[Array], x: Array) -> None:
        """As in eager mode; compiled functions of the last network are dropped."""
        super().load(tensors, x)
        torch.compiler.reset()
        torch._dynamo.config.recompile_limit = MOST_COMPILED
        self.compiled: dict[tuple[str, str], Callable[..., Any]] = {}
        self.compiled_slope = torch.compile(
            lambda parameters, y: torch.func.grad(lambda u: torch_losses.energy(parameters, u).sum())(y), dynamic=False)

    def styles(self, kernel: str) -> tuple[str, ...]:
        """Those that torch.compile can follow."""
        return torch_losses.COMPILED_STYLES.get(kernel, ("",))

    def gradient(self, kernel: str, given: Tensors, style: str) -> tuple[torch.Tensor, ...]:
        """As in eager mode."""
        if (kernel, style) not in self.compiled:
            loss = partial(torch_losses.LOSSES[kernel], style=style)
            self.compiled[kernel, style] = torch.compile(torch.func.grad(loss), dynamic=False)
        return self.compiled[kernel, style](self.of(kernel), given)

    def slope(self, x: torch.Tensor) -> torch.Tensor:
        """As in eager mode."""
        return self.compiled_slope(self.parameters, x)
