# SPDX-License-Identifier: Apache-2.0
# Part of ../toolchain.sh: case `packages`.
# Installs Debian's packages on the machine itself.
# shellcheck shell=bash disable=SC2034,SC2154  # the parts share the globals tc_*

set_up_packages() {
  ((EUID == 0)) || die "cannot install packages (not root); use EBMPI_TOOLCHAIN_MODE=root, which needs no root"
  has_apt || die "cannot install packages (no apt-get here); use modules, or your distribution's packages"
  prepare_cache
  take_lock
  say "installing the Debian packages (log: $tc_log)"
  : >"$tc_log"
  { logged apt-get update && logged apt_install "${tc_packages[@]}"; } || fail_with_log "the packages could not be installed"
  logged install_kokkos_on_host ||
    say "no libkokkos-dev can be installed from this mirror; CMake will fetch Kokkos and build it"
  rm -rf --one-file-system "$tc_cache/apt"
  add_missing_archives ''
  drop_lock
}
