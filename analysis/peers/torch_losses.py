# SPDX-License-Identifier: Apache-2.0
"""The losses as a good user of PyTorch writes them, each a function of the parameters and of the random numbers.

A derivative of the energy is written in one of three styles, of which the fastest counts: "reverse" differentiates the graph of
∇E again; "forward" takes the derivative of ∇E along v with torch.func.jvp; "nested" is forward mode twice.
Parameters are a tuple: weight (out, in) and bias (out) of each layer, then log_normalizer (1) where there is one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.func import grad, jvp
from torch.nn.functional import linear, silu, softplus

from peers import work

Tensor = torch.Tensor
Tensors = dict[str, Any]
Parameters = tuple[Tensor, ...]
Loss = Callable[[Parameters, Tensors], Tensor]

STYLES = {"denoising": ("reverse", "functional"), "sliced": ("reverse", "forward", "nested"),
          "sliced_reduced": ("reverse", "forward"), "exact": ("reverse", "forward", "nested")}
# torch.compile cannot follow a second reverse pass through a graph, but it can follow torch.func.
COMPILED_STYLES = {"denoising": ("functional",), "sliced": ("forward", "nested"), "sliced_reduced": ("forward",),
                   "exact": ("forward", "nested")}


def energy(parameters: Parameters, x: Tensor) -> Tensor:
    """E (B) at x (B, D)."""
    layers = len(parameters) // 2
    for layer in range(layers - 1):
        x = silu(linear(x, parameters[2 * layer], parameters[2 * layer + 1]))
    return linear(x, parameters[2 * layers - 2], parameters[2 * layers - 1])[:, 0]


def slope(parameters: Parameters, x: Tensor, style: str) -> tuple[Tensor, Tensor]:
    """x as a leaf of the graph and ∇E (B, D) there, differentiable with respect to both."""
    if style != "reverse":
        return x, grad(lambda y: energy(parameters, y).sum())(x)
    x = x.detach().requires_grad_(True)
    return x, torch.autograd.grad(energy(parameters, x).sum(), x, create_graph=True)[0]


def along(parameters: Parameters, x: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """v·∇E and vᵀ(∇²E)v, both (B), by forward mode twice."""
    return jvp(lambda y: jvp(lambda u: energy(parameters, u), (y,), (v,))[1], (x,), (v,))


def slope_and_product(parameters: Parameters, x: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """∇E and (∇²E)v, both (B, D), by forward mode over reverse mode."""
    return jvp(grad(lambda y: energy(parameters, y).sum()), (x,), (v,))


def half_square(g: Tensor) -> Tensor:
    """½‖g‖² (B)."""
    return 0.5 * g.square().sum(dim=1)


def denoising(parameters: Parameters, given: Tensors, style: str) -> Tensor:
    """mean ½‖σ∇E(x + σz) - z‖²."""
    _, g = slope(parameters, given["x"] + work.SIGMA * given["z"], style)
    return half_square(work.SIGMA * g - given["z"]).mean()


def sliced(parameters: Parameters, given: Tensors, style: str) -> Tensor:
    """mean [½(v·∇E)² - vᵀ(∇²E)v]."""
    v = given["directions"][:, 0]
    if style == "nested":
        first, second = along(parameters, given["x"], v)
        return (0.5 * first.square() - second).mean()
    return _sliced(parameters, given["x"], v, style, lambda g: 0.5 * (g * v).sum(dim=1).square())


def sliced_reduced(parameters: Parameters, given: Tensors, style: str) -> Tensor:
    """mean [½‖∇E‖² - vᵀ(∇²E)v]."""
    return _sliced(parameters, given["x"], given["directions"][:, 0], style, half_square)


def _sliced(parameters: Parameters, x: Tensor, v: Tensor, style: str, square: Callable[[Tensor], Tensor]) -> Tensor:
    if style == "forward":
        g, product = slope_and_product(parameters, x, v)
    else:
        x, g = slope(parameters, x, style)
        product = torch.autograd.grad((g * v).sum(), x, create_graph=True)[0]
    return (square(g) - (product * v).sum(dim=1)).mean()


def exact(parameters: Parameters, given: Tensors, style: str) -> Tensor:
    """mean [½‖∇E‖² - ΔE], D passes for the Laplacian."""
    x = given["x"]
    units = torch.eye(x.shape[1], dtype=x.dtype)
    if style == "nested":
        parts = [along(parameters, x, unit.expand_as(x)) for unit in units]
        return sum(0.5 * first.square() - second for first, second in parts).mean()
    if style == "forward":
        parts = [slope_and_product(parameters, x, unit.expand_as(x)) for unit in units]
        return (half_square(parts[0][0]) - sum(product[:, i] for i, (_, product) in enumerate(parts))).mean()
    x, g = slope(parameters, x, style)
    rows = [torch.autograd.grad(g[:, i].sum(), x, create_graph=True)[0][:, i] for i in range(x.shape[1])]
    return (half_square(g) - sum(rows)).mean()


def contrastive_divergence(parameters: Parameters, given: Tensors, style: str = "") -> Tensor:
    """mean E(x) - mean E(chains) + λ (mean E(x)² + mean E(chains)²)."""
    data, chains = energy(parameters, given["x"]), energy(parameters, given["chains"])
    return data.mean() - chains.mean() + work.ENERGY_REGULARIZATION * (data.square().mean() + chains.square().mean())


def noise_contrast(parameters: Parameters, given: Tensors, style: str = "") -> Tensor:
    """mean softplus(-u(x)) + ν mean softplus(u(noise)), u = -E + c - log p_n - log ν."""
    shift = parameters[-1] - torch.log(torch.tensor(float(work.NOISE_RATIO)))
    u_data = shift - energy(parameters[:-1], given["x"]) - given["log_noise_data"]
    u_noise = shift - energy(parameters[:-1], given["noise"]) - given["log_noise_noise"]
    return softplus(-u_data).mean() + work.NOISE_RATIO * softplus(u_noise).mean()


def energy_discrepancy(parameters: Parameters, given: Tensors, style: str = "") -> Tensor:
    """mean log(w/M + (1/M) Σ_j exp(E(x_i) - E(x_ij)))."""
    perturbed = given["perturbed"]
    others = energy(parameters, perturbed.flatten(0, 1)).reshape(perturbed.shape[:2])
    difference = energy(parameters, given["x"])[:, None] - others
    return (difference.exp().mean(dim=1) + work.STABILIZATION / work.PERTURBATIONS).log().mean()


LOSSES: dict[str, Callable[[Parameters, Tensors, str], Tensor]] = {
    "cd10": contrastive_divergence, "denoising": denoising, "sliced": sliced, "sliced_reduced": sliced_reduced, "exact": exact,
    "noise_contrast": noise_contrast, "energy_discrepancy": energy_discrepancy}
