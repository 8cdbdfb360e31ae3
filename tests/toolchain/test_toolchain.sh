#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What cmake/toolchain.sh must pass through: arguments, environment, folder, standard input, exit code, signals.
# Takes a few seconds; returns 77 (skipped) where the toolchain is not set up, as setting it up takes minutes.
set -euo pipefail

toolchain=$(readlink -f -- "${BASH_SOURCE[0]%/*}/../../cmake/toolchain.sh")
scratch=$(mktemp -d "${TMPDIR:-/tmp}/ebmpi toolchain.XXXXXX") # the space is part of the test
trap 'rm -rf --one-file-system "$scratch"' EXIT
failures=0

expect() { # WHAT EXPECTED ACTUAL
  if [[ $2 == "$3" ]]; then
    echo "ok: $1"
  else
    printf 'FAILED: %s\n  expected: %q\n  actual:   %q\n' "$1" "$2" "$3"
    failures=$((failures + 1))
  fi
}

status_of() { # COMMAND...; prints its exit code
  local status=0
  "$@" >/dev/null 2>&1 || status=$?
  echo "$status"
}

wait_for() { # FILE; until it exists, ten seconds at most
  local i
  for ((i = 0; i < 200; i++)); do
    if [[ -e $1 ]]; then return; fi
    sleep 0.05
  done
  echo "FAILED: $1 did not appear"
  exit 1
}

where=$("$toolchain" --where)
echo "case: $where"
if [[ $where == *'not set up'* ]]; then exit 77; fi

test_exit_codes() {
  expect 'exit code 0' 0 "$(status_of "$toolchain" true)"
  expect 'exit code 37' 37 "$(status_of "$toolchain" sh -c 'exit 37')"
  expect 'a command that does not exist' 127 "$(status_of "$toolchain" no-such-command-here)"
  : >"$scratch/not-executable"
  expect 'a file that cannot be run' 126 "$(status_of "$toolchain" "$scratch/not-executable")"
  expect 'no command' 125 "$(status_of "$toolchain")"
  expect 'an unknown option' 125 "$(status_of "$toolchain" --no-such-option)"
  expect 'help' 0 "$(status_of "$toolchain" --help)"
}

test_arguments() {
  local arguments=('two words' "it's" 'say "hi"' '' "\$HOME \`id\` \\" '*' $'two\nlines' --help -- 'a=b' 'ä')
  expect 'arguments' "$(printf '[%s]' "${arguments[@]}")" "$("$toolchain" printf '[%s]' "${arguments[@]}")"
  expect 'a command after --' yes "$("$toolchain" -- echo yes)"
}

test_environment() {
  # shellcheck disable=SC2016  # expanded by the command
  local print='printf "%s|" "$EBMPI_TEST" "$name" "$root" "$view"'
  expect 'environment, also names that the script uses' $'a "b"\n c|1|2|3|' \
    "$(EBMPI_TEST=$'a "b"\n c' name=1 root=2 view=3 "$toolchain" sh -c "$print")"
  expect 'file mode mask' 0027 "$(umask 0027 && "$toolchain" sh -c umask)"
}

test_folder_and_streams() {
  expect 'working folder' "$scratch" "$(cd -- "$scratch" && "$toolchain" pwd)"
  expect 'work tree' yes "$("$toolchain" sh -c "cmp -s '$toolchain' '$toolchain' && echo yes")"
  expect 'standard input' 'one two' "$(printf 'one two' | "$toolchain" cat)"
  expect 'standard error' err "$("$toolchain" sh -c 'echo err >&2' 2>&1 >/dev/null)"
  (cd -- "$scratch" && "$toolchain" sh -c 'echo written >file')
  expect 'files that it writes' written "$(cat -- "$scratch/file")"
}

test_signals() {
  local pid status=0
  # shellcheck disable=SC2016  # expanded by the command
  "$toolchain" sh -c 'touch "$0/term"; exec sleep 100' "$scratch" &
  pid=$!
  wait_for "$scratch/term"
  kill -TERM "$pid"
  wait "$pid" || status=$?
  expect 'SIGTERM ends the command' 143 "$status"
  status=0
  # shellcheck disable=SC2016  # expanded by the command
  "$toolchain" bash -c 'trap "exit 5" USR1; touch "$0/usr1"; while :; do sleep 0.05; done' "$scratch" &
  pid=$!
  wait_for "$scratch/usr1"
  kill -USR1 "$pid"
  wait "$pid" || status=$?
  expect "SIGUSR1 reaches the command's handler" 5 "$status"
}

test_two_at_once() {
  local first second status=0
  # Each waits for the other's file: they can only end if both run at the same time.
  # shellcheck disable=SC2016  # expanded by the command
  local meet='touch "$0/$1"; for i in $(seq 100); do [ -e "$0/$2" ] && exit 0; sleep 0.05; done; exit 1'
  "$toolchain" sh -c "$meet" "$scratch" a b &
  first=$!
  "$toolchain" sh -c "$meet" "$scratch" b a &
  second=$!
  wait "$first" || status=$?
  wait "$second" || status=$?
  expect 'two at once' 0 "$status"
}

test_root() {
  expect 'a call inside a call' yes "$("$toolchain" "$toolchain" echo yes)"
  # shellcheck disable=SC2016  # expanded by the command
  expect 'a variable that would do harm is dropped' unset "$(PYTHONHOME=/none "$toolchain" sh -c 'echo "${PYTHONHOME-unset}"')"
  expect 'python3 with NumPy, h5py and Matplotlib' yes \
    "$("$toolchain" python3 -c 'import numpy, h5py, matplotlib; print("yes")')"
  expect 'nothing stays mounted' '' "$(grep -F ' ebmpi-toolchain ' /proc/self/mounts || true)"
}

test_exit_codes
test_arguments
test_environment
test_folder_and_streams
test_signals
test_two_at_once
if [[ $where == "root "* ]]; then test_root; fi
((failures == 0)) || exit 1
