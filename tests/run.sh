#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# tests/run.sh [--all] [argument of ctest…]: configures, builds and tests in build/release, where every dependency is
# found (cmake/toolchain.sh). Without --all the tests labelled slow are left out. A second call reuses the first's build.
set -euo pipefail
cd "$(dirname -- "${BASH_SOURCE[0]}")/.."

if [[ ${1-} == -h || ${1-} == --help ]]; then
  sed -n '3,4s/^# //p' tests/run.sh
  exit
fi
if [[ -z ${EBMPI_TESTS_INSIDE-} ]]; then
  export EBMPI_TESTS_INSIDE=1
  exec cmake/toolchain.sh bash tests/run.sh "$@"
fi
unset EBMPI_TESTS_INSIDE # a test may call this script

select=(-LE slow)
if [[ ${1-} == --all ]]; then
  select=()
  shift
fi

if [[ -z ${CMAKE_GENERATOR-} ]] && command -v ninja >/dev/null; then
  export CMAKE_GENERATOR=Ninja # CMake ignores it where the build folder was made with another
fi
# Warnings stop a CI run, not a user whose compiler knows more of them.
cmake --preset release -DEBMPI_TESTS=ON -DEBMPI_WARNINGS_AS_ERRORS="${CI:+ON}"
cmake --build --preset release -j "$(nproc)"
exec ctest --test-dir build/release --output-on-failure --no-tests=error -j 2 ${select[@]+"${select[@]}"} "$@"
