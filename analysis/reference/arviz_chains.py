# SPDX-License-Identifier: Apache-2.0
"""Chains that try the diagnostics of src/statistics/chain_diagnostics.hpp, and what ArviZ says of them.

ArviZ is optional: it is imported where it is used, and nothing else in analysis/ needs it. Shapes: draws (chains, draws).
"""

from __future__ import annotations

from typing import Any

import numpy as np

# The seed of a case is its place in `chain_sets`, so what is new goes to its end.
FOUR_CHAINS = (4, 200)


def autoregressive(generator: np.random.Generator, shape: tuple[int, int], coefficient: float) -> np.ndarray:
    """x_t = ρ x_{t-1} + √(1 - ρ²) ε_t from its stationary distribution, variance 1."""
    noise = generator.standard_normal(shape)
    draws = noise.copy()
    for t in range(1, shape[1]):
        draws[:, t] = coefficient * draws[:, t - 1] + (1 - coefficient**2) ** 0.5 * noise[:, t]
    return draws


def chain_sets() -> dict[str, Any]:
    """Functions of a generator, by the name of the case."""
    return {
        "positive correlation": lambda g: autoregressive(g, FOUR_CHAINS, 0.9),
        "negative correlation": lambda g: autoregressive(g, FOUR_CHAINS, -0.5),
        "so negative that the effective sample size is capped": lambda g: autoregressive(g, FOUR_CHAINS, -0.95),
        "chains with different means": lambda g: autoregressive(g, (3, 100), 0.3) + np.array([[0.0], [1.0], [3.0]]),
        "chains with different scales": lambda g: autoregressive(g, (3, 100), 0.3) * np.array([[1.0], [1.0], [4.0]]),
        "chains far from zero": lambda g: 1e3 + autoregressive(g, (2, 100), 0.7),
        "a trend": lambda g: 0.1 * np.arange(60.0) + g.standard_normal((2, 60)),
        "heavy tails": lambda g: g.standard_cauchy(FOUR_CHAINS),
        "an odd number of draws": lambda g: autoregressive(g, (3, 101), 0.5),
        "ties": lambda g: np.round(1.5 * autoregressive(g, (4, 100), 0.6)),
        "two values": lambda g: np.sign(autoregressive(g, (2, 80), 0.6)),
        "a rare value": lambda g: (g.random((2, 80)) < 0.03) * 1.0,
        "one value": lambda g: np.full((2, 20), 0.7),
        "one value in each chain": lambda g: np.repeat([[1.0], [2.0], [4.0]], 12, axis=1),
        "one chain": lambda g: autoregressive(g, (1, 150), 0.4),
        "one chain whose quantiles are draws": lambda g: autoregressive(g, (1, 41), 0.4),
        "three draws": lambda g: g.standard_normal((2, 3)),
        "four draws": lambda g: g.standard_normal((2, 4)),
        "five draws": lambda g: g.standard_normal((3, 5)),
        "eleven draws": lambda g: autoregressive(g, (2, 11), 0.8),
    }


def golden_case(name: str, draws: np.ndarray) -> dict[str, Any]:
    """One entry of the golden file."""
    import arviz

    results = {
        "mean": draws.mean(),
        "standard_deviation": draws.std(ddof=1),
        "r_hat": arviz.rhat(draws, method="rank"),
        "ess_bulk": arviz.ess(draws, method="bulk"),
        "ess_tail": arviz.ess(draws, method="tail"),
        "ess_mean": arviz.ess(draws, method="mean"),
        "mcse_mean": arviz.mcse(draws, method="mean"),
    }
    case: dict[str, Any] = {"name": name, "chains": [draws.shape[0]], "draws": draws.ravel().tolist()}
    return case | {key: [float(value)] for key, value in results.items()}


def golden_cases() -> list[dict[str, Any]]:
    """What ArviZ says of every set of chains; see tests/golden/README.md for the layout."""
    return [
        golden_case(name, np.round(draw(np.random.default_rng(seed)), 4))
        for seed, (name, draw) in enumerate(chain_sets().items())
    ]
