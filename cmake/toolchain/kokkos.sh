# SPDX-License-Identifier: Apache-2.0
# Part of ../toolchain.sh: Debian's libkokkos-dev, which is newer than the release.
# It alone is taken from one of tc_kokkos_suites, on the machine itself or in a root.
# shellcheck shell=bash disable=SC2034,SC2154  # the parts share the globals tc_*

kokkos_pin() { # SUITE
  printf 'Package: *\nPin: release a=%s\nPin-Priority: 1\n\n' "$1"
  printf 'Package: libkokkos*\nPin: release a=%s\nPin-Priority: 990\n' "$1"
}

# apt's sources, pins and lists are in a scratch folder: the machine's own configuration stays as it is.
install_kokkos_on_host() {
  local state=$tc_cache/apt suite mirror keyring options
  if apt_install libkokkos-dev; then return; fi
  if ! mirror=$(debian_mirror) || ! keyring=$(debian_keyring); then return 1; fi
  mkdir -p "$state"/{lists/partial,parts,preferences}
  options=(-o "Dir::Etc::sourceparts=$state/parts" -o "Dir::Etc::preferencesparts=$state/preferences"
    -o "Dir::State::lists=$state/lists" -o APT::Sandbox::User=root)
  for suite in "${tc_kokkos_suites[@]}"; do
    echo "deb [check-valid-until=no signed-by=$keyring] $mirror $suite main" >"$state/parts/kokkos.list"
    kokkos_pin "$suite" >"$state/preferences/kokkos"
    if apt-get "${options[@]}" update && apt_install "${options[@]}" libkokkos-dev; then return; fi
  done
  return 1
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
