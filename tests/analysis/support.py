# SPDX-License-Identifier: Apache-2.0
"""Synthetic runs in the format of src/io/README.md, and a way to run the scripts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
ANALYSIS = ROOT / "analysis"
sys.path.insert(0, str(ANALYSIS))

CONFIG = """
[run]
steps = 6000
seed = 7
[network]
kind = "{network}"
hidden = [12]
activation = "{activation}"
[objective]
{objective}
[sampler]
step_size = 0.01
temperature = 1.0
noise_scale = {noise_scale}
"""
PERSISTENT = 'kind = "persistent_contrastive_divergence"'
LADDER = 'kind = "denoising_score_matching"\nsigmas = [2.0, 0.5]'
BINARY = 'kind = "noise_contrastive_estimation"\ncontrast = "binary"'
BEST_STEP, BEST_LOSS = 5500, -0.375
# Columns between step and validation_loss, and those at the end of a line, as the objectives give them.
REPORTS = {
    "persistent_contrastive_divergence": ("energy_data", "energy_chains", "energy_gap", "spread_data", "spread_chains",
                                          "validation_energy", "score_norm"),
    "score_matching": ("squared_score", "laplacian", "energy_data", "validation_energy", "score_norm"),
    "noise_contrastive_estimation": ("energy_data", "energy_noise", "accuracy", "validation_energy", "score_norm", "log_z"),
    "flow_contrastive_estimation": ("energy_data", "energy_noise", "accuracy", "validation_energy", "score_norm", "log_z",
                                    "flow_log_likelihood", "flow_updates"),
    "energy_discrepancy": ("energy_data", "energy_perturbed", "validation_energy", "score_norm"),
    "score network": ("squared_score", "divergence", "score_norm"),
}
CHAINS = ("chain_gradient_norm", "equipartition", "outside", "chain_age")
# What chains have besides where a Metropolis test accepts them, they have temperatures, or they persist.
SOME_CHAINS = ("chain_acceptance", "chain_step_size", "exchange_rate", "chain_ancestors", "chain_autocorrelation",
               "chain_r_hat")


def bowl(dimension: int, width: int = 12, seed: int = 1) -> dict[str, np.ndarray]:
    """Tensors of a bowl-shaped energy: softplus units that rise outwards in many directions."""
    direction = np.random.default_rng(seed).standard_normal((width, dimension))
    if dimension == 2:
        angle = 2.0 * np.pi * np.arange(width) / width
        direction = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    return {
        "layers.0.weight": 3.0 * direction,
        "layers.0.bias": np.linspace(-3.0, -1.0, width),
        "layers.1.weight": np.linspace(0.8, 1.2, width)[None, :],
        "layers.1.bias": np.array([0.25]),
    }


def gaussian(precision_root: np.ndarray) -> dict[str, np.ndarray]:
    """Tensors, for the activation z²/2, of E = ½‖A z‖². With a square A: N(0, (AᵀA)⁻¹), log Z = (D/2) log 2π - log|det A|."""
    width = len(precision_root)
    return {"layers.0.weight": precision_root, "layers.0.bias": np.zeros(width),
            "layers.1.weight": np.ones((1, width)), "layers.1.bias": np.zeros(1)}


def score_network(inputs: int, outputs: int, seed: int = 2) -> dict[str, np.ndarray]:
    """Tensors of a map of `inputs` to `outputs` numbers with one hidden layer of 12 units."""
    generator = np.random.default_rng(seed)
    return {"layers.0.weight": generator.standard_normal((12, inputs)), "layers.0.bias": generator.standard_normal(12),
            "layers.1.weight": generator.standard_normal((outputs, 12)), "layers.1.bias": generator.standard_normal(outputs)}


def write_checkpoint(path: Path, dimension: int = 2, *, projection: np.ndarray | None = None, noise_scale: float = 0.0,
                     chains: int = 3000, step: int = 6000, objective: str = PERSISTENT, network: str = "mlp",
                     activation: str = "softplus", tensors: dict[str, np.ndarray] | None = None) -> dict[str, np.ndarray]:
    """Write a checkpoint; `projection` (K, D) as with pca; without chains for chains = 0; `objective` is TOML.

    Returns the averaged tensors, a bowl's unless others are given; the last ones are twice as large.
    """
    model_dimension = dimension if projection is None else len(projection)
    tensors = bowl(model_dimension) if tensors is None else tensors
    generator = np.random.default_rng(3)
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w", libver="latest") as file:
        file.attrs.update({"format": "ebmpi-checkpoint", "format_version": 1, "step": step, "seed": 7, "precision": "float",
                           "validation_loss": -0.25, "best_validation_loss": BEST_LOSS, "best_validation_step": BEST_STEP})
        file["config"] = CONFIG.format(network=network, activation=activation, objective=objective, noise_scale=noise_scale)
        for name, tensor in tensors.items():
            file[f"model_ema/{name}"] = tensor
            file[f"model/{name}"] = 2.0 * tensor
        if chains:
            file["chains/x"] = (0.7 * generator.standard_normal((chains, model_dimension))).astype(np.float32)
            file["chains/age"] = 60 * generator.geometric(0.05, chains).astype(np.int64)
        data = file.create_group("data")
        data.attrs.update({"dimension": dimension, "model_dimension": model_dimension, "rows": 5000})
        data["mean"] = np.linspace(1.0, 2.0, dimension)
        data["scale"] = np.linspace(0.5, 2.0, dimension)
        if projection is not None:
            data["projection"] = projection
        data["minimum"], data["maximum"] = np.full(model_dimension, -2.0), np.full(model_dimension, 2.0)
    return tensors


def write_metrics(path: Path, lines: int = 60, tail: str = "", report: str = "persistent_contrastive_divergence") -> None:
    """Write metrics.csv with `lines` lines of the columns of a report, then `tail` as it stands."""
    generator = np.random.default_rng(5)
    step = 100 * np.arange(1, lines + 1)
    decay = np.exp(-step / 1500.0)
    noise = generator.standard_normal((lines, 4))
    table = {
        "step": step, "loss": 2.0 * decay + 0.05 * noise[:, 0], "energy_data": -decay + 0.03 * noise[:, 1],
        "energy_chains": 0.5 * decay + 0.03 * noise[:, 2], "energy_gap": -1.5 * decay + 0.04 * noise[:, 3],
        "gradient_norm": 3.0 * decay + 0.2 + 0.02 * noise[:, 0], "equipartition": 1.0 + 0.3 * decay + 0.02 * noise[:, 1],
        "outside": 0.2 * decay, "chain_age": 1200.0 * (1.0 - decay), "samples_per_second": 2.0e5 + 5e3 * noise[:, 2],
        "spread_data": 0.5 + decay, "spread_chains": 0.5 + 1.2 * decay, "validation_energy": np.full(lines, np.nan),
        "learning_rate": 1e-3 * decay, "chain_gradient_norm": 2.0 + decay, "seconds": 0.1 * step,
        "energy_noise": 1.0 - decay, "energy_perturbed": 0.8 - decay, "accuracy": 0.8 - 0.3 * decay, "log_z": -decay,
        "squared_score": 20.0 - decay, "laplacian": 40.0 - decay, "divergence": decay - 40.0, "score_norm": 6.0 - decay,
        "flow_log_likelihood": -1.5 - decay, "flow_updates": np.floor(step / 3),
        "validation_loss": np.where(step < 500, np.nan, 2.2 * np.exp(-(step - step % 500) / 1500.0)),
    }
    table["loss_fraction"] = table["loss"] / table["validation_loss"]
    chains = CHAINS if report == "persistent_contrastive_divergence" else ()
    columns = ("step", "loss", *REPORTS[report], "validation_loss", *(() if chains or "flow_updates" in REPORTS[report] else ("loss_fraction",)), "gradient_norm",
               "learning_rate", *chains, "samples_per_second", "seconds")
    rows = [",".join(columns)]
    rows += [",".join(f"{table[name][i]:.9g}" for name in columns) for i in range(lines)]
    path.write_text("\n".join(rows) + "\n" + tail, encoding="utf-8")


def write_run(path: Path, dimension: int = 2, lines: int = 60, tail: str = "") -> Path:
    """Write a whole run folder with three checkpoints and the best."""
    path.mkdir(parents=True, exist_ok=True)
    config = CONFIG.format(network="mlp", activation="softplus", objective=PERSISTENT, noise_scale=0.0)
    (path / "config.toml").write_text(config, encoding="utf-8")
    write_metrics(path / "metrics.csv", lines, tail)
    write_checkpoint(path / "checkpoints" / "best.h5", dimension, step=BEST_STEP)
    for step in (4000, 5000, 6000):
        write_checkpoint(path / "checkpoints" / f"step-{step:09d}.h5", dimension, step=step)
    return path


def write_rows(path: Path, rows: np.ndarray, name: str = "x") -> Path:
    """Write a data set file."""
    with h5py.File(path, "w") as file:
        file[name] = rows
    return path


def write_scores(path: Path, *, labels: bool = True, kind: str = "energy") -> Path:
    """Write what `ebmpi anomaly` writes: normal scores N(0, 1), anomalous ones N(2, 1)."""
    generator = np.random.default_rng(11)
    y = (np.arange(2000) % 4 == 0).astype(np.int64)
    score = generator.standard_normal(2000) + 2.0 * y
    normal = np.sort(generator.standard_normal(3000))
    with h5py.File(path, "w") as file:
        file["score"], file["normal/score"] = score, normal
        file.attrs["score_kind"] = np.bytes_(kind)
        file["p_value"] = 1.0 - np.searchsorted(normal, score) / len(normal)
        if labels:
            file["y"] = y
            file.attrs["auroc"], file.attrs["average_precision"] = 0.921, 0.81
    return path


def run_script(name: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a script of analysis/ from another folder, as a user without a display does."""
    command = [sys.executable, str(ANALYSIS / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
