# SPDX-License-Identifier: Apache-2.0
"""JAX: chains in one jitted lax.scan, jitted gradients with the random numbers drawn inside."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from peers import work
from peers.work import Array

Values = dict[str, Any]
Parameters = tuple[Any, ...]


def energy(parameters: Parameters, x: Any) -> Any:
    """E (B) at x (B, D)."""
    layers = len(parameters) // 2
    for layer in range(layers):
        x = x @ parameters[2 * layer].T + parameters[2 * layer + 1]
        x = x if layer == layers - 1 else jax.nn.silu(x)
    return x[:, 0]


def slope(parameters: Parameters, x: Any) -> Any:
    """∇E (B, D)."""
    return jax.grad(lambda y: energy(parameters, y).sum())(x)


def product(parameters: Parameters, x: Any, v: Any) -> tuple[Any, Any]:
    """∇E and (∇²E)v, both (B, D)."""
    return jax.jvp(lambda y: slope(parameters, y), (x,), (v,))


def along(parameters: Parameters, x: Any, v: Any) -> tuple[Any, Any]:
    """v·∇E and vᵀ(∇²E)v, both (B), by forward mode twice."""
    return jax.jvp(lambda y: jax.jvp(lambda u: energy(parameters, u), (y,), (v,))[1], (x,), (v,))


def half_square(g: Any) -> Any:
    """½‖g‖² (B)."""
    return 0.5 * jnp.square(g).sum(axis=1)


def denoising(parameters: Parameters, given: Values) -> Any:
    """mean ½‖σ∇E(x + σz) - z‖²."""
    return half_square(work.SIGMA * slope(parameters, given["x"] + work.SIGMA * given["z"]) - given["z"]).mean()


def sliced(parameters: Parameters, given: Values) -> Any:
    """mean [½(v·∇E)² - vᵀ(∇²E)v]."""
    first, second = along(parameters, given["x"], given["directions"][:, 0])
    return (0.5 * jnp.square(first) - second).mean()


def sliced_reduced(parameters: Parameters, given: Values) -> Any:
    """mean [½‖∇E‖² - vᵀ(∇²E)v]."""
    v = given["directions"][:, 0]
    g, hv = product(parameters, given["x"], v)
    return (half_square(g) - (hv * v).sum(axis=1)).mean()


def exact(parameters: Parameters, given: Values) -> Any:
    """mean [½‖∇E‖² - ΔE], D products for the Laplacian."""
    x = given["x"]
    parts = [product(parameters, x, jnp.broadcast_to(unit, x.shape)) for unit in jnp.eye(x.shape[1])]
    return (half_square(parts[0][0]) - sum(hv[:, i] for i, (_, hv) in enumerate(parts))).mean()


def contrastive_divergence(parameters: Parameters, given: Values) -> Any:
    """mean E(x) - mean E(chains) + λ (mean E(x)² + mean E(chains)²)."""
    data, chains = energy(parameters, given["x"]), energy(parameters, given["chains"])
    squares = jnp.square(data).mean() + jnp.square(chains).mean()
    return data.mean() - chains.mean() + work.ENERGY_REGULARIZATION * squares


def noise_contrast(parameters: Parameters, given: Values) -> Any:
    """mean softplus(-u(x)) + ν mean softplus(u(noise))."""
    shift = parameters[-1] - math.log(work.NOISE_RATIO)
    u_data = shift - energy(parameters[:-1], given["x"]) - given["log_noise_data"]
    u_noise = shift - energy(parameters[:-1], given["noise"]) - given["log_noise_noise"]
    return jax.nn.softplus(-u_data).mean() + work.NOISE_RATIO * jax.nn.softplus(u_noise).mean()


def energy_discrepancy(parameters: Parameters, given: Values) -> Any:
    """mean log(w/M + (1/M) Σ_j exp(E(x_i) - E(x_ij)))."""
    perturbed = given["perturbed"]
    others = energy(parameters, perturbed.reshape(-1, perturbed.shape[-1])).reshape(perturbed.shape[:2])
    difference = energy(parameters, given["x"])[:, None] - others
    return jnp.log(jnp.exp(difference).mean(axis=1) + work.STABILIZATION / work.PERTURBATIONS).mean()


LOSSES = {"cd10": contrastive_divergence, "denoising": denoising, "sliced": sliced, "sliced_reduced": sliced_reduced,
          "exact": exact, "noise_contrast": noise_contrast, "energy_discrepancy": energy_discrepancy}


def chains(parameters: Parameters, start: Any, key: Any) -> Any:
    """Chains (B, D) after all steps."""
    def advance(x: Any, step_key: Any) -> tuple[Any, None]:
        noise = jax.random.normal(step_key, x.shape, x.dtype)
        return x - work.STEP_SIZE * slope(parameters, x) + work.NOISE_SCALE * noise, None

    return jax.lax.scan(advance, start, jax.random.split(key, work.CHAIN_STEPS))[0]


def draw(kernel: str, parameters: Parameters, given: Values, key: Any) -> Values:
    """New random numbers beside the rows x (B, D), as `work.draws`."""
    x = given["x"]
    if kernel == "cd10":
        return given | {"chains": jax.lax.stop_gradient(chains(parameters, given["start"], key))}
    if kernel == "denoising":
        return given | {"z": jax.random.normal(key, x.shape, x.dtype)}
    if kernel in ("sliced", "sliced_reduced"):
        return given | {"directions": jax.random.rademacher(key, x.shape, x.dtype)[:, None]}
    if kernel == "energy_discrepancy":
        one, other = jax.random.split(key)
        rows, columns = x.shape
        shared, own = jax.random.normal(one, (rows, 1, columns)), jax.random.normal(other, (rows, work.PERTURBATIONS, columns))
        return given | {"perturbed": x[:, None] + math.sqrt(work.DIFFUSION_TIME) * (shared + own)}
    return given


class JaxPeer:
    """Everything jitted; the generator is the fast one, rbg."""

    name = "JAX"

    def __init__(self) -> None:
        jax.config.update("jax_platforms", "cpu")
        jax.config.update("jax_default_prng_impl", "rbg")

    def load(self, tensors: list[Array], x: Array) -> None:
        """Weight and bias of each layer, and the rows (B, D) to work on."""
        self.parameters: Parameters = tuple(jnp.asarray(tensor, jnp.float32) for tensor in tensors)
        start = np.random.default_rng(1).standard_normal(x.shape)
        noise = work.draws("noise_contrast", x.astype(np.float64), np.random.default_rng(1))
        self.given = {name: jnp.asarray(value, jnp.float32) for name, value in (noise | {"start": start}).items()}
        self.key = jax.random.key(1)

    def of(self, kernel: str) -> Parameters:
        """The parameters that a loss has."""
        return (*self.parameters, jnp.zeros(1)) if kernel == "noise_contrast" else self.parameters

    def styles(self, _kernel: str) -> tuple[str, ...]:
        """One."""
        return ("",)

    def vector(self, kernel: str, given: work.Arrays, _style: str = "") -> Array:
        """Parameter gradient (P) of the loss at given random numbers."""
        values = {name: jnp.asarray(value, jnp.float32) for name, value in given.items()}
        parts = jax.jit(jax.grad(LOSSES[kernel]))(self.of(kernel), values)
        return np.concatenate([np.ravel(np.asarray(part, dtype=np.float64)) for part in parts])

    def slope_vector(self) -> Array:
        """∇E at the rows, flat."""
        return np.ravel(np.asarray(slope(self.parameters, self.given["x"])))

    def task(self, kernel: str) -> Callable[[], object]:
        """What is timed; compiled at its first call."""
        if kernel == "langevin":
            run = jax.jit(chains)
            return self.waited(lambda key: run(self.parameters, self.given["start"], key))
        loss = LOSSES[kernel]
        run = jax.jit(lambda parameters, given, key: jax.grad(
            lambda leaves: loss(leaves, draw(kernel, parameters, given, key)))(parameters))
        return self.waited(lambda key: run(self.of(kernel), self.given, key))

    def waited(self, run: Callable[[Any], Any]) -> Callable[[], object]:
        """With a new key for each call, and to its end."""
        def call() -> object:
            self.key, key = jax.random.split(self.key)
            return jax.block_until_ready(run(key))

        return call
