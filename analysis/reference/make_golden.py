#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the files of tests/golden with PyTorch and ArviZ (needed only to change the golden values, never to test)."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # for what imports reference.…

import arviz_chains
import torch_flow
import torch_mlp
import torch_objectives

DEFAULT = Path(__file__).resolve().parents[2] / "tests" / "golden"
# What a file's format is called after "ebmpi-golden-", the library that the values come from, the cases.
FILES = {
    "mlp_energy.json": ("mlp-energy", "torch", torch_mlp.golden_cases),
    "objectives.json": ("objectives", "torch", torch_objectives.golden_cases),
    "flow.json": ("flow", "torch", torch_flow.golden_cases),
    "chain_diagnostics.json": ("chain-diagnostics", "arviz", arviz_chains.golden_cases),
}


def write_golden(path: Path, kind: str, library: str, cases: list[dict[str, Any]]) -> None:
    """Write cases with one key on each line."""
    blocks = []
    for case in cases:
        lines = [f"      {json.dumps(key)}: {json.dumps(value)}" for key, value in case.items()]
        blocks.append("    {\n" + ",\n".join(lines) + "\n    }")
    version = importlib.import_module(library).__version__
    head = f'{{\n  "format": "ebmpi-golden-{kind}",\n  "{library}": "{version}",\n  "cases": [\n'
    path.write_text(head + ",\n".join(blocks) + "\n  ]\n}\n", encoding="utf-8")


def main() -> int:
    """Parse the command line and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", help=f"which to write, of {', '.join(FILES)} (default: all)")
    parser.add_argument("--folder", type=Path, default=DEFAULT, help="where to write (default: %(default)s)")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.files) - set(FILES))
    if unknown:
        parser.error(f"no golden file {', '.join(unknown)} (they are {', '.join(FILES)}); name one of them")
    for name in arguments.files or FILES:
        kind, library, cases = FILES[name]
        path = arguments.folder / name
        try:
            write_golden(path, kind, library, cases())
        except ModuleNotFoundError as error:
            print(f"make_golden: {error.name} is missing (the golden values of {name} come from it); "
                  f"`pip install {library}`", file=sys.stderr)
            return 2
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
