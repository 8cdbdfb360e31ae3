#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write the files of tests/golden with PyTorch (needed only to change the golden values, never to test)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch_mlp
import torch_objectives

DEFAULT = Path(__file__).resolve().parents[2] / "tests" / "golden"
FILES = {
    "mlp_energy.json": ("mlp-energy", torch_mlp.golden_cases),
    "objectives.json": ("objectives", torch_objectives.golden_cases),
}


def main() -> int:
    """Parse the command line and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=DEFAULT, help="where to write (default: %(default)s)")
    arguments = parser.parse_args()
    for name, (kind, cases) in FILES.items():
        path = arguments.folder / name
        try:
            torch_mlp.write_golden(path, kind, cases())
        except ModuleNotFoundError as error:
            print(f"make_golden: {error.name} is missing (the golden values come from PyTorch); "
                  "install Debian's python3-torch or `pip install torch`", file=sys.stderr)
            return 2
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
