# SPDX-License-Identifier: Apache-2.0
"""ebmkit and TorchEBM: their samplers and losses on the same network, with their own way to draw random numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import torch

from peers import torch_losses, work
from peers.torch_peer import to_tensor
from peers.work import Array


def energy_module(tensors: list[Array], base: type[torch.nn.Module] = torch.nn.Module) -> torch.nn.Module:
    """The network as a module that gives energies (B)."""
    class Energy(base):  # type: ignore[valid-type,misc]
        def __init__(self) -> None:
            super().__init__()
            self.tensors = torch.nn.ParameterList([to_tensor(tensor) for tensor in tensors])

        def forward(self, x: Any) -> Any:
            return torch_losses.energy(tuple(self.tensors), x)

    return Energy()


class LibraryPeer:
    """Losses that a library has, each with what makes its value that of `work.draws`: value = factor · loss + offset."""

    name = ""
    start_of_chains = "noise"

    def load(self, tensors: list[Array], x: Array) -> None:
        """Weight and bias of each layer, and the rows (B, D) to work on."""
        torch.manual_seed(1)
        self.x = to_tensor(x)
        self.start = torch.randn_like(self.x)
        self.build(tensors)

    def build(self, tensors: list[Array]) -> None:
        """Set `module`, `losses` (functions of rows) and `values` (factor, offset)."""
        raise NotImplementedError

    def sample(self) -> object:
        """The chains' steps."""
        raise NotImplementedError

    def task(self, kernel: str) -> Callable[[], object] | None:
        """What is timed; None where the library has no such loss."""
        if kernel == "langevin":
            return self.sample
        return None if kernel not in self.losses else lambda: self.gradient(kernel)

    def gradient(self, kernel: str) -> tuple[torch.Tensor, ...]:
        """Parameter gradient with the library's random numbers."""
        leaves = [*self.module.parameters(), *self.further_parameters(kernel)]
        return torch.autograd.grad(self.losses[kernel](self.x), leaves, materialize_grads=True)

    def further_parameters(self, _kernel: str) -> list[torch.Tensor]:
        """Those of the loss itself."""
        return []

    def value(self, kernel: str) -> float:
        """The loss as ebmpi defines it, with new random numbers."""
        factor, offset = self.values.get(kernel, (1.0, 0.0))
        return factor * float(self.losses[kernel](self.x).detach()) + offset


class EbmkitPeer(LibraryPeer):
    """ebmkit; its sliced losses draw normal directions, whose loss has the same mean."""

    name = "ebmkit"

    def build(self, tensors: list[Array]) -> None:
        """All its losses that the table has."""
        losses, samplers = import_module("ebm.losses"), import_module("ebm.samplers")
        self.module = energy_module(tensors)
        self.sampler = samplers.LangevinDynamics(step_size=work.STEP_SIZE, steps=work.CHAIN_STEPS)
        self.contrast = losses.NoiseContrastiveEstimation(noise_ratio=work.NOISE_RATIO)
        made = {"cd10": losses.ContrastiveDivergence(self.sampler, energy_reg=work.ENERGY_REGULARIZATION),
                "denoising": losses.DenoisingScoreMatching(work.SIGMA), "sliced": losses.SlicedScoreMatching(vr=False),
                "sliced_reduced": losses.SlicedScoreMatching(), "exact": losses.ExactScoreMatching(),
                "noise_contrast": self.contrast,
                "energy_discrepancy": losses.EnergyDiscrepancy(math.sqrt(work.DIFFUSION_TIME), work.PERTURBATIONS,
                                                               work.STABILIZATION)}
        self.losses = {name: lambda x, loss=loss: loss(self.module, x).loss for name, loss in made.items()}
        self.values = {"denoising": (work.SIGMA**2, 0.0), "energy_discrepancy": (1.0, -math.log(work.PERTURBATIONS))}

    def sample(self) -> object:
        """The chains' steps."""
        return self.sampler.sample(self.module, self.start)

    def further_parameters(self, kernel: str) -> list[torch.Tensor]:
        """log Z of noise contrast."""
        return [self.contrast.log_z] if kernel == "noise_contrast" else []


class TorchebmPeer(LibraryPeer):
    """TorchEBM; its contrastive divergence starts from the data, at the same cost."""

    name = "TorchEBM"
    start_of_chains = "data"

    def build(self, tensors: list[Array]) -> None:
        """All its losses that the table has."""
        losses, core = import_module("torchebm.losses"), import_module("torchebm.core")
        samplers = import_module("torchebm.samplers")
        self.module = energy_module(tensors, core.BaseModel)
        self.sampler = samplers.LangevinDynamics(self.module, step_size=work.STEP_SIZE)
        divergence = losses.ContrastiveDivergence(self.module, self.sampler, k_steps=work.CHAIN_STEPS,
                                                  energy_reg_weight=work.ENERGY_REGULARIZATION)
        self.losses = {"cd10": lambda x: divergence(x)[0],
                       "denoising": losses.DenoisingScoreMatching(self.module, noise_scale=work.SIGMA),
                       "sliced": losses.SlicedScoreMatching(self.module, n_projections=1),
                       "exact": losses.ScoreMatching(self.module)}
        self.values = {"denoising": (work.SIGMA**2, 0.0)}

    def sample(self) -> object:
        """The chains' steps."""
        return self.sampler.sample(x=self.start, n_steps=work.CHAIN_STEPS)


def expected_value(kernel: str, peer: LibraryPeer, reference: Any) -> float:
    """The loss by PyTorch's implementation, with new random numbers, and chains that start where the peer's do."""
    if kernel == "noise_contrast":
        generator = np.random.default_rng(int(torch.randint(1 << 30, (1,))))
        fresh = work.draws(kernel, peer.x.numpy().astype(np.float64), generator)
        given = {key: to_tensor(value) for key, value in fresh.items()}
    else:
        reference.start = peer.x.clone() if peer.start_of_chains == "data" else torch.randn_like(peer.x)
        given = reference.draw(kernel)
    return reference.loss(kernel, given, reference.styles(kernel)[0])
