# SPDX-License-Identifier: Apache-2.0
# Part of ../toolchain.sh: where Debian's packages come from.
# The mirror, the keyring that signs it and the settings for fetching, as the machine's own apt has them.
# shellcheck shell=bash disable=SC2034,SC2154  # the parts share the globals tc_*

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
