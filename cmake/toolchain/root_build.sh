# SPDX-License-Identifier: Apache-2.0
# Part of ../toolchain.sh: case `root`, making the root; runs inside the namespaces that root_setup.sh starts.
# mmdebstrap makes Debian's base system, then apt inside it installs the packages.
# shellcheck shell=bash disable=SC2034,SC2154  # the parts share the globals tc_*

# In a namespace where only one user exists a file cannot be given to another one: fakeroot pretends that it was.
enter_fakeroot() {
  local folder daemon lib=$tc_cache/tools/usr/lib
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

# What the packages' installation needs around it: mounts, and the machine's settings for the network.
prepare_root() { # ROOT
  local root=$1 name
  for name in dev proc sys; do mount --rbind "/$name" "$root/$name"; done # works in a user namespace as well
  mkdir -p "$tc_cache/archives/partial"
  mount --bind "$tc_cache/archives" "$root/var/cache/apt/archives" # outlives a killed set-up
  if [[ -d /etc/apt/auth.conf.d ]]; then mount --bind /etc/apt/auth.conf.d "$root/etc/apt/auth.conf.d"; fi
  for name in resolv.conf hosts; do # plain files, over which the machine's own are bound
    rm -f "$root/etc/$name" && : >"$root/etc/$name"
    if [[ -e /etc/$name ]]; then cat "/etc/$name" >"$root/etc/$name"; fi
  done
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d" # start no services
  chmod 755 "$root/usr/sbin/policy-rc.d"
}

install_packages() { # ROOT MIRROR
  local root=$1 kokkos
  prepare_root "$root"
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
  local target=$1 unprivileged=$2 mirror keyring
  umask 022
  mirror=$(debian_mirror)
  keyring=$(debian_keyring)
  tc_fakeroot=() tc_fakeroot_libs=
  if ((unprivileged)); then enter_fakeroot; fi
  if [[ $target == "$tc_partial" && ! -e $tc_partial/etc/ebmpi-base ]]; then
    rm -rf --one-file-system "$tc_partial"
    bootstrap "$mirror" "$keyring"
    : >"$tc_partial/etc/ebmpi-base"
  fi
  install_packages "$target" "$mirror"
}
