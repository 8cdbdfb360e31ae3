#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs a command where every dependency of ebmpi is found, and sets that up on first use. `--help` tells the rest.
#
# Globals are named tc_* and the final exec happens outside of any function with ordinary local names: an assignment to a
# name that the caller has exported, or a local that hides it, would change the environment which the command receives.
# The functions are in the folder toolchain/ beside this file.
#
# shellcheck source-path=SCRIPTDIR/toolchain
set -euo pipefail

tc_release=trixie
# Debian's Kokkos is newer than the release; libkokkos-dev alone comes from one of these, in this order.
tc_kokkos_suites=(unstable testing)
tc_packages=(g++ make cmake ninja-build pkg-config git ca-certificates openmpi-bin libopenmpi-dev libhdf5-openmpi-dev
  hdf5-tools libfmt-dev libcli11-dev libtomlplusplus-dev libeigen3-dev catch2 python3 python3-h5py python3-numpy python3-matplotlib
  procps time)
# Raise when the set-up itself changes: together with the package list it decides whether a root is up to date.
tc_layout=1
tc_standard_path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

tc_self=$(readlink -f -- "${BASH_SOURCE[0]}")
tc_parts=${tc_self%/*}/toolchain
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

Runs COMMAND where a C++20 compiler, CMake, Ninja, Open MPI, parallel HDF5, Kokkos, fmt, CLI11, toml++, Eigen, Catch2 and Python
with h5py, NumPy and Matplotlib are found. The first call sets that up (one to three minutes); later ones start in a moment.
  --setup   only set up     --where   say which case holds here, and where the root is     --help   this text

Which environment is used (the first that applies):
  installed  What the shell has already (modules, Spack, a distribution), as it is, when all of the above is in it.
  packages   On Debian 13 or newer as root: the packages are installed with apt-get. libkokkos-dev, where the machine's own
             release has none, comes from Debian unstable (or testing) and nothing else does; no apt source is added.
  root       Otherwise, on a machine that has apt (Debian 12, or Ubuntu with EBMPI_DEBIAN_MIRROR set): a Debian 13 root of
             about 1.5 GB in the cache folder, entered by chroot as root, or by a user namespace without root.
  installed  Last resort where apt is missing: compiler, MPI, parallel HDF5 and Python from the machine; CMake then
             downloads and builds the rest (Kokkos, fmt, CLI11, toml++, Eigen, Catch2).

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

[[ -d $tc_parts ]] ||
  die "$tc_parts is missing (it holds the parts of this script); copy it along, or call the script by a link instead"
. "$tc_parts/probe.sh"
. "$tc_parts/mirror.sh"
. "$tc_parts/setup.sh"
. "$tc_parts/kokkos.sh"
. "$tc_parts/packages.sh"
. "$tc_parts/root_setup.sh"
. "$tc_parts/root_build.sh"
. "$tc_parts/root_view.sh"
. "$tc_parts/root_enter.sh"

tc_wanted_hash=$(hash_of "$tc_layout" "$tc_release" "${tc_packages[@]}" "${tc_kokkos_suites[@]}")

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
      set_up_packages
      tc_pending=0
    fi
    if mkdir -p -- "$tc_cache" 2>/dev/null && [[ -w $tc_cache ]]; then
      echo "$tc_case" >"$file.$$" && mv -- "$file.$$" "$file"
    fi
  fi
  if [[ $tc_case == root ]]; then root_is_current || tc_pending=1; fi
}

allow_mpi_as_root() {
  if ((EUID == 0)); then export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1; fi
}

tc_pending=0 # 1: what tc_case needs is not set up yet
case ${1-} in
  --internal-build)
    build "$2" "$3"
    exit
    ;;
  --internal-enter) # already in the namespace
    shift
    enter_root "$@"
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
