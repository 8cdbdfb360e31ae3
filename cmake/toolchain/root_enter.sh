# SPDX-License-Identifier: Apache-2.0
# Part of ../toolchain.sh: case `root`, running a command inside.
# Makes the view of root_view.sh, sets the environment right and replaces itself by the command.
# shellcheck shell=bash disable=SC2034,SC2154  # the parts share the globals tc_*

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

# Variables that would do harm inside, or that name what is not there.
clean_environment() {
  for tc_name in $(list_dropped "$tc_view"); do unset -v "$tc_name"; done
  if [[ -d $tc_view/.driver ]]; then export LD_LIBRARY_PATH=/.driver; fi
  if locale_is_missing; then
    for tc_name in $(compgen -e | grep '^LC_' || true); do unset -v "$tc_name"; done
    export LANG=C.UTF-8
  fi
}

# Called in the namespace. This and clean_environment have no local names, see the head of ../toolchain.sh.
enter_root() { # COMMAND...
  tc_view=$tc_cache/view
  PATH=$PATH:/usr/sbin:/sbin prepare_view
  tc_path=$(inner_path "$tc_view")
  tc_chroot=$(PATH=$PATH:/usr/sbin:/sbin type -P chroot)
  clean_environment
  allow_mpi_as_root
  export PATH=$tc_path EBMPI_TOOLCHAIN_INSIDE=1
  # shellcheck disable=SC2016  # expanded by the inner shell, whose cd keeps PWD as the caller spelled it
  exec "$tc_chroot" "$tc_view" /bin/bash -c 'cd -- "$1" || exit 125; OLDPWD=$2; shift 2; exec -- "$@"' \
    toolchain.sh "$PWD" "${OLDPWD-/}" "$@"
}
