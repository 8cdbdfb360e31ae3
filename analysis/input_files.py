# SPDX-License-Identifier: Apache-2.0
"""HDF5 files, data sets and TOML, read with errors in words."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Array = np.ndarray

DAMAGE = (AttributeError, KeyError, OSError, RuntimeError, TypeError, ValueError)  # what h5py raises on damaged structures


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


def text_of(value: Any) -> str:
    """A HDF5 string as text."""
    return value.decode("utf-8") if isinstance(value, bytes) else str(value)


def plain(value: Any) -> Any:
    """An attribute as a Python value."""
    if isinstance(value, (bytes, np.bytes_)):
        return text_of(bytes(value))
    return value.item() if isinstance(value, np.generic) else value


def parse_toml(text: str, place: str) -> dict[str, Any]:
    """TOML that stands at `place`."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Missing(f"{place} is not TOML ({error}); restore the file that the run wrote") from error


def check_format(attributes: dict, path: Path, file_format: str, version: int, what: str) -> None:
    """Raise Missing where the root attributes are not those of `what`, a file of that format and version."""
    if attributes.get("format") != file_format:
        raise Missing(f"{path} is not a {what} (its format is not '{file_format}'); give a {what}")
    if attributes.get("format_version") != version:
        raise Missing(f"{path} has format version {attributes.get('format_version')} (this reader knows {version}); "
                      "use the analysis folder of the program that wrote it")
