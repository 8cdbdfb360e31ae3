# SPDX-License-Identifier: Apache-2.0
"""PyTorch twins of the training objectives, from which the golden losses and parameter gradients come.

Every loss is a mean over the B data rows. G is the negative of the model's score, (B, D): ∇E of an energy, -s of a network
that gives the score s itself. So one formula serves both: ½‖G‖² - tr ∇G is ½‖∇E‖² - ΔE, and it is ½‖s‖² + div s.
Shapes: B rows, D columns of the data, M directions or perturbations of a row, N noise rows in all, ν of one row,
P parameters.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch_mlp
from torch_mlp import draw

Arrays = dict[str, np.ndarray]
Tensors = dict[str, Any]

ROWS = 5
ACTIVATIONS = ("silu", "tanh", "softplus", "gelu", "sin")
HIDDEN = ((3, (5, 4)), (2, (7,)))  # D, hidden widths


@dataclass(frozen=True)
class Point:
    """A model at x (B, D): energy (B), absent for a score network, and G (B, D)."""

    x: Any
    energy: Any
    gradient: Any

    def curvature(self, v: Any) -> Any:
        """vᵀ(∇G)v (B) along v (B, D)."""
        import torch

        slope = (self.gradient * v).sum()
        (product,) = torch.autograd.grad(slope, self.x, create_graph=True, materialize_grads=True)
        return (product * v).sum(dim=1)

    def trace(self) -> Any:
        """tr ∇G (B), the Laplacian of an energy: the whole sum over the D columns."""
        import torch

        unit = torch.eye(self.x.shape[1], dtype=self.x.dtype)
        return sum(self.curvature(direction.expand_as(self.x)) for direction in unit)

    def half_square(self) -> Any:
        """½‖G‖² (B)."""
        return 0.5 * (self.gradient**2).sum(dim=1)


@dataclass(frozen=True)
class Model:
    """A network: an energy if it has one output, else a score."""

    activation: str
    tensors: list[Any]

    def energy(self, x: Any) -> Any:
        """E (...) at x (..., D)."""
        return torch_mlp.energy(self.activation, self.tensors, x.reshape(-1, x.shape[-1])).reshape(x.shape[:-1])

    def at(self, x: Any, log_sigma: Any = None) -> Point:
        """Derivatives are along the columns of x (B, D) alone; log σ (B), if given, is the network's last input."""
        import torch

        x = x.detach().clone().requires_grad_(True)
        inputs = x if log_sigma is None else torch.cat([x, log_sigma[:, None]], dim=1)
        outputs = torch_mlp.outputs(self.activation, self.tensors, inputs)
        if outputs.shape[1] > 1:
            return Point(x, None, -outputs)
        (gradient,) = torch.autograd.grad(outputs.sum(), x, create_graph=True)
        return Point(x, outputs[:, 0], gradient)


def regularization(given: Tensors, *points: Point) -> Any:
    """λ mean E² + μ mean ‖∇E‖², summed over the kinds of points; 0 for a score network, whose cases give neither."""
    if "gradient_penalty" not in given:
        return 0.0
    strength, penalty = given["energy_regularization"][0], given["gradient_penalty"][0]
    return sum(strength * (at.energy**2).mean() + 2.0 * penalty * at.half_square().mean() for at in points)


def contrastive_divergence(model: Model, given: Tensors) -> Tensors:
    """mean E(x) - mean E(chains) (Hinton 2002, DOI 10.1162/089976602760128018), the chains held fixed."""
    data, chains = model.at(given["x"]), model.at(given["chains"])
    terms = {"mean_energy_data": data.energy.mean(), "mean_energy_chains": chains.energy.mean()}
    gap = terms["mean_energy_data"] - terms["mean_energy_chains"]
    return {"loss": gap + regularization(given, data, chains), **terms}


def score_matching(model: Model, given: Tensors) -> Tensors:
    """mean [½‖G‖² - tr ∇G] (Hyvärinen 2005, jmlr.org/papers/v6/hyvarinen05a.html)."""
    point = model.at(given["x"])
    terms = {"mean_half_square": point.half_square().mean(), "mean_curvature": point.trace().mean()}
    return {"loss": terms["mean_half_square"] - terms["mean_curvature"] + regularization(given, point), **terms}


def sliced_score_matching(model: Model, given: Tensors) -> Tensors:
    """mean [½(v·G)² - vᵀ(∇G)v], or with ½‖G‖² first (Song et al. 2019, arXiv 1905.07088); means over M directions."""
    point = model.at(given["x"])
    directions = given["directions"].unbind(dim=1)  # M of (B, D)
    curvature = sum(point.curvature(v).mean() for v in directions) / len(directions)
    if given["variance_reduction"][0] > 0:
        square = point.half_square().mean()
    else:
        square = sum((0.5 * (v * point.gradient).sum(dim=1) ** 2).mean() for v in directions) / len(directions)
    loss = square - curvature + regularization(given, point)
    return {"loss": loss, "mean_half_square": square, "mean_curvature": curvature}


def denoising_score_matching(model: Model, given: Tensors) -> Tensors:
    """mean ½λ(σ)‖G(x + σz) - z/σ‖² (Vincent 2011, DOI 10.1162/NECO_a_00142; the ladder: Song and Ermon 2019, arXiv 1907.05600).

    Antithetic: the average over z and -z.
    """
    sigma, weight = given["sigma"], given["sigma_weight"]  # both (1), or (B) for a ladder
    log_sigma = sigma.log() if len(sigma) > 1 else None
    signs = (1.0, -1.0) if given["antithetic"][0] > 0 else (1.0,)
    loss = 0.0
    for sign in signs:
        z = sign * given["z"]
        point = model.at(given["x"] + sigma[:, None] * z, log_sigma)
        residual = point.gradient - z / sigma[:, None]
        loss = loss + (0.5 * weight * (residual**2).sum(dim=1)).mean() + regularization(given, point)
    return {"loss": loss / len(signs)}


def binary_contrast(model: Model, given: Tensors) -> Tensors:
    """(1/B)[Σ_data softplus(-u) + Σ_noise softplus(u)], u = -E + c - log p_n - log ν, ν = N/B.

    Gutmann and Hyvärinen 2012, jmlr.org/papers/v13/gutmann12a.html.
    """
    from torch.nn.functional import softplus

    data, noise = model.at(given["x"]), model.at(given["noise"])
    ratio = len(given["noise"]) / len(given["x"])
    shift = given["log_normalizer"] - np.log(ratio)
    u_data = -data.energy + shift - given["log_noise_data"]
    u_noise = -noise.energy + shift - given["log_noise_noise"]
    loss = softplus(-u_data).mean() + ratio * softplus(u_noise).mean() + regularization(given, data, noise)
    return {"loss": loss, "mean_energy_data": data.energy.mean(), "mean_energy_noise": noise.energy.mean()}


def ranking_contrast(model: Model, given: Tensors) -> Tensors:
    """mean [E_0 + log p_n0 + logsumexp_j(-E_j - log p_nj)], j = 0 the datum (Ma and Collins 2018, arXiv 1809.01812)."""
    import torch

    candidates = torch.cat([given["x"][:, None], given["noise"]], dim=1)  # (B, ν+1, D)
    u = -model.energy(candidates) - given["log_noise"]
    return {"loss": (u.logsumexp(dim=1) - u[:, 0]).mean()}


def conditional_contrast(model: Model, given: Tensors) -> Tensors:
    """mean softplus(E(x) - E(y)) over rows and their ν neighbours (Ceylan and Gutmann 2018, arXiv 1806.03664).

    For y whose density given x is symmetric in the two; without the factor 2 of the paper.
    """
    from torch.nn.functional import softplus

    return {"loss": softplus(model.energy(given["x"])[:, None] - model.energy(given["y"])).mean()}


def energy_discrepancy(model: Model, given: Tensors) -> Tensors:
    """mean log(w/M + (1/M) Σ_j exp(E(x_i) - E(x_ij))) (Schröder et al. 2023, arXiv 2307.06431)."""
    difference = model.energy(given["x"])[:, None] - model.energy(given["perturbed"])  # (B, M)
    count = difference.shape[1]
    return {"loss": (given["stabilization"] / count + difference.exp().mean(dim=1)).log().mean()}


def _draw_data(generator: np.random.Generator, dimension: int) -> Arrays:
    return {"x": draw(generator, ROWS, dimension)}


def _draw_chains(generator: np.random.Generator, dimension: int) -> Arrays:
    return {key: draw(generator, ROWS, dimension) for key in ("x", "chains")}


def _draw_directions(generator: np.random.Generator, dimension: int, count: int, variance_reduction: int) -> Arrays:
    return {
        "x": draw(generator, ROWS, dimension),
        "directions": draw(generator, ROWS, count, dimension),
        "variance_reduction": np.array([variance_reduction]),
    }


def _draw_sigma(generator: np.random.Generator, dimension: int, rungs: int = 1, power: int = 2, antithetic: int = 0) -> Arrays:
    """λ(σ) = σ^power, `power` 2 or 0."""
    sigma = np.round(np.exp(generator.uniform(np.log(0.3), np.log(1.5), rungs)), 4)
    return {
        **{key: draw(generator, ROWS, dimension) for key in ("x", "z")},
        "sigma": sigma,
        "sigma_weight": sigma**power,
        "antithetic": np.array([antithetic]),
    }


def _draw_binary(generator: np.random.Generator, dimension: int, count: int) -> Arrays:
    """Log densities are any numbers: the loss is defined whatever they are."""
    return {
        "x": draw(generator, ROWS, dimension),
        "noise": draw(generator, count, dimension, scale=1.5),
        "log_noise_data": draw(generator, ROWS) - 2.0,
        "log_noise_noise": draw(generator, count) - 2.0,
        "log_normalizer": draw(generator, 1),
    }


def _draw_ranking(generator: np.random.Generator, dimension: int, count: int) -> Arrays:
    return {
        "x": draw(generator, ROWS, dimension),
        "noise": draw(generator, ROWS, count, dimension, scale=1.5),
        "log_noise": draw(generator, ROWS, count + 1) - 2.0,
    }


def _draw_near(generator: np.random.Generator, dimension: int, key: str, count: int, **settings: float) -> Arrays:
    """`count` points near each row, and the settings as arrays of one number."""
    x = draw(generator, ROWS, dimension)
    near = x[:, None] + draw(generator, ROWS, count, dimension, scale=0.5)
    return {"x": x, key: near, **{name: np.array([value]) for name, value in settings.items()}}


@dataclass(frozen=True)
class Variant:
    """One way to use an objective; it becomes a case for each of HIDDEN."""

    objective: str
    label: str
    loss: Callable[[Model, Tensors], Tensors]
    inputs: Callable[[np.random.Generator, int], Arrays]
    regularization: tuple[float, float] = (0.0, 0.0)  # λ, μ
    network: str = "energy"  # "energy"; "ladder", an energy whose last input is log σ; "score"

    def widths(self, dimension: int, hidden: tuple[int, ...]) -> tuple[int, ...]:
        """Layer widths for data of that dimension."""
        return (dimension + (self.network == "ladder"), *hidden, dimension if self.network == "score" else 1)


def _energy_variants() -> list[Variant]:
    chains = partial(Variant, "contrastive_divergence")
    exact = partial(Variant, "score_matching")
    sliced = partial(Variant, "sliced_score_matching")
    denoising = partial(Variant, "denoising_score_matching", loss=denoising_score_matching)
    contrast = partial(Variant, "noise_contrastive_estimation")
    discrepancy = partial(Variant, "energy_discrepancy", loss=energy_discrepancy)

    def directions(count: int, variance_reduction: int) -> Callable[..., Arrays]:
        return partial(_draw_directions, count=count, variance_reduction=variance_reduction)

    def near(count: int, stabilization: float) -> Callable[..., Arrays]:
        return partial(_draw_near, key="perturbed", count=count, stabilization=stabilization)

    return [
        chains("plain", contrastive_divergence, _draw_chains),
        chains("regularized", contrastive_divergence, _draw_chains, (0.1, 0.0)),
        chains("regularized, penalized", contrastive_divergence, _draw_chains, (0.1, 0.05)),
        exact("plain", score_matching, _draw_data),
        exact("regularized, penalized", score_matching, _draw_data, (0.2, 0.1)),
        sliced("plain, M = 1", sliced_score_matching, directions(1, 0)),
        sliced("plain, M = 3", sliced_score_matching, directions(3, 0)),
        sliced("plain, M = 3, penalized", sliced_score_matching, directions(3, 0), (0.0, 0.1)),
        sliced("variance reduced, M = 1", sliced_score_matching, directions(1, 1)),
        sliced("variance reduced, M = 3", sliced_score_matching, directions(3, 1)),
        sliced("variance reduced, M = 3, penalized", sliced_score_matching, directions(3, 1), (0.0, 0.1)),
        denoising("plain", inputs=_draw_sigma),
        denoising("uniform", inputs=partial(_draw_sigma, power=0)),
        denoising("penalized", inputs=_draw_sigma, regularization=(0.0, 0.1)),
        denoising("antithetic", inputs=partial(_draw_sigma, antithetic=1)),
        denoising("ladder, variance", inputs=partial(_draw_sigma, rungs=ROWS), network="ladder"),
        denoising("ladder, uniform", inputs=partial(_draw_sigma, rungs=ROWS, power=0), network="ladder"),
        contrast("binary", binary_contrast, partial(_draw_binary, count=3 * ROWS)),
        contrast("binary, regularized, penalized", binary_contrast, partial(_draw_binary, count=7), (0.1, 0.05)),
        contrast("ranking", ranking_contrast, partial(_draw_ranking, count=4)),
        contrast("conditional", conditional_contrast, partial(_draw_near, key="y", count=3)),
        discrepancy("w = 1", inputs=near(4, 1.0)),
        discrepancy("w = 0.25", inputs=near(3, 0.25)),
    ]


def _score_variants() -> list[Variant]:
    cases = [
        ("score_matching", "score network", score_matching, _draw_data),
        ("denoising_score_matching", "score network", denoising_score_matching, _draw_sigma),
    ]
    for variance_reduction, label in enumerate(("plain", "variance reduced")):
        for count in (1, 3):
            inputs = partial(_draw_directions, count=count, variance_reduction=variance_reduction)
            cases.append(("sliced_score_matching", f"score network, {label}, M = {count}", sliced_score_matching, inputs))
    return [Variant(*case, network="score") for case in cases]


def evaluate(activation: str, arrays: list[np.ndarray], loss: Callable[[Model, Tensors], Tensors], inputs: Arrays) -> Arrays:
    """`loss` and its terms, and `gradient` (P), which ends with ∂/∂c if the inputs have a `log_normalizer` c."""
    import torch

    tensors = [torch.tensor(array, dtype=torch.float64) for array in arrays]
    given = {key: torch.tensor(value, dtype=torch.float64) for key, value in inputs.items()}
    parameters = tensors + [given[key] for key in ("log_normalizer",) if key in given]
    for parameter in parameters:
        parameter.requires_grad_(True)
    results = loss(Model(activation, tensors), given)
    parts = torch.autograd.grad(results["loss"], parameters, materialize_grads=True)
    results["gradient"] = torch.cat([part.reshape(-1) for part in parts])
    return {key: value.detach().numpy() for key, value in results.items()}


def golden_case(variant: Variant, activation: str, dimension: int, hidden: tuple[int, ...]) -> dict[str, Any]:
    """One entry of the golden file; every array flat and row-major. The name is the seed."""
    widths = variant.widths(dimension, hidden)
    name = f"{variant.objective}, {variant.label}, {activation} {'-'.join(map(str, widths))}"
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    arrays = torch_mlp.draw_network(generator, widths)
    inputs = variant.inputs(generator, dimension)
    if variant.network != "score":
        strength, penalty = variant.regularization
        inputs |= {"energy_regularization": np.array([strength]), "gradient_penalty": np.array([penalty])}
    inputs = {key: np.round(value, 8) for key, value in inputs.items()}  # products of four decimals
    results = evaluate(activation, arrays, variant.loss, inputs)
    return {
        "name": name,
        "objective": variant.objective,
        "activation": activation,
        "widths": list(widths),
        "rows": ROWS,
        "parameters": np.concatenate([array.ravel() for array in arrays]).tolist(),
        **{key: value.ravel().tolist() for key, value in (inputs | results).items()},
    }


def golden_cases() -> list[dict[str, Any]]:
    """Loss and gradient of every variant with both shapes, the activations in turn; see tests/golden/README.md."""
    variants = _energy_variants() + _score_variants()
    return [
        golden_case(variant, ACTIVATIONS[(2 * row + column) % len(ACTIVATIONS)], dimension, hidden)
        for row, variant in enumerate(variants)
        for column, (dimension, hidden) in enumerate(HIDDEN)
    ]
