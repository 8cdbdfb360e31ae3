#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# From a fresh clone to a trained model of real sensor readings, with samples, anomaly scores and pictures.
# Usage: jobs/quickstart.sh [RUN FOLDER]     default: runs/shuttle. Run again, it reuses what is there.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
run=$(realpath -m "${1:-$root/runs/shuttle}")
cd "$root"

# All that follows needs compilers and libraries: continue inside the toolchain, which sets itself up once.
if [ -z "${EBMPI_QUICKSTART_INSIDE:-}" ]; then
  EBMPI_QUICKSTART_INSIDE=1 exec "$root/cmake/toolchain.sh" bash "$root/jobs/quickstart.sh" "$run"
fi

say() { printf '\n== %s\n' "$*"; }

say "building ebmpi (build/release)"
mkdir -p build
if [[ -z ${CMAKE_GENERATOR-} ]] && command -v ninja >/dev/null; then export CMAKE_GENERATOR=Ninja; fi
cmake --preset release >build/quickstart.log 2>&1 || { cat build/quickstart.log; exit 1; }
cmake --build --preset release --target ebmpi -j "$(nproc)" >>build/quickstart.log 2>&1 || { cat build/quickstart.log; exit 1; }
ebmpi=$root/build/release/bin/ebmpi
data=$root/jobs/shuttle/shuttle.h5

# Two ranks, one thread each.
export OMP_NUM_THREADS=1 OMP_PROC_BIND=false
ranks=(mpirun -n 2 --oversubscribe --bind-to none --mca btl "self,sm")

say "training on two ranks"
"${ranks[@]}" "$ebmpi" train jobs/shuttle/shuttle.toml --output "$run"

say "samples and anomaly scores"
"${ranks[@]}" "$ebmpi" sample "$run" --count 4096 --steps 500 --output "$run/samples.h5"
"${ranks[@]}" "$ebmpi" anomaly "$run" --normal "$data:train/x" --data "$data:test/x" --output "$run/anomaly.h5"

say "pictures"
python3 analysis/plot_training.py "$run"
python3 analysis/plot_chains.py "$run" --data "$data:train/x"
python3 analysis/plot_anomaly.py "$run/anomaly.h5" --output "$run/plots/anomaly.png"

say "everything is in $run"
find "$run" -type f | sort
