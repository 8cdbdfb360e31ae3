#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs a command where every dependency of ebmpi is found, and sets that up on first use. `--help` tells the rest.
#
# Globals are named tc_* and the final exec happens outside of any function with ordinary local names: an assignment to a
# name that the caller has exported, or a local that hides it, would change the environment which the command receives.
set -euo pipefail

tc_release=trixie
# Debian's Kokkos is newer than the release; libkokkos-dev alone comes from one of these, in this order.
tc_kokkos_suites=(unstable testing)
tc_packages=(g++ make cmake ninja-build pkg-config git ca-certificates openmpi-bin libopenmpi-dev libhdf5-openmpi-dev
  hdf5-tools libfmt-dev libcli11-dev libtomlplusplus-dev catch2 python3 python3-h5py python3-numpy python3-matplotlib
  procps time)
# Raise when the set-up itself changes: together with the package list it decides whether a root is up to date.
tc_layout=1
tc_standard_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

tc_self=$(readlink -f -- "${BASH_SOURCE[0]}")
tc_tree=${tc_self%/*/*}
tc_cache=${EBMPI_TOOLCHAIN:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ebmpi/toolchain}
[[ $tc_cache == /* ]] || tc_cache=$PWD/$tc_cache
tc_root=$tc_cache/root
tc_partial=$tc_cache/root.partial
tc_log=$tc_cache/setup.log

usage() {
  cat <<'HELP'
Usage: cmake/toolchain.sh [--] COMMAND [ARGUMENT...]
       cmake/toolchain.sh --setup | --where | --help

Runs COMMAND where a C++20 compiler, CMake, Ninja, Open MPI, parallel HDF5, Kokkos, fmt, CLI11, toml++, Catch2 and Python
with h5py, NumPy and Matplotlib are found. The first call sets that up (one to three minutes); later ones start in a moment.
  --setup   only set up     --where   say which case holds here, and where the root is     --help   this text

Which environment is used (the first that applies):
  installed  What the shell has already (modules, Spack, a distribution), as it is, when all of the above is in it.
  packages   On Debian 13 or newer as root: the packages are installed with apt-get. libkokkos-dev, where the machine's own
             release has none, comes from Debian unstable (or testing) and nothing else does; no apt source is added.
  root       Otherwise, on a machine that has apt (Debian 12, or Ubuntu with EBMPI_DEBIAN_MIRROR set): a Debian 13 root of
             about 1.5 GB in the cache folder, entered by chroot as root, or by a user namespace without root.
  installed  Last resort where apt is missing: compiler, MPI, parallel HDF5 and Python from the machine; CMake then
             downloads and builds the rest (Kokkos, fmt, CLI11, toml++, Catch2).

Variables:
  EBMPI_TOOLCHAIN         cache folder; default ${XDG_CACHE_HOME:-$HOME/.cache}/ebmpi/toolchain
  EBMPI_TOOLCHAIN_MODE    auto (default), installed, packages or root: force one of the above
  EBMPI_TOOLCHAIN_PATH    folders to put first in PATH inside the root
  EBMPI_DEBIAN_MIRROR     Debian mirror to use instead of the one in the machine's apt sources; needed on Ubuntu
  EBMPI_DEBIAN_KEYRING    keyring that signs that mirror; default /usr/share/keyrings/debian-archive-keyring.gpg

What it changes on this machine: in case `root`, the cache folder, and as root the package mmdebstrap is installed with
apt-get if it is missing (nothing else). Without root nothing is installed: mmdebstrap and fakeroot, if missing, are
unpacked into the cache folder. In case `packages`, the packages, and two empty archives that libkokkos-dev's CMake files
name but do not ship (libkokkosalgorithms.a, libkokkossimd.a). Mounts live in a namespace of their own and end with the command.

Remove it: delete the cache folder (rm -rf --one-file-system FOLDER). Deleting only FOLDER/root makes the next call rebuild it.
The mirror, proxies and date checks come from the machine's apt configuration, http_proxy and so on from the environment.

Inside the root: the work tree, the working folder, HOME, /tmp, /dev, /proc, /sys, /run, /opt and every other top-level folder
of the machine except its system folders (/usr, /etc, /var, ...) are the machine's own, at the same paths; so is
/usr/local/cuda, where it exists. The NVIDIA driver's libraries are in /.driver, which LD_LIBRARY_PATH then names.
Arguments, standard streams, exit code, signals and the environment pass through, except:
  PATH              the root's own; entries inside the work tree stay first, /usr/local/cuda/bin is last, others are dropped
                    (the machine's programs would not find their libraries, and must not win over the root's)
  dropped           LD_*, LIBRARY_PATH, COMPILER_PATH, GCC_EXEC_PREFIX, CPATH, C_INCLUDE_PATH, CPLUS_INCLUDE_PATH,
                    PKG_CONFIG_PATH, PKG_CONFIG_LIBDIR, PKG_CONFIG_SYSROOT_DIR, CMAKE_PREFIX_PATH, OPAL_PREFIX, LOCPATH,
                    PERL5LIB, PYTHONHOME, PYTHONPATH, PYTHONSTARTUP, PYTHONUSERBASE, PYENV_*, VIRTUAL_ENV*, CONDA_*;
                    TMPDIR and certificate variables if they name a path that is not there
  LANG, LC_*        C.UTF-8 when the locale is missing in the root
  OMPI_ALLOW_RUN_AS_ROOT, OMPI_ALLOW_RUN_AS_ROOT_CONFIRM   1 when the user is root inside (in the other cases too)
Without root the user appears as root inside (files are still made under the user's own name). That needs user
namespaces, and works without /etc/subuid and without newuidmap; both the set-up and the use have been tried on Debian 12.
A container must allow mounts (CAP_SYS_ADMIN, for example docker run --cap-add SYS_ADMIN) or user namespaces.

Exit code: that of COMMAND; 126 or 127 if it cannot be run or is not found; 125 if the toolchain itself fails.
HELP
}

say() { printf 'toolchain.sh: %s\n' "$*" >&2; }
die() {
  say "$*"
  exit 125
}

hash_of() { printf '%s\n' "$@" | sha256sum | cut -c1-16; }

# --- the machine -----------------------------------------------------------------------------------------------------------

os_release() { # FIELD; in a subshell, as the file sets variables of its own
  # shellcheck source=/dev/null
  (set +u && . /etc/os-release && printf '%s' "${!1-}") 2>/dev/null || true
}

has_apt() { type -P apt-get >/dev/null && type -P dpkg >/dev/null; }

is_debian_13() {
  [[ $(os_release ID) == debian ]] || return 1
  local version
  version=$(os_release VERSION_ID)
  [[ -z $version ]] || ((${version%%.*} >= 13)) # testing and unstable have no VERSION_ID
}

# The Debian archive among the configured sources; apt itself reads them, so both formats and all options are understood.
debian_mirror() {
  if [[ -n ${EBMPI_DEBIAN_MIRROR:-} ]]; then
    printf '%s\n' "$EBMPI_DEBIAN_MIRROR"
    return
  fi
  local codename uri suite component found=
  [[ $(os_release ID) == debian ]] ||
    die "no Debian mirror known (this is not Debian, so its apt sources name none); set EBMPI_DEBIAN_MIRROR to the URL of one"
  codename=$(os_release VERSION_CODENAME)
  while IFS='|' read -r uri suite component; do
    [[ $component == main && -z $found ]] || continue
    case $suite in
      "$codename" | stable | oldstable | testing | unstable | sid) [[ $uri == cdrom:* ]] || found=$uri ;;
    esac
  done < <(LC_ALL=C apt-get indextargets --format "\$(REPO_URI)|\$(RELEASE)|\$(COMPONENT)" 'Created-By: Packages' 2>/dev/null)
  [[ -n $found ]] ||
    die "no Debian mirror found (apt's sources have no entry for ${codename:-this release}, main); set EBMPI_DEBIAN_MIRROR"
  printf '%s\n' "$found"
}

debian_keyring() {
  local file
  for file in "${EBMPI_DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}" \
    /usr/share/keyrings/debian-archive-keyring.pgp; do
    [[ -r $file ]] && printf '%s\n' "$file" && return
  done
  die "no keyring to check Debian's packages with (debian-archive-keyring is not installed);" \
    "install that package or set EBMPI_DEBIAN_KEYRING to such a file"
}

# The machine's own settings on how to fetch: proxies, certificates, date checks. Its hooks and indices are left out.
host_apt_settings() {
  local mirror=$1 detect proxy
  LC_ALL=C apt-config dump 2>/dev/null |
    grep -E '^Acquire::(http|https|ftp|tor|Check-Date|Check-Valid-Until|Max-ValidTime|Retries|ForceIPv|Queue-Mode)[^ ]* ' |
    grep -vE 'Proxy-Auto-Detect|ProxyAutoDetect| "";$' || true
  # A detection program is not in the root: ask it here, once.
  detect=$(LC_ALL=C apt-config dump --format '%f=%v%n' 2>/dev/null |
    sed -nE 's/^Acquire::https?::Proxy-?Auto-?Detect=(.+)$/\1/p' | head -n 1)
  if [[ -n $detect ]]; then
    proxy=$($detect "$mirror" 2>/dev/null | head -n 1) || proxy=
    [[ -z $proxy ]] || printf 'Acquire::http::Proxy "%s";\n' "$proxy"
  fi
}

# --- what is installed already ----------------------------------------------------------------------------------------------

write_probe_project() {
  cat >"$1/probe.cpp" <<'CPP'
#include <concepts>
#include <span>
template <std::integral T> T twice(T x) { return x + x; }
int main() { int a[]{0}; return twice(std::span<int>(a)[0]); }
CPP
  cat >"$1/CMakeLists.txt" <<'CMAKE'
cmake_minimum_required(VERSION 3.22)
project(probe LANGUAGES C CXX)
try_compile(CXX20 "${CMAKE_BINARY_DIR}/cxx20" "${CMAKE_SOURCE_DIR}/probe.cpp" CXX_STANDARD 20 CXX_STANDARD_REQUIRED ON)
if(NOT CXX20)
  message(FATAL_ERROR "no C++20 compiler")
endif()
find_package(MPI REQUIRED COMPONENTS C)
set(HDF5_PREFER_PARALLEL ON)
find_package(HDF5 REQUIRED COMPONENTS C)
if(NOT HDF5_IS_PARALLEL)
  message(FATAL_ERROR "HDF5 is not parallel")
endif()
find_package(Kokkos 4.6 QUIET)
find_package(fmt 9 QUIET)
find_package(CLI11 2.3 QUIET)
find_package(tomlplusplus 3.3 QUIET)
find_package(Catch2 3 QUIET)
set(found base)
if(Kokkos_FOUND AND fmt_FOUND AND CLI11_FOUND AND tomlplusplus_FOUND AND Catch2_FOUND)
  set(found full)
endif()
file(WRITE "${CMAKE_BINARY_DIR}/found" "${found}")
CMAKE
}

# Prints full (everything), base (all but libraries that CMake can fetch) or none.
probe_installed() {
  local scratch
  if ! { type -P cmake && type -P python3 && { type -P mpicc || type -P mpicxx; }; } >/dev/null ||
    ! python3 -c 'import numpy, h5py, matplotlib' >/dev/null 2>&1; then
    echo none
    return
  fi
  scratch=$(mktemp -d)
  write_probe_project "$scratch"
  cmake -S "$scratch" -B "$scratch/build" >"$scratch/log" 2>&1 </dev/null || true
  if [[ -s $scratch/build/found ]]; then cat "$scratch/build/found"; else echo none; fi
  rm -rf --one-file-system "$scratch"
}

choose_case() { # prints installed, packages or root
  local forced=${EBMPI_TOOLCHAIN_MODE:-auto} found
  case $forced in
    installed | packages | root) echo "$forced" && return ;;
    auto) ;;
    *) die "EBMPI_TOOLCHAIN_MODE is '$forced' (unknown); use auto, installed, packages or root" ;;
  esac
  found=$(probe_installed)
  if [[ $found == full ]]; then
    echo installed
  elif is_debian_13 && ((EUID == 0)); then
    echo packages
  elif root_is_current; then # made before, perhaps by another user
    echo root
  elif has_apt && [[ $(os_release ID) == debian || -n ${EBMPI_DEBIAN_MIRROR:-} ]]; then
    echo root
  elif [[ $found == base ]]; then
    say "using the installed compiler, MPI and HDF5; CMake will fetch the libraries that are missing"
    echo installed
  else
    die "the dependencies are not installed and cannot be set up here (no apt, or no Debian mirror known); load modules" \
      "or install the packages that README.md names, or on Ubuntu set EBMPI_DEBIAN_MIRROR"
  fi
}

# --- setting up: shared parts -----------------------------------------------------------------------------------------------

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

# Debian's Kokkos CMake files name archives which the package does not ship; empty ones satisfy them.
add_missing_archives() { # ROOT
  local config folder name
  for config in "$1"/usr/lib/*/cmake/Kokkos/KokkosTargets.cmake; do
    [[ -e $config ]] || continue
    folder=${config%/cmake/Kokkos/*}
    for name in libkokkosalgorithms.a libkokkossimd.a; do
      if [[ ! -e $folder/$name ]] && grep -qs "$name" "${config%/*}"/*.cmake; then
        printf '!<arch>\n' >"$folder/$name" # what `ar qc` writes for no members
      fi
    done
  done
}

# --- case packages ----------------------------------------------------------------------------------------------------------

# libkokkos-dev with apt's sources, pins and lists in a scratch folder: the machine's own configuration stays as it is.
install_kokkos_on_host() {
  local state=$tc_cache/apt suite mirror keyring options
  if DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends libkokkos-dev; then return; fi
  if ! mirror=$(debian_mirror) || ! keyring=$(debian_keyring); then return 1; fi
  mkdir -p "$state"/{lists/partial,parts,preferences}
  options=(-o "Dir::Etc::sourceparts=$state/parts" -o "Dir::Etc::preferencesparts=$state/preferences"
    -o "Dir::State::lists=$state/lists" -o APT::Sandbox::User=root)
  for suite in "${tc_kokkos_suites[@]}"; do
    echo "deb [check-valid-until=no signed-by=$keyring] $mirror $suite main" >"$state/parts/kokkos.list"
    kokkos_pin "$suite" >"$state/preferences/kokkos"
    if apt-get "${options[@]}" update &&
      DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" install -y --no-install-recommends libkokkos-dev; then
      return
    fi
  done
  return 1
}

kokkos_pin() { # SUITE
  printf 'Package: *\nPin: release a=%s\nPin-Priority: 1\n\n' "$1"
  printf 'Package: libkokkos*\nPin: release a=%s\nPin-Priority: 990\n' "$1"
}

set_up_packages() {
  ((EUID == 0)) || die "cannot install packages (not root); use EBMPI_TOOLCHAIN_MODE=root, which needs no root"
  has_apt || die "cannot install packages (no apt-get here); use modules, or your distribution's packages"
  take_lock
  say "installing the Debian packages (log: $tc_log)"
  {
    apt-get update &&
      DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${tc_packages[@]}"
  } >"$tc_log" 2>&1 </dev/null 9>&- || {
    tail -n 8 "$tc_log" >&2
    die "the packages could not be installed $(explain_failure)"
  }
  (install_kokkos_on_host) >>"$tc_log" 2>&1 </dev/null 9>&- ||
    say "no libkokkos-dev can be installed from this mirror; CMake will fetch Kokkos and build it"
  rm -rf --one-file-system "$tc_cache/apt"
  add_missing_archives ''
  drop_lock
}

# --- case root: making it -----------------------------------------------------------------------------------------------------

tc_wanted_hash=$(hash_of "$tc_layout" "$tc_release" "${tc_packages[@]}" "${tc_kokkos_suites[@]}")

root_is_current() {
  local have=
  [[ -r $tc_root/etc/ebmpi-toolchain ]] && read -r have <"$tc_root/etc/ebmpi-toolchain"
  [[ $have == "$tc_wanted_hash" ]]
}

# Sets tc_namespace to the unshare options which give mounts here. Slave mounts: what the machine mounts later (automounted
# homes) appears inside, and nothing made inside appears outside.
choose_namespace() {
  type -P unshare >/dev/null || die "no unshare found (package util-linux); install it"
  tc_namespace=(--mount --propagation slave)
  if ((EUID == 0)) && unshare "${tc_namespace[@]}" true 2>/dev/null; then return; fi
  tc_namespace=(--user --map-root-user "${tc_namespace[@]}")
  unshare "${tc_namespace[@]}" true 2>/dev/null ||
    die "cannot enter a Debian root (neither mounts nor user namespaces are allowed here); in a container allow one of them," \
      "for example with --cap-add SYS_ADMIN, on a machine set sysctl kernel.unprivileged_userns_clone=1 or (AppArmor)" \
      "kernel.apparmor_restrict_unprivileged_userns=0, or install the packages that README.md names"
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

# As root the package is installed; else it and fakeroot are unpacked into the cache folder.
get_tools() {
  local missing=() tools=$tc_cache/tools
  type -P mmdebstrap >/dev/null || missing+=(mmdebstrap)
  if ((EUID == 0)); then
    ((${#missing[@]} == 0)) && return
    say "installing mmdebstrap with apt-get (the one change to this machine's packages)"
    { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends mmdebstrap; } \
      >"$tc_log" 2>&1 </dev/null 9>&- || {
      tail -n 8 "$tc_log" >&2
      die "mmdebstrap could not be installed $(explain_failure)"
    }
    return
  fi
  type -P faked-sysv >/dev/null || missing+=(fakeroot libfakeroot)
  ((${#missing[@]} > 0)) || return 0
  type -P perl >/dev/null || die "mmdebstrap cannot run (no perl here, and no root to install it); ask for the package perl"
  [[ -e $tools/complete ]] && return
  say "unpacking ${missing[*]} into $tools"
  rm -rf --one-file-system "$tools" && mkdir -p "$tools"/{lists,cache/archives}/partial
  (
    cd -- "$tools"
    options=(-o "Dir::State::lists=$tools/lists" -o "Dir::Cache=$tools/cache" -o APT::Sandbox::User=)
    apt-get "${options[@]}" update
    apt-get "${options[@]}" download "${missing[@]}"
    for package in ./*.deb; do dpkg-deb --extract "$package" .; done
    rm -rf lists cache ./*.deb
  ) >"$tc_log" 2>&1 </dev/null 9>&- || {
    tail -n 8 "$tc_log" >&2
    die "${missing[*]} could not be fetched $(explain_failure)"
  }
  : >"$tools/complete"
}

# In a namespace where only one user exists a file cannot be given to another one: fakeroot pretends that it was.
enter_fakeroot() {
  local folder daemon lib=$tc_cache/tools/usr/lib
  tc_fakeroot_libs=
  ((tc_build_unprivileged)) || return 0
  for folder in /usr/lib/*/libfakeroot "$lib"/*/libfakeroot; do
    if [[ -e $folder/libfakeroot-sysv.so ]]; then tc_fakeroot_libs=$folder; fi
  done
  [[ -n $tc_fakeroot_libs ]] || die "no libfakeroot found (package fakeroot is broken); delete $tc_cache/tools and try again"
  tc_fakeroot_target=/usr/lib/${tc_fakeroot_libs#*/usr/lib/}
  # Without it fakeroot tries the real chown, and knows no way on from its error for users that do not exist.
  export FAKEROOTDONTTRYCHOWN=1 LD_LIBRARY_PATH=$tc_fakeroot_libs:$tc_fakeroot_target
  # What the command fakeroot does, which insists on a library path of its own; faked prints KEY:PID.
  daemon=$(faked-sysv)
  tc_fakeroot=(env "FAKEROOTKEY=${daemon%%:*}" LD_PRELOAD=libfakeroot-sysv.so)
  # shellcheck disable=SC2064  # the value of now
  trap "kill ${daemon##*:}" EXIT
}

bind_system() { # ROOT: what maintainer scripts need, bound so that it works in a user namespace as well
  local name
  for name in dev proc sys; do mount --rbind "/$name" "$1/$name"; done
}

# Debian's base system with apt in it, and nothing more.
bootstrap() {
  local mirror=$1 keyring=$2 hook
  # shellcheck disable=SC2016  # the hooks expand $1 themselves
  hook='for d in dev proc sys; do mount --rbind "/$d" "$1/$d"; done'
  host_apt_settings "$mirror" >"$tc_cache/apt.conf"
  cat >>"$tc_cache/apt.conf" <<'CONF'
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
CONF
  if [[ -n $tc_fakeroot_libs ]]; then # the preloaded library must be there from the first program on
    mkdir -p "$tc_partial$tc_fakeroot_target" && cp -dR "$tc_fakeroot_libs/." "$tc_partial$tc_fakeroot_target"
  fi
  # shellcheck disable=SC2016  # as above
  "${tc_fakeroot[@]}" mmdebstrap --mode=root --variant=apt --format=directory --include=ca-certificates \
    --skip=check/empty,download/empty,chroot/mount --extract-hook="$hook" \
    --customize-hook='for d in dev proc sys; do umount -l "$1/$d"; done' \
    --aptopt="$tc_cache/apt.conf" --dpkgopt='force-unsafe-io' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    "$tc_release" "$tc_partial" "deb [signed-by=$keyring] $mirror $tc_release main"
}

in_root() { # ROOT COMMAND...
  local root=$1
  shift
  "${tc_fakeroot[@]}" chroot "$root" \
    env "PATH=$tc_standard_path" LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive "$@"
}

write_sources() { # ROOT MIRROR
  local apt=$1/etc/apt signer=/usr/share/keyrings/debian-archive-keyring.gpg
  if [[ -n ${EBMPI_DEBIAN_KEYRING:-} ]]; then
    signer=/etc/apt/keyrings/ebmpi.${EBMPI_DEBIAN_KEYRING##*.}
    mkdir -p "$apt/keyrings" && cp -- "$EBMPI_DEBIAN_KEYRING" "$1$signer"
  fi
  if [[ $2 == mirror+file:* ]]; then # the list of mirrors is a file of the machine
    mkdir -p "$1$(dirname -- "${2#mirror+file:}")" && cp -- "${2#mirror+file:}" "$1${2#mirror+file:}"
  fi
  rm -f "$apt"/sources.list.d/* "$apt/preferences.d/kokkos"
  echo "deb [signed-by=$signer] $2 $tc_release main" >"$apt/sources.list"
  tc_kokkos_source="deb [check-valid-until=no signed-by=$signer] $2"
}

choose_kokkos() { # ROOT; prints the package if one suite has it and its dependencies hold
  local suite
  for suite in "${tc_kokkos_suites[@]}"; do
    echo "$tc_kokkos_source $suite main" >"$1/etc/apt/sources.list.d/kokkos.list"
    kokkos_pin "$suite" >"$1/etc/apt/preferences.d/kokkos"
    if in_root "$1" apt-get update >&2 && in_root "$1" apt-get install --simulate libkokkos-dev >&2; then
      echo libkokkos-dev
      return
    fi
  done
  rm -f "$1/etc/apt/sources.list.d/kokkos.list" "$1/etc/apt/preferences.d/kokkos"
  in_root "$1" apt-get update >&2
}

install_packages() { # ROOT MIRROR
  local root=$1 name kokkos
  bind_system "$root"
  mkdir -p "$tc_cache/archives/partial"
  mount --bind "$tc_cache/archives" "$root/var/cache/apt/archives" # outlives a killed set-up
  if [[ -d /etc/apt/auth.conf.d ]]; then mount --bind /etc/apt/auth.conf.d "$root/etc/apt/auth.conf.d"; fi
  for name in resolv.conf hosts; do # plain files, over which the machine's own are bound
    rm -f "$root/etc/$name" && : >"$root/etc/$name"
    if [[ -e /etc/$name ]]; then cat "/etc/$name" >"$root/etc/$name"; fi
  done
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # start no services
  chmod 755 "$root/usr/sbin/policy-rc.d"
  write_sources "$root" "$2"
  in_root "$root" dpkg --configure -a
  kokkos=$(choose_kokkos "$root")
  # shellcheck disable=SC2086  # empty if there is none
  in_root "$root" apt-get install -y --fix-broken --no-install-recommends "${tc_packages[@]}" $kokkos
  add_missing_archives "$root"
  mkdir -p "$root/usr/local/cuda" # bound when the machine has it
  printf '%s\n%s\n' "$tc_wanted_hash" "${kokkos:-no Kokkos}" >"$root/etc/ebmpi-toolchain"
}

# Runs in namespaces of its own, with a clean environment; its output is the log.
build() { # TARGET UNPRIVILEGED
  local target=$1 mirror keyring
  tc_build_unprivileged=$2 tc_fakeroot=()
  umask 022
  mirror=$(debian_mirror)
  keyring=$(debian_keyring)
  enter_fakeroot
  if [[ $target == "$tc_partial" && ! -e $tc_partial/etc/ebmpi-base ]]; then
    rm -rf --one-file-system "$tc_partial"
    bootstrap "$mirror" "$keyring"
    : >"$tc_partial/etc/ebmpi-base"
  fi
  install_packages "$target" "$mirror"
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

set_up_root() {
  local began=$SECONDS resumed=0 mirror
  if [[ -d $tc_root && ! -w $tc_root && -e $tc_root/etc/ebmpi-toolchain ]]; then
    say "warning: $tc_root was made for another version of this script and cannot be changed by this user; using it as it is"
    return
  fi
  prepare_cache
  take_lock
  if root_is_current; then # another call made it meanwhile
    drop_lock
    return
  fi
  mirror=$(debian_mirror)
  has_apt || die "cannot make a Debian root (no apt-get here); load modules or install the packages that README.md names"
  check_cache_can_execute
  check_space
  get_tools
  mkdir -p "$tc_cache/view"
  : >"$tc_log"
  if [[ -d $tc_root ]]; then
    say "the package list has changed; updating $tc_root (log: $tc_log)"
    run_build "$tc_root" || fail_build
  else
    if [[ -e $tc_partial/etc/ebmpi-base ]]; then resumed=1 && say "resuming an interrupted set-up"; fi
    say "making a Debian $tc_release root from $mirror in $tc_cache (one to three minutes, 1.5 GB; log: $tc_log)"
    run_build "$tc_partial" || retry_build "$resumed" || fail_build
    mv -T -- "$tc_partial" "$tc_root"
  fi
  rm -rf --one-file-system "$tc_cache/archives"
  if grep -q 'no Kokkos' "$tc_root/etc/ebmpi-toolchain"; then
    say "neither ${tc_kokkos_suites[*]} has a libkokkos-dev that fits; CMake will fetch Kokkos and build it"
  fi
  drop_lock
  say "ready after $((SECONDS - began)) s"
}

retry_build() { # RESUMED: what an interruption left may be damaged; begin anew, once
  (($1)) || return 1
  say "the interrupted set-up cannot be resumed; starting over"
  rm -rf --one-file-system "$tc_partial"
  run_build "$tc_partial"
}

fail_build() {
  tail -n 8 "$tc_log" >&2
  die "the root could not be made $(explain_failure)"
}

# --- case root: entering it ---------------------------------------------------------------------------------------------------

is_system_folder() { # NAME: the top-level folders which the root has of its own
  case $1 in
    usr | etc | var | boot | bin | sbin | lib | lib32 | lib64 | libx32 | libo32 | lost+found) return 0 ;;
  esac
  return 1
}

# The root's system folders and everything else of the machine, bound together on an empty tmpfs: nothing is ever mounted
# or made in the root itself. The tmpfs is unbindable, or a machine folder that contains it would contain itself.
build_view() { # ROOT VIEW
  local root=$1 view=$2 entry name folders=()
  mount --make-unbindable -t tmpfs -o mode=755,size=1m ebmpi-toolchain "$view"
  for entry in "$root"/* /*; do
    name=${entry##*/}
    if is_system_folder "$name"; then [[ $entry == "$root"/* ]] || continue; else [[ $entry != "$root"/* ]] || continue; fi
    if [[ -L $entry ]]; then
      cp -P -- "$entry" "$view/$name"
    elif [[ -d $entry ]]; then
      folders+=("$entry")
    fi
  done
  mkdir -- "${folders[@]/#*\//"$view/"}" # one process for all, as for a short start
  for entry in "${folders[@]}"; do
    mount --rbind -- "$entry" "$view/${entry##*/}" 2>/dev/null || true # an unreadable one stays empty
  done
}

# The NVIDIA driver's libraries belong to the machine's kernel, not to the root: shown in /.driver, which LD_LIBRARY_PATH names.
bind_driver() { # VIEW
  local library
  [[ -e /dev/nvidiactl ]] || return 0
  mkdir -- "$1/.driver"
  for library in $(ldconfig -p | awk '{ print $NF }' |
    grep -E '/lib(cuda|nvidia-(ml|ptxjitcompiler|nvvm|gpucomp))\.so\.[0-9.]+$'); do
    [[ ! -e $1/.driver/${library##*/} ]] || continue
    : >"$1/.driver/${library##*/}"
    mount --bind -- "$(readlink -f -- "$library")" "$1/.driver/${library##*/}"
  done
}

# A folder of the machine that lies below a system folder (/var/lib/..., /usr/src/...) and that the root has not itself.
bind_folder() { # FOLDER VIEW
  local folder=$1 view=$2 top
  [[ $folder == /*/* && -d $folder ]] || return 0
  top=${folder#/}
  is_system_folder "${top%%/*}" || return 0
  if [[ -e $view$folder && -n $(ls -A -- "$view$folder") ]]; then return 0; fi
  mkdir -p -- "$view$folder" 2>/dev/null && mount --rbind -- "$folder" "$view$folder"
}

bind_files() { # VIEW
  local file view=$1
  for file in resolv.conf hosts; do
    if [[ -f /etc/$file && -f $view/etc/$file ]]; then mount --bind "/etc/$file" "$view/etc/$file"; fi
  done
  # The machine may trust certificates of its own (a proxy that looks into TLS).
  for file in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
    if [[ -f $file && -f $view/etc/ssl/certs/ca-certificates.crt ]]; then
      mount --bind "$file" "$view/etc/ssl/certs/ca-certificates.crt"
      break
    fi
  done
  if [[ -d /usr/local/cuda ]]; then
    [[ -d $view/usr/local/cuda ]] || mkdir -p "$view/usr/local/cuda" 2>/dev/null || return 0
    mount --rbind "$(readlink -f /usr/local/cuda)" "$view/usr/local/cuda"
  fi
}

inner_path() { # VIEW
  local entry kept=${EBMPI_TOOLCHAIN_PATH:-} IFS=:
  for entry in $PATH; do
    if [[ $entry == "$tc_tree"/* && $entry != "${VIRTUAL_ENV:-none}"/* ]]; then kept+=${kept:+:}$entry; fi
  done
  kept+=${kept:+:}$tc_standard_path
  if [[ -d $1/usr/local/cuda/bin ]]; then kept+=:/usr/local/cuda/bin; fi
  printf '%s' "$kept"
}

list_dropped() { # VIEW: the variables that would do harm inside, one per line
  local name
  for name in $(compgen -e); do
    case $name in
      LD_* | LIBRARY_PATH | COMPILER_PATH | GCC_EXEC_PREFIX | CPATH | C_INCLUDE_PATH | CPLUS_INCLUDE_PATH | \
        PKG_CONFIG_PATH | PKG_CONFIG_LIBDIR | PKG_CONFIG_SYSROOT_DIR | CMAKE_PREFIX_PATH | OPAL_PREFIX | LOCPATH | PERL5LIB | \
        PYTHONHOME | PYTHONPATH | PYTHONSTARTUP | PYTHONUSERBASE | PYENV_* | VIRTUAL_ENV* | CONDA_*)
        echo "$name"
        ;;
      TMPDIR | SSL_CERT_FILE | SSL_CERT_DIR | CURL_CA_BUNDLE | GIT_SSL_CAINFO | REQUESTS_CA_BUNDLE)
        [[ -e $1${!name} ]] || echo "$name"
        ;;
    esac
  done
}

locale_is_missing() {
  local name
  for name in "${LC_ALL-}" "${LANG-}" "${LC_CTYPE-}"; do
    case $name in
      '' | C | POSIX | C.UTF-8 | C.utf8) ;;
      *) return 0 ;;
    esac
  done
  return 1
}

prepare_view() {
  local folder
  build_view "$tc_root" "$tc_view"
  for folder in "$tc_tree" "$PWD" "${HOME:-/}" "${TMPDIR:-/}"; do
    bind_folder "$folder" "$tc_view" ||
      die "$folder cannot be shown inside the root (no mount point can be made for it); move it out of the system folders"
  done
  bind_files "$tc_view"
  bind_driver "$tc_view"
}

allow_mpi_as_root() {
  if ((EUID == 0)); then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
}

# --- main ---------------------------------------------------------------------------------------------------------------------

# The outcome is kept per environment (another set of modules is another answer), so that later calls need no probe.
find_case() { # sets tc_case and tc_pending
  local key file
  key=$(hash_of "$tc_wanted_hash" "$PATH" "${EBMPI_TOOLCHAIN_MODE-}" "${EBMPI_DEBIAN_MIRROR-}" "${CMAKE_PREFIX_PATH-}" \
    "${PYTHONPATH-}" "${VIRTUAL_ENV-}" "${CC-}" "${CXX-}" "${LOADEDMODULES-}" "$EUID" \
    "$(type -P mpicc mpicxx cmake python3 g++ || true)")
  file=$tc_cache/case.$key
  if [[ -r $file ]]; then
    read -r tc_case <"$file"
  else
    tc_case=$(choose_case)
    if [[ $tc_case == packages ]]; then
      tc_pending=1
      [[ $tc_action != --where ]] || return 0
      prepare_cache
      set_up_packages
      tc_pending=0
    fi
    if mkdir -p -- "$tc_cache" 2>/dev/null && [[ -w $tc_cache ]]; then
      echo "$tc_case" >"$file.$$" && mv -- "$file.$$" "$file"
    fi
  fi
  if [[ $tc_case == root ]]; then root_is_current || tc_pending=1; fi
}

tc_pending=0 # 1: what tc_case needs is not set up yet
case ${1-} in
  --internal-build)
    build "$2" "$3"
    exit
    ;;
  --internal-enter) # already in the namespace
    tc_view=$tc_cache/view
    shift
    PATH=$PATH:/usr/sbin:/sbin prepare_view
    tc_path=$(inner_path "$tc_view")
    tc_chroot=$(PATH=$PATH:/usr/sbin:/sbin type -P chroot)
    for tc_name in $(list_dropped "$tc_view"); do unset -v "$tc_name"; done
    if [[ -d $tc_view/.driver ]]; then export LD_LIBRARY_PATH=/.driver; fi
    if locale_is_missing; then
      for tc_name in $(compgen -e | grep '^LC_' || true); do unset -v "$tc_name"; done
      export LANG=C.UTF-8
    fi
    allow_mpi_as_root
    export PATH=$tc_path EBMPI_TOOLCHAIN_INSIDE=1
    # shellcheck disable=SC2016  # expanded by the inner shell, whose cd keeps PWD as the caller spelled it
    exec "$tc_chroot" "$tc_view" /bin/bash -c 'cd -- "$1" || exit 125; OLDPWD=$2; shift 2; exec -- "$@"' \
      toolchain.sh "$PWD" "${OLDPWD-/}" "$@"
    ;;
  -h | --help)
    usage
    exit
    ;;
  --setup | --where) tc_action=$1 ;;
  --) tc_action=run && shift ;;
  -*) die "unknown option $1 (options come before the command); see --help" ;;
  *) tc_action=run ;;
esac

if [[ $tc_action == run && $# == 0 ]]; then die "no command given (it follows --); see --help"; fi
if [[ -n ${EBMPI_TOOLCHAIN_INSIDE-} && -e /etc/ebmpi-toolchain ]]; then
  case $tc_action in
    --where) echo "inside the root" && exit ;;
    --setup) exit 0 ;;
  esac
  exec -- "$@"
fi
find_case
if [[ $tc_action == --where ]]; then
  [[ $tc_case == root ]] && tc_case="root $tc_root"
  ((tc_pending)) && tc_case+=" (not set up yet)"
  printf '%s\n' "$tc_case"
  exit
fi
if [[ $tc_case == root ]]; then
  choose_namespace
  if ((tc_pending)); then set_up_root; fi
fi
if [[ $tc_action == --setup ]]; then exit 0; fi
if [[ $tc_case == root ]]; then
  exec unshare "${tc_namespace[@]}" bash "$tc_self" --internal-enter "$@"
fi
allow_mpi_as_root
exec -- "$@"
