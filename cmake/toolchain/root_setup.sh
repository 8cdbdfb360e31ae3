# SPDX-License-Identifier: Apache-2.0
# Part of ../toolchain.sh: case `root`, the set-up as seen from the machine.
# Checks what it needs, fetches its tools, starts root_build.sh in namespaces of its own and takes over a complete root.
# shellcheck shell=bash disable=SC2034,SC2154  # the parts share the globals tc_*

root_is_current() {
  local have=
  [[ -r $tc_root/etc/ebmpi-toolchain ]] && read -r have <"$tc_root/etc/ebmpi-toolchain"
  [[ $have == "$tc_wanted_hash" ]]
}

check_cache_can_execute() {
  printf '#!/bin/sh\n' >"$tc_cache/exec-test" && chmod +x "$tc_cache/exec-test"
  "$tc_cache/exec-test" 2>/dev/null ||
    die "programs cannot be run from $tc_cache (its file system is mounted noexec); set EBMPI_TOOLCHAIN to another disk"
  rm -f "$tc_cache/exec-test"
}

check_space() {
  local free
  free=$(df -Pk -- "$tc_cache" | awk 'NR == 2 { print $4 }')
  ((free > 3000000)) ||
    die "too little space in $tc_cache (3 GB are needed while setting up); set EBMPI_TOOLCHAIN to another disk"
}

install_mmdebstrap() {
  say "installing mmdebstrap with apt-get (the one change to this machine's packages)"
  : >"$tc_log"
  { logged apt-get update && logged apt_install mmdebstrap; } || fail_with_log "mmdebstrap could not be installed"
}

# Whether apt-get update succeeds does not matter: a source that fails need not be the one with these packages.
unpack_tools() { # FOLDER PACKAGE...
  local tools=$1 package options
  options=(-o "Dir::State::lists=$tools/lists" -o "Dir::Cache=$tools/cache" -o APT::Sandbox::User=)
  rm -rf --one-file-system "$tools"
  mkdir -p "$tools"/{lists,cache/archives}/partial
  apt-get "${options[@]}" update
  (cd -- "$tools" && apt-get "${options[@]}" download "${@:2}") || return
  for package in "$tools"/*.deb; do dpkg-deb --extract "$package" "$tools" || return; done
  rm -rf "$tools"/{lists,cache} "$tools"/*.deb
}

# As root the package is installed; else it and fakeroot are unpacked into the cache folder.
get_tools() {
  local missing=() tools=$tc_cache/tools
  type -P mmdebstrap >/dev/null || missing+=(mmdebstrap)
  ((EUID == 0)) || type -P faked-sysv >/dev/null || missing+=(fakeroot libfakeroot)
  ((${#missing[@]} > 0)) || return 0
  if ((EUID == 0)); then
    install_mmdebstrap
    return
  fi
  type -P perl >/dev/null || die "mmdebstrap cannot run (no perl here, and no root to install it); ask for the package perl"
  if [[ -e $tools/complete ]]; then return; fi
  say "unpacking ${missing[*]} into $tools"
  : >"$tc_log"
  logged unpack_tools "$tools" "${missing[@]}" || fail_with_log "${missing[*]} could not be fetched"
  : >"$tools/complete"
}

# Starts build so that it dies with this script, whatever kills it: a process namespace ends with its first process.
run_build() { # TARGET
  local name keep=() pids=() unprivileged=0
  for name in HOME XDG_CACHE_HOME EBMPI_TOOLCHAIN EBMPI_DEBIAN_MIRROR EBMPI_DEBIAN_KEYRING \
    http_proxy https_proxy ftp_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
    [[ -z ${!name-} ]] || keep+=("$name=${!name}")
  done
  unshare "${tc_namespace[@]}" unshare --pid --fork --mount-proc true 2>/dev/null &&
    pids=(unshare --pid --fork --kill-child --mount-proc)
  [[ ${tc_namespace[0]} == --mount ]] || unprivileged=1
  env -i "${keep[@]}" "PATH=$tc_cache/tools/usr/bin:$tc_standard_path" LC_ALL=C.UTF-8 \
    unshare "${tc_namespace[@]}" setpriv --pdeathsig KILL "${pids[@]}" \
    bash "$tc_self" --internal-build "$1" "$unprivileged" >>"$tc_log" 2>&1 </dev/null
}

retry_build() { # RESUMED: what an interruption left may be damaged; begin anew, once
  (($1)) || return 1
  say "the interrupted set-up cannot be resumed; starting over"
  rm -rf --one-file-system "$tc_partial"
  run_build "$tc_partial"
}

make_root() { # or bring it up to date
  local mirror resumed=0
  mirror=$(debian_mirror)
  has_apt || die "cannot make a Debian root (no apt-get here); load modules or install the packages that README.md names"
  check_cache_can_execute
  check_space
  get_tools
  mkdir -p "$tc_cache/view"
  : >"$tc_log"
  if [[ -d $tc_root ]]; then
    say "the package list has changed; updating $tc_root (log: $tc_log)"
    run_build "$tc_root" || fail_with_log "the root could not be made"
  else
    if [[ -e $tc_partial/etc/ebmpi-base ]]; then resumed=1 && say "resuming an interrupted set-up"; fi
    say "making a Debian $tc_release root from $mirror in $tc_cache (one to three minutes, 1.5 GB; log: $tc_log)"
    run_build "$tc_partial" || retry_build "$resumed" || fail_with_log "the root could not be made"
    mv -T -- "$tc_partial" "$tc_root"
  fi
  rm -rf --one-file-system "$tc_cache/archives"
  if grep -q 'no Kokkos' "$tc_root/etc/ebmpi-toolchain"; then
    say "neither ${tc_kokkos_suites[*]} has a libkokkos-dev that fits; CMake will fetch Kokkos and build it"
  fi
}

set_up_root() {
  local began=$SECONDS
  if [[ -d $tc_root && ! -w $tc_root && -e $tc_root/etc/ebmpi-toolchain ]]; then
    say "warning: $tc_root was made for another version of this script and cannot be changed by this user; using it as it is"
    return
  fi
  prepare_cache
  take_lock
  if ! root_is_current; then # or else another call made it meanwhile
    make_root
    say "ready after $((SECONDS - began)) s"
  fi
  drop_lock
}
