# SPDX-License-Identifier: Apache-2.0
"""What is timed: networks, kernels and their settings, which are those of `ebmpi bench`.

Shapes: B samples of a batch, D columns, H units of a hidden layer, ν and M further rows of a sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
Arrays = dict[str, Array]

STEP_SIZE = 0.01                            # η of x ← x - η∇E + τξ
NOISE_SCALE = math.sqrt(2.0 * STEP_SIZE)    # τ, for a temperature of 1
CHAIN_STEPS = 10
ENERGY_REGULARIZATION = 0.1                 # λ of contrastive divergence
SIGMA = 0.1                                 # of denoising; its weight is σ²
NOISE_RATIO = 4                             # ν
DIFFUSION_TIME, PERTURBATIONS, STABILIZATION = 0.09, 3, 1.0
MOST_EXACT_INPUTS = 8                       # exact score matching takes D reverse passes elsewhere


@dataclass(frozen=True)
class Network:
    """A perceptron of D inputs, `depth` hidden layers of H SiLU units and one output, the energy."""

    inputs: int
    width: int
    depth: int

    @property
    def name(self) -> str:
        """As `ebmpi bench` writes it."""
        return f"{self.inputs}, {self.width}, {self.depth}"

    @property
    def argument(self) -> str:
        """As `ebmpi bench --network` takes it."""
        return f"{self.inputs},{self.width},{self.depth}"


NETWORKS = (Network(2, 64, 2), Network(2, 128, 2), Network(8, 256, 3), Network(64, 256, 3), Network(784, 512, 2))


@dataclass(frozen=True)
class Kernel:
    """A row of the table; `parts` are kernels of `ebmpi bench`, each with how often an item goes through it."""

    name: str
    does: str
    parts: tuple[tuple[str, int], ...]
    objective: str = ""     # keys of [objective] in a config
    is_random: bool = True  # whether loss and gradient depend on random numbers

    @property
    def unit(self) -> str:
        """What is counted."""
        return "chain steps" if self.name == "langevin" else "samples"

    def suits(self, network: Network) -> bool:
        """Whether it is timed on that network."""
        return self.name != "exact" or network.inputs <= MOST_EXACT_INPUTS


def _plain(name: str, does: str, objective: str, **keywords: bool) -> Kernel:
    return Kernel(name, does, ((name, 1),), objective, **keywords)


KERNELS = (
    _plain("langevin", f"{CHAIN_STEPS} Langevin steps, noise included", ""),
    Kernel("cd10", f"{CHAIN_STEPS} Langevin steps from given noise, then the contrastive gradient with λ = "
           f"{ENERGY_REGULARIZATION}", (("contrastive_divergence", 1), ("langevin", CHAIN_STEPS)),
           'kind = "contrastive_divergence"'),
    _plain("denoising", f"gradient, one noise level σ = {SIGMA}", 'kind = "denoising_score_matching"'),
    _plain("sliced", "gradient, one Rademacher direction",
           'kind = "sliced_score_matching"\nvariance_reduction = false'),
    _plain("sliced_reduced", "the same with ½‖∇E‖² in place of ½(v·∇E)²", 'kind = "sliced_score_matching"'),
    _plain("exact", "gradient, the whole Laplacian", 'kind = "score_matching"', is_random=False),
    _plain("noise_contrast", f"gradient, binary, ν = {NOISE_RATIO} given rows of noise a sample",
           'kind = "noise_contrastive_estimation"'),
    _plain("energy_discrepancy", f"gradient, M = {PERTURBATIONS} perturbations, t = {DIFFUSION_TIME}",
           f'kind = "energy_discrepancy"\nperturbations = {PERTURBATIONS}'),
)


def draws(kernel: str, x: Array, generator: np.random.Generator) -> Arrays:
    """Rows x (B, D) with all that is random in a loss, under the names of reference/torch_objectives.py, in float64.

    Of cd10 the chains are any rows; a peer that runs chains of its own leaves them out.
    """
    rows, columns = x.shape
    given: Arrays = {"x": x, "energy_regularization": np.zeros(1), "gradient_penalty": np.zeros(1)}
    normal = generator.standard_normal
    if kernel == "cd10":
        return given | {"chains": normal(x.shape), "energy_regularization": np.array([ENERGY_REGULARIZATION])}
    if kernel == "denoising":
        return given | {"z": normal(x.shape), "sigma": np.array([SIGMA]), "sigma_weight": np.array([SIGMA**2]),
                        "antithetic": np.zeros(1)}
    if kernel in ("sliced", "sliced_reduced"):
        signs = generator.integers(0, 2, (rows, 1, columns)) * 2.0 - 1.0
        return given | {"directions": signs, "variance_reduction": np.array([float(kernel == "sliced_reduced")])}
    if kernel == "noise_contrast":
        noise = normal((NOISE_RATIO * rows, columns))
        return given | {"noise": noise, "log_noise_data": log_normal(x), "log_noise_noise": log_normal(noise),
                        "log_normalizer": np.zeros(1)}
    if kernel == "energy_discrepancy":
        scale = math.sqrt(DIFFUSION_TIME)
        shared, own = normal((rows, 1, columns)), normal((rows, PERTURBATIONS, columns))
        return given | {"perturbed": x[:, None] + scale * (shared + own), "stabilization": np.array([STABILIZATION])}
    return given


def log_normal(x: Array) -> Array:
    """log N(x; 0, I) (B) at x (B, D)."""
    return -0.5 * (x**2).sum(axis=1) - 0.5 * x.shape[1] * math.log(2.0 * math.pi)
