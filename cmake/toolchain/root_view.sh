# SPDX-License-Identifier: Apache-2.0
# Part of ../toolchain.sh: case `root`, what is seen inside.
# A mount namespace in which the root's system folders and the machine's other folders are bound on an empty tmpfs.
# shellcheck shell=bash disable=SC2034,SC2154  # the parts share the globals tc_*

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
