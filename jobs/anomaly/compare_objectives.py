#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Train every objective on the normal rows of a data set and say how well its scores find the anomalies.

FILE.h5 holds normal rows in /train/x and rows to judge in /test/x, with /test/y (0: normal) beside them. Labels are used for
the figures alone. Prints one line for each objective: area under the receiver operating characteristic, average
precision, and the processor time of the training.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROGRAM = HERE.parents[1] / "build" / "release" / "bin" / "ebmpi"


def processor_seconds() -> float:
    """User time of the programs that have ended."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def run(command: list[str], verbose: bool) -> str:
    """Standard output of a command; its failure ends the script with what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"compare_objectives: {' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    if verbose:
        print(done.stdout, done.stderr, sep="", file=sys.stderr)
    return done.stdout


def compare(config: Path, data: Path, folder: Path, arguments: argparse.Namespace) -> dict[str, float]:
    """Trains by one config and scores the test rows."""
    run_folder = folder / config.stem
    before = processor_seconds()
    settings = [f"--set=data.file={data}", *(f"--set={key}" for key in arguments.set)]
    run([*arguments.launcher.split(), arguments.program, "train", str(config), "--output", str(run_folder), *settings],
        arguments.verbose)
    seconds = processor_seconds() - before
    kind = "norm" if config.stem == "score_network" else "energy"
    # The rate decides nothing here, but few held-out rows could not promise the default.
    scores = [arguments.program, "anomaly", str(run_folder), "--normal", f"{data}:train/x", "--data", f"{data}:test/x",
              "--score", kind, "--false-alarm", "0.05", "--output", str(folder / f"{config.stem}.h5"), "--json"]
    report = json.loads(run(scores, arguments.verbose))
    return {"auroc": report["auroc"], "average_precision": report["average_precision"], "seconds": seconds}


def main() -> int:
    """Parse the command line and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, metavar="FILE.h5")
    parser.add_argument("--objectives", nargs="*", metavar="NAME",
                        help="names of inputs beside this script, without .toml (default: all)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="handed on to every training")
    parser.add_argument("--program", default=os.environ.get("EBMPI", str(PROGRAM)), help="default: %(default)s")
    parser.add_argument("--launcher", default="", help="in front of every training, as 'mpirun -n 2' (default: nothing)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep run folders and scores there")
    parser.add_argument("--json", action="store_true", help="print one JSON object in place of the table")
    parser.add_argument("--verbose", action="store_true", help="show what the program says")
    arguments = parser.parse_args()
    configs = sorted(HERE.glob("*.toml"))
    names = arguments.objectives or [config.stem for config in configs]
    unknown = set(names) - {config.stem for config in configs}
    if unknown or not arguments.data.is_file():
        problem = f"no input {sorted(unknown)[0]}.toml in {HERE}" if unknown else f"{arguments.data} does not exist"
        print(f"compare_objectives: {problem}; see --help", file=sys.stderr)
        return 2
    os.environ.setdefault("OMP_NUM_THREADS", "1")

    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="ebmpi-objectives-"))
    folder.mkdir(parents=True, exist_ok=True)
    results = {}
    if not arguments.json:
        print(f"{'objective':<34} {'AUROC':>7} {'avg. precision':>15} {'CPU s':>7}")
    for name in names:
        results[name] = compare(HERE / f"{name}.toml", arguments.data.resolve(), folder, arguments)
        if not arguments.json:
            figures = results[name]
            print(f"{name:<34} {figures['auroc']:7.4f} {figures['average_precision']:15.4f} {figures['seconds']:7.1f}", flush=True)
    if arguments.json:
        print(json.dumps(results, indent=1))
    if not arguments.keep:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
