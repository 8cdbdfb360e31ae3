# SPDX-License-Identifier: Apache-2.0
"""Runs ebmpi, which may live in another environment than the peers."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from functools import cached_property
from pathlib import Path

from input_files import Missing
from peers.work import Network


def command_line(given: str | None) -> list[str]:
    """The program's command: as given, else EBMPI, else what PATH has."""
    text = given or os.environ.get("EBMPI", "")
    if not text:
        found = shutil.which("ebmpi")
        if found is None:
            raise Missing("ebmpi was not found (it is neither in PATH nor in the variable EBMPI); give --ebmpi COMMAND")
        return [found]
    return [text] if Path(text).is_file() else shlex.split(text)


class Program:
    """The program with a number of threads."""

    def __init__(self, command: list[str], threads: int) -> None:
        self.command = command
        self.environment = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMP_PROC_BIND": "false",
                            **os.environ, "OMP_NUM_THREADS": str(threads)}

    def __call__(self, *arguments: object) -> str:
        """Its output; what goes wrong is said as Missing."""
        line = [*self.command, *map(str, arguments)]
        try:
            done = subprocess.run(line, env=self.environment, capture_output=True, text=True, check=False)
        except OSError as error:
            raise Missing(f"{self.command[0]} cannot be run ({error.strerror}); give --ebmpi COMMAND") from error
        if done.returncode != 0:
            said = done.stderr.strip().splitlines() or ["it said nothing"]
            raise Missing(f"`{shlex.join(line)}` failed with exit code {done.returncode} ({said[-1]}); try it by hand")
        return done.stdout

    @cached_property
    def version(self) -> list[str]:
        """The lines of --version."""
        return [" ".join(line.split()) for line in self("--version").splitlines() if line.strip()]

    @cached_property
    def _selects(self) -> bool:
        """Whether its benchmark can be restricted to a network and a kernel."""
        return "--kernel" in self("bench", "--help")

    def rates(self, network: Network, kernels: list[str], seconds: float, samples: int) -> dict[str, float]:
        """Samples or chain steps a second by kernel, by its own clock, which is wall time."""
        arguments: list[object] = ["bench", "--json", "--seconds", seconds, "--samples", samples]
        if self._selects:
            arguments += ["--network", network.argument]
            for kernel in kernels:
                arguments += ["--kernel", kernel]
        output = self(*arguments)
        array = re.search(r"^\[.*\]\s*$", output, re.DOTALL | re.MULTILINE)
        try:
            rows = json.loads(array[0] if array else output)
            found = {row["name"]: float(row["samples_per_second"]) for row in rows if row["network"] == network.name}
        except (ValueError, KeyError, TypeError) as error:
            raise Missing(f"`ebmpi bench --json` gave no rates ({error}); use the program of the same version") from error
        if missing := [kernel for kernel in kernels if kernel not in found]:
            raise Missing(f"`ebmpi bench` has no figure of {', '.join(missing)} for {network.name} (it gave: "
                          f"{', '.join(found) or 'nothing'}); use the program of the same version")
        return found
