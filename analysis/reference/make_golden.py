#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Write tests/golden/mlp_energy.json with PyTorch (needed only to change the golden values, never to test)."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch_mlp

DEFAULT = Path(__file__).resolve().parents[2] / "tests" / "golden" / "mlp_energy.json"


def main() -> int:
    """Parse the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=DEFAULT, help="JSON file to write (default: %(default)s)")
    arguments = parser.parse_args()
    try:
        torch_mlp.write_golden(arguments.output)
    except ModuleNotFoundError as error:
        print(f"make_golden: {error.name} is missing (the golden values come from PyTorch); "
              "install Debian's python3-torch or `pip install torch`", file=sys.stderr)
        return 2
    print(arguments.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
