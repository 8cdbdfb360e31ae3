# SPDX-License-Identifier: Apache-2.0
"""Read what ebmpi writes: run folders, checkpoints, data sets. Nothing here writes to a run.

The formats are described in src/io/README.md. Shapes: N rows, D columns in the data file, K columns in the model (K = D
without pca), C chains. Everything that is returned in "data units" is in the units of the data file.
"""

from __future__ import annotations

import csv
import math
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from combination import COMBINATION_FORMAT, Combination
from input_files import Missing, check_format, open_hdf5, parse_toml, plain, read_rows, text_of
from model_space import ModelSpace
from reference.numpy_flow import FlowEnergy
from reference.numpy_mlp import Mlp, MlpEnergy

__all__ = ["Checkpoint", "Combination", "Missing", "Run", "is_checkpoint", "open_hdf5", "open_model", "read_rows", "temperature_of"]

Array = np.ndarray

CHECKPOINT_FORMAT = "ebmpi-checkpoint"
FORMAT_VERSION = 1
PARAMETERS = {"ema": "model_ema", "last": "model"}
FLOW_PARAMETERS = {"ema": "flow_ema", "last": "flow"}
FLOW_PREFIX = "flow:"
NETWORKS = {"mlp": MlpEnergy, "score_mlp": Mlp}
CONTRASTIVE_DIVERGENCES = ("contrastive_divergence", "persistent_contrastive_divergence")


def is_checkpoint(path: Path) -> bool:
    """Whether the HDF5 file at `path` says that it is a checkpoint."""
    return _format_of(path) == CHECKPOINT_FORMAT


def _format_of(path: Path) -> str:
    with open_hdf5(path) as file:
        return text_of(file.attrs.get("format", ""))


def temperature_of(config: dict[str, Any]) -> float:
    """T that the chains sampled in training: τ²/(2η) where a noise scale τ was given, else the temperature itself.

    It is 1 for the objectives that train without chains: those fit exp(-E), and [sampler] only serves `ebmpi sample`.
    """
    if config.get("objective", {}).get("kind", CONTRASTIVE_DIVERGENCES[-1]) not in CONTRASTIVE_DIVERGENCES:
        return 1.0
    sampler = config.get("sampler", {})
    noise_scale = float(sampler.get("noise_scale", 0.0))
    if noise_scale > 0.0:
        return noise_scale**2 / (2.0 * float(sampler["step_size"]))
    return float(sampler.get("temperature", 1.0))


class Run:
    """A run folder, finished or not."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_dir():
            raise Missing(f"{self.path} is not a folder (a run folder is needed); give the run's output folder")

    @cached_property
    def config(self) -> dict[str, Any]:
        """The resolved config, every key."""
        path = self.path / "config.toml"
        if not path.is_file():
            raise Missing(f"{path} does not exist (every run writes it at its start); check that this is a run folder")
        return parse_toml(path.read_text(encoding="utf-8"), str(path))

    @cached_property
    def metrics(self) -> dict[str, Array]:
        """Columns of metrics.csv (L) by name, in order of steps; empty cells are nan.

        A last line that is still being written is left out. Where a resumed run repeats steps, the later lines count.
        """
        path = self.path / "metrics.csv"
        if not path.is_file():
            raise Missing(f"{path} does not exist (the run has not logged a step); wait for the first line")
        text = path.read_text(encoding="utf-8", errors="replace")
        table = list(csv.reader(text[: text.rfind("\n") + 1].splitlines()))
        if not table or "step" not in (header := [name.strip() for name in table[0]]):
            raise Missing(f"{path} has no complete header with a column 'step' (nothing can be plotted); wait or check it")
        rows = _without_repeats([row for row in table[1:] if len(row) == len(header)], header.index("step"))
        if not rows:
            raise Missing(f"{path} has no complete line (the run has only begun); wait for the first line")
        return {name: np.array([_number(row[i]) for row in rows]) for i, name in enumerate(header)}

    @property
    def checkpoints(self) -> list[Path]:
        """Checkpoint files, the newest first; files of another name (half-written ones) are left out."""
        return sorted((self.path / "checkpoints").glob("step-*.h5"), reverse=True)

    @property
    def best(self) -> Checkpoint:
        """The checkpoint of the lowest loss on held-out data so far."""
        path = self.path / "checkpoints" / "best.h5"
        if not path.is_file():
            raise Missing(f"{path} does not exist (no validation has given a finite loss yet, or validate_every is 0); "
                          "use the newest checkpoint")
        return Checkpoint(path)

    def newest(self) -> Checkpoint:
        """The newest checkpoint that can be read."""
        problems = []
        for path in self.checkpoints:
            try:
                return Checkpoint(path)
            except Missing as error:
                problems.append(str(error))
        if problems:
            raise Missing(f"{self.path} has no readable checkpoint (the newest: {problems[0]}); let the run write another")
        raise Missing(f"{self.path} has no checkpoint (the run has not written one); wait, or lower checkpoint_every")


class Checkpoint(ModelSpace):
    """One checkpoint: attributes, config, tensors and data transform are read at once, the chains when asked for.

    With `flow`, its flow stands in place of the energy that was trained with it; where a flow is the model it does so anyway.
    """

    def __init__(self, path: str | Path, *, flow: bool = False) -> None:
        self.path = Path(path)
        self.is_flow = flow
        with open_hdf5(self.path) as file:
            self._load(file)

    def _load(self, file: h5py.File) -> None:
        self.attributes = {name: plain(value) for name, value in file.attrs.items()}
        check_format(self.attributes, self.path, CHECKPOINT_FORMAT, FORMAT_VERSION, "checkpoint")
        self.config = parse_toml(text_of(self._dataset(file, "config")[()]), f"{self.path}:/config")
        if self.is_flow and FLOW_PARAMETERS["ema"] not in file:
            raise Missing(f"{self.path} holds no flow (its run trained none); leave out {FLOW_PREFIX}")
        self.is_flow = self.is_flow or (PARAMETERS["ema"] not in file and FLOW_PARAMETERS["ema"] in file)
        groups = FLOW_PARAMETERS if self.is_flow else PARAMETERS
        self._tensors = {
            key: {name: tensor[()] for name, tensor in file[group].items()}
            for key, group in groups.items()
            if group in file
        }
        data = file.get("data")
        self.data = {name: plain(value) for name, value in data.attrs.items()} if data else {}
        self.data |= {name: values[()] for name, values in data.items()} if data else {}
        self._has_chains = "chains/x" in file

    def _dataset(self, file: h5py.File, name: str) -> h5py.Dataset:
        if not isinstance(file.get(name), h5py.Dataset):
            raise Missing(f"{self.path} has no data set /{name} (a checkpoint has one); use another checkpoint")
        return file[name]

    @property
    def step(self) -> int:
        """Parameter updates done."""
        return int(self.attributes.get("step", 0))

    @property
    def temperature(self) -> float:
        """T that was sampled in training."""
        return temperature_of(self.config)

    @property
    def best_validation(self) -> tuple[int, float] | None:
        """Step and loss of the best validation up to this checkpoint; None where there was none."""
        step = int(self.attributes.get("best_validation_step", 0))
        return (step, float(self.attributes["best_validation_loss"])) if step > 0 else None

    @property
    def has_energy(self) -> bool:
        """Whether the network gives an energy; otherwise it gives the score itself."""
        return self.is_flow or self._network_kind != "score_mlp"

    @property
    def _network_kind(self) -> str:
        return self.config.get("network", {}).get("kind", "mlp")

    @property
    def sigmas(self) -> list[float]:
        """Noise levels that the network was trained on and is told, in standardised units, the largest first; often none."""
        return self.config.get("objective", {}).get("sigmas", [])

    def level(self, sigma: float | None = None) -> float | None:
        """The noise level σ to ask at: `sigma`, else the lowest that was trained; None for a network that is told none."""
        if sigma is None:
            return float(self.sigmas[-1]) if self.sigmas else None
        if not self.sigmas:
            raise Missing(f"{self.path} knows no noise levels, so that sigma means nothing (it was not trained with "
                          "objective.sigmas); leave sigma out")
        if not sigma > 0.0:
            raise Missing(f"sigma is {sigma:g} (a noise level is positive); give one between {self.sigmas[-1]:g} and "
                          f"{self.sigmas[0]:g}")
        return float(sigma)

    def tensors(self, parameters: str = "ema") -> dict[str, Array]:
        """Tensors by name of the moving average ("ema") or of the last step ("last")."""
        if not self._tensors.get(parameters):
            other = ", ".join(key for key, tensors in self._tensors.items() if tensors) or "no others"
            raise Missing(f"{self.path} has no parameters '{parameters}' (it has {other}); ask for those")
        return self._tensors[parameters]

    def network(self, parameters: str = "ema") -> Mlp | FlowEnergy:
        """The NumPy twin of the network; its inputs are in model space (N, K), followed by log σ where it is told that."""
        if self.is_flow:
            return self._flow(parameters)
        if self._network_kind not in NETWORKS:
            raise Missing(f"{self.path} holds a network '{self._network_kind}' (only {', '.join(NETWORKS)} have a NumPy twin); "
                          "use `ebmpi energy`")
        activation = self.config.get("network", {}).get("activation", "silu")
        try:
            network = NETWORKS[self._network_kind].from_tensors(self.tensors(parameters), activation)
            widths = (self.model_dimension + bool(self.sigmas), 1 if self.has_energy else self.model_dimension)
            if (network.inputs, network.outputs) != widths:
                raise ValueError(f"it maps {network.inputs} numbers to {network.outputs}, "
                                 f"the config says {widths[0]} to {widths[1]}")
        except ValueError as error:
            raise Missing(f"{self.path} does not hold the network of its config ({error}); use another checkpoint") from error
        return network

    def _flow(self, parameters: str) -> FlowEnergy:
        try:
            return FlowEnergy.from_tensors(self.tensors(parameters), self.config.get("flow", {}))
        except ValueError as error:
            raise Missing(f"{self.path} does not hold the flow of its config ({error}); use another checkpoint") from error

    def _inputs(self, z: Array, sigma: float | None) -> Array:
        """What the network takes at z (N, K)."""
        level = self.level(sigma)
        z = np.asarray(z, dtype=np.float64)
        return z if level is None else np.column_stack([z, np.full(len(z), math.log(level))])

    def model_energy(self, z: Array, parameters: str = "ema", sigma: float | None = None) -> Array:
        """E (N) at z (N, K) in model space. Not divided by the temperature."""
        if not self.has_energy:
            raise Missing(f"{self.path} holds a score network (it gives the score of a point, and no energy or density); "
                          'use its score, or train with network.kind = "mlp"')
        return self.network(parameters).energy(self._inputs(z, sigma))

    def model_score(self, z: Array, parameters: str = "ema", sigma: float | None = None) -> Array:
        """s (N, K) at z (N, K), both in model space: -∇E/T, or what a score network gives."""
        network, inputs = self.network(parameters), self._inputs(z, sigma)
        if not self.has_energy:
            return network.values(inputs)
        return network.score(inputs, self.temperature)[:, : self.model_dimension]

    @property
    def learned_log_z(self) -> float | None:
        """log Z in model space as the averaged parameters have learned it; None where it was not learned."""
        return self.log_z_learned("ema")

    def log_z_learned(self, parameters: str) -> float | None:
        """`learned_log_z` of either set of parameters; of a flow 0."""
        if self.is_flow:
            return 0.0
        tensor = self.tensors(parameters).get("log_normalizer")
        return None if tensor is None else -float(np.ravel(tensor)[0])

    def log_density(self, x: Array, parameters: str = "ema") -> Array:
        """log p (N) at x (N, D), both in data units, with the log Z that was learned."""
        log_z = self.log_z_learned(parameters)
        if log_z is None:
            raise Missing(f"{self.path} has learned no log Z (only binary noise contrastive estimation and flow-contrastive estimation do); "
                          "sum over a grid with likelihood.py")
        return -self.energy(x, parameters) - log_z - self.log_volume

    @cached_property
    def chains(self) -> Array:
        """Persistent chains (C, D) in data units."""
        return self.to_data(self._chain_part("x"))

    @cached_property
    def chain_ages(self) -> Array:
        """Langevin steps (C) since each chain's last restart."""
        return self._chain_part("age")

    @property
    def has_chains(self) -> bool:
        """Whether the objective keeps persistent chains."""
        return self._has_chains

    def _chain_part(self, name: str) -> Array:
        with open_hdf5(self.path) as file:
            if f"chains/{name}" not in file:
                raise Missing(f"{self.path} has no /chains/{name} (its objective keeps no persistent chains); "
                              "draw samples with `ebmpi sample`")
            return file[f"chains/{name}"][()]


def open_model(path: str | Path) -> Checkpoint | Combination:
    """The checkpoint or combination at `path`, or the newest readable checkpoint of the run folder at `path`.

    `flow:` before it stands for the flow of a checkpoint in place of its energy.
    """
    flow = str(path).startswith(FLOW_PREFIX)
    path = Path(str(path).removeprefix(FLOW_PREFIX))
    if path.is_dir():
        newest = Run(path).newest()
        return Checkpoint(newest.path, flow=True) if flow else newest
    if flow:
        return Checkpoint(path, flow=True)
    return Combination(path) if _format_of(path) == COMBINATION_FORMAT else Checkpoint(path)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _without_repeats(rows: list[list[str]], column: int) -> list[list[str]]:
    """Rows in order of steps: a row drops the earlier rows of its own and of later steps."""
    kept: list[tuple[float, list[str]]] = []
    for row in rows:
        step = _number(row[column])
        while kept and kept[-1][0] >= step:
            kept.pop()
        if step == step:
            kept.append((step, row))
    return [row for _, row in kept]
