# SPDX-License-Identifier: Apache-2.0
# Part of ../toolchain.sh: what both kinds of set-up share.
# The cache folder, the lock, apt-get on the machine, the log, and what a failure in it means.
# shellcheck shell=bash disable=SC2034,SC2154  # the parts share the globals tc_*

prepare_cache() {
  mkdir -p -- "$tc_cache" 2>/dev/null || true
  [[ -d $tc_cache && -w $tc_cache ]] ||
    die "cannot write $tc_cache (permissions, or a read-only file system); set EBMPI_TOOLCHAIN to a folder of yours"
}

# Held through descriptor 9 by every process of the set-up, so that survivors of a killed one are waited for as well.
take_lock() {
  exec 9>>"$tc_cache/lock"
  if ! flock --nonblock 9; then
    say "another set-up is running in $tc_cache; waiting for it"
    flock 9
  fi
}

drop_lock() { exec 9>&-; }

# apt-get install as every step of the set-up calls it on the machine itself.
apt_install() { DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; }

# Runs a command that changes the machine's packages or asks its apt. It does not hold the lock, as services that a package
# starts would keep it.
logged() { "$@" >>"$tc_log" 2>&1 </dev/null 9>&-; }

explain_failure() { # prints why, from the log, and what to do
  if grep -qE 'NO_PUBKEY|is not signed|Missing key|signatures were invalid' "$tc_log"; then
    echo "(the keyring does not have the key of Debian $tc_release); update the package debian-archive-keyring," \
      "or set EBMPI_DEBIAN_KEYRING to a keyring that you trust"
  elif grep -q 'No space left' "$tc_log"; then
    echo "(the disk is full); free some space or set EBMPI_TOOLCHAIN to another disk"
  elif grep -qE 'Could not (resolve|connect)|Failed to fetch|Unable to connect|Temporary failure' "$tc_log"; then
    echo "(the mirror cannot be reached); check the network and apt's proxy, or set EBMPI_DEBIAN_MIRROR; then run it again"
  else
    echo "(see the lines above and $tc_log); run it again, which resumes, or set EBMPI_TOOLCHAIN_MODE"
  fi
}

fail_with_log() { # WHAT HAPPENED
  tail -n 8 "$tc_log" >&2
  die "$1 $(explain_failure)"
}
