# Sourced by build-qemu.sh and build-kernel.sh: Debian's packages that a build needs, installed by root where they are missing. Needs `say`.
# shellcheck shell=sh
need_packages() {
  missing=
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" -ne 0 ]; then
    say "these packages are missing:$missing"
    exit 1
  fi
  say "installing$missing"
  apt-get update -qq >&2
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing >&2
}
