# SPDX-License-Identifier: Apache-2.0
"""Runs the program as a user would. The environment variable EBMPI names the binary."""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

import h5py
import numpy as np

TESTS = pathlib.Path(__file__).resolve().parent.parent
REPOSITORY = TESTS.parent
MPIRUN = shutil.which("mpirun") or "mpirun"


# A run of a second, for tests of what comes after training; to be formatted.
SMALL_RUN = """
[run]
steps = 50
output = "{output}"
checkpoint_every = 25
precision = "{precision}"
[data]
{data}
[network]
hidden = [24, 17]
[objective]
kind = "{objective}"
[sampler]
steps = 20
{sampler}
[optimizer]
batch_size = 256
[parallel]
shards = 4
"""


def command(arguments, ranks=1):
    """The command line of `ebmpi arguments…` on a number of ranks; 0 ranks: without mpirun."""
    program = [os.environ["EBMPI"], *map(str, arguments)]
    if ranks == 0:
        return program
    return [MPIRUN, "-n", str(ranks), "--oversubscribe", "--bind-to", "none", "--mca", "btl", "self,sm", *program]


def environment(threads=1):
    return {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "OMP_PROC_BIND": "false",
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    }


def ebmpi(*arguments, ranks=1, threads=1, expect=0, timeout=300, cwd=None):
    """Runs the program and checks its exit code; returns the finished process with its text output."""
    variables = environment(threads)
    if ranks == 3:
        variables.setdefault("EBMPI_OVERLAP", "1")  # the gradient travels as it would between nodes
    done = subprocess.run(command(arguments, ranks), env=variables, cwd=cwd, timeout=timeout,
                          capture_output=True, text=True, check=False)
    if done.returncode != expect:
        raise AssertionError(f"exit code {done.returncode} in place of {expect}: {' '.join(map(str, arguments))}\n"
                             f"{done.stdout}\n{done.stderr}")
    return done


def problems(done):
    """The lines that the program itself wrote to stderr."""
    return [line for line in done.stderr.splitlines() if line.startswith("ebmpi: ")]


def numbers(path):
    """All data sets of a file."""
    found = {}
    with h5py.File(path) as file:
        file.visititems(lambda name, item: found.update({name: item[()]}) if isinstance(item, h5py.Dataset) else None)
    return found


def attributes(path):
    with h5py.File(path) as file:
        return dict(file.attrs)


def newest_checkpoint(run):
    return sorted(pathlib.Path(run, "checkpoints").glob("step-*.h5"))[-1]


def state_digest(checkpoint):
    """SHA-256 of every data set under the groups whose bits must not depend on the decomposition."""
    digest = hashlib.sha256()

    def add(name, item):
        if isinstance(item, h5py.Dataset):
            digest.update(name.encode())
            digest.update(str(item.dtype).encode() + str(item.shape).encode())
            digest.update(np.ascontiguousarray(item[()]).tobytes())

    with h5py.File(checkpoint) as file:
        for group in ("model", "model_ema", "flow", "flow_ema", "noise_flow", "optimizer", "chains"):
            if group in file:
                file[group].visititems(lambda name, item, group=group: add(f"{group}/{name}", item))
    return digest.hexdigest()


def timeless_metrics(run):
    """metrics.csv without its columns of time."""
    lines = pathlib.Path(run, "metrics.csv").read_text().splitlines()
    columns = lines[0].split(",")
    keep = [i for i, name in enumerate(columns) if name not in ("samples_per_second", "seconds")]
    return [",".join(line.split(",")[i] for i in keep) for line in lines]


class Case(unittest.TestCase):
    """A test with a scratch folder of its own."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ebmpi-test-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        return path
