# SPDX-License-Identifier: Apache-2.0
"""Read what ebmpi writes: run folders, checkpoints, data sets. Nothing here writes to a run.

The formats are described in src/io/README.md. Shapes: N rows, D columns in the data file, K columns in the model (K = D
without pca), C chains. Everything that is returned in "data units" is in the units of the data file.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from reference.numpy_mlp import MlpEnergy

Array = np.ndarray

CHECKPOINT_FORMAT = "ebmpi-checkpoint"
FORMAT_VERSION = 1
DAMAGE = (AttributeError, KeyError, OSError, RuntimeError, TypeError, ValueError)  # what h5py raises on damaged structures
PARAMETERS = {"ema": "model_ema", "last": "model"}


class Missing(Exception):
    """What was asked for is not there or cannot be read; the text is `<problem> (<why it is one>); <what to do>`."""


@contextmanager
def open_hdf5(path: Path) -> Iterator[h5py.File]:
    """Open for reading, without a lock, so that a run that is still writing is not disturbed; damage is said as Missing."""
    if not path.is_file():
        raise Missing(f"{path} does not exist (a HDF5 file is needed); check the path")
    try:
        file = h5py.File(path, "r", locking=False)
    except OSError as error:
        reason = str(error).split("(")[0].strip().lower()
        raise Missing(f"{path} cannot be opened ({reason}); check that the file is HDF5 and complete") from error
    with file:
        try:
            yield file
        except DAMAGE as error:
            raise Missing(f"{path} is damaged ({error}); use another file") from error


def is_checkpoint(path: Path) -> bool:
    """Whether the HDF5 file at `path` says that it is a checkpoint."""
    with open_hdf5(path) as file:
        return _text(file.attrs.get("format", "")) == CHECKPOINT_FORMAT


def read_rows(place: str) -> Array:
    """Rows (N, D) in float64 of `FILE.h5` (its /x) or `FILE.h5:train/x`."""
    path, dataset = split_place(place)
    with open_hdf5(path) as file:
        if not isinstance(file.get(dataset), h5py.Dataset):
            raise Missing(f"{path} has no data set /{dataset} (it has: {', '.join(file)}); name one as {path}:NAME")
        rows = file[dataset][()].astype(np.float64)
    if rows.ndim == 1:
        rows = rows[:, None]
    if rows.ndim != 2:
        raise Missing(f"{path}:{dataset} has shape {rows.shape} (rows and columns are needed); name another data set")
    return rows


def split_place(place: str) -> tuple[Path, str]:
    """`FILE.h5:train/x` as path and data set; a file alone means x."""
    head, colon, tail = place.rpartition(":")
    if colon and not Path(place).exists():
        return Path(head), tail.strip("/") or "x"
    return Path(place), "x"


def _text(value: Any) -> str:
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def _plain(value: Any) -> Any:
    """An attribute as a Python value."""
    if isinstance(value, (bytes, np.bytes_)):
        return _text(bytes(value))
    return value.item() if isinstance(value, np.generic) else value


def _toml(text: str, place: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Missing(f"{place} is not TOML ({error}); restore the file that the run wrote") from error


def temperature_of(config: dict[str, Any]) -> float:
    """T that the chains sampled in training: τ²/(2η) where a noise scale τ was given, else the temperature itself."""
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
        return _toml(path.read_text(encoding="utf-8"), str(path))

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


class Checkpoint:
    """One checkpoint: attributes, config, tensors and data transform are read at once, the chains when asked for."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        with open_hdf5(self.path) as file:
            self._load(file)

    def _load(self, file: h5py.File) -> None:
        self.attributes = {name: _plain(value) for name, value in file.attrs.items()}
        self._check_format()
        self.config = _toml(_text(self._dataset(file, "config")[()]), f"{self.path}:/config")
        self._tensors = {
            key: {name: tensor[()] for name, tensor in file[group].items()}
            for key, group in PARAMETERS.items()
            if group in file
        }
        data = file.get("data")
        self.data = {name: _plain(value) for name, value in data.attrs.items()} if data else {}
        self.data |= {name: values[()] for name, values in data.items()} if data else {}
        self._has_chains = "chains/x" in file

    def _check_format(self) -> None:
        if self.attributes.get("format") != CHECKPOINT_FORMAT:
            raise Missing(f"{self.path} is not a checkpoint (its format is not '{CHECKPOINT_FORMAT}'); give a checkpoint")
        version = self.attributes.get("format_version")
        if version != FORMAT_VERSION:
            raise Missing(f"{self.path} has format version {version} (this reader knows {FORMAT_VERSION}); "
                          "use the analysis folder of the program that wrote it")

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
    def dimension(self) -> int:
        """D, columns in the data file."""
        return int(self.data["dimension"]) if "dimension" in self.data else len(self._mean)

    @property
    def model_dimension(self) -> int:
        """K, columns that the network sees."""
        return self.network().dimension

    def tensors(self, parameters: str = "ema") -> dict[str, Array]:
        """Tensors by name of the moving average ("ema") or of the last step ("last")."""
        if not self._tensors.get(parameters):
            other = ", ".join(key for key, tensors in self._tensors.items() if tensors) or "no others"
            raise Missing(f"{self.path} has no parameters '{parameters}' (it has {other}); ask for those")
        return self._tensors[parameters]

    def network(self, parameters: str = "ema") -> MlpEnergy:
        """The NumPy twin of the network; its inputs are in model space (N, K)."""
        section = self.config.get("network", {})
        if (kind := section.get("kind", "mlp")) != "mlp":
            raise Missing(f"{self.path} holds a network '{kind}' (only an MLP has a NumPy twin); use `ebmpi energy`")
        try:
            return MlpEnergy.from_tensors(self.tensors(parameters), section.get("activation", "silu"))
        except ValueError as error:
            raise Missing(f"{self.path} does not hold an energy ({error}); use another checkpoint") from error

    @property
    def _mean(self) -> Array:
        return np.asarray(self.data.get("mean", np.zeros(self.model_dimension)), dtype=np.float64)

    @property
    def _scale(self) -> Array:
        return np.asarray(self.data.get("scale", np.ones(self.model_dimension)), dtype=np.float64)

    @property
    def _projection(self) -> Array | None:
        projection = self.data.get("projection")
        return None if projection is None else np.asarray(projection, dtype=np.float64)

    def to_model(self, x: Array) -> Array:
        """Rows in data units (N, D) to model space (N, K)."""
        x = np.asarray(x, dtype=np.float64)
        if x.ndim != 2 or x.shape[1] != self.dimension:
            raise Missing(f"rows have shape {x.shape} (the model's data has {self.dimension} columns); give such rows")
        z = (x - self._mean) / self._scale
        return z if self._projection is None else z @ self._projection.T

    def to_data(self, z: Array) -> Array:
        """Rows in model space (N, K) to data units (N, D); what a projection dropped comes back as the mean."""
        z = np.asarray(z, dtype=np.float64)
        full = z if self._projection is None else z @ self._projection
        return full * self._scale + self._mean

    def energy(self, x: Array, parameters: str = "ema") -> Array:
        """E (N) at x (N, D) in data units. Not divided by the temperature."""
        return self.network(parameters).energy(self.to_model(x))

    def score(self, x: Array, parameters: str = "ema") -> Array:
        """s = -∇E/T (N, D) at x (N, D), both in data units."""
        model_score = self.network(parameters).score(self.to_model(x), self.temperature)
        full = model_score if self._projection is None else model_score @ self._projection
        return full / self._scale

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


def open_model(path: str | Path) -> Checkpoint:
    """The checkpoint at `path`, or the newest readable one of the run folder at `path`."""
    path = Path(path)
    return Run(path).newest() if path.is_dir() else Checkpoint(path)


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
