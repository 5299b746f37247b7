#!/usr/bin/env bash
# Installs the Debian packages that some tests need, where this is Debian and root runs it. Elsewhere, and where the archive does not answer in
# time, it says so: those tests are then skipped, with a line each.
set -euo pipefail
wanted=()
[ -x /usr/bin/chromium ] || wanted+=(chromium)
PATH=$PATH:/usr/sbin:/sbin command -v sfdisk > /dev/null || wanted+=(fdisk)
((${#wanted[@]} > 0)) || exit 0
if ! command -v apt-get > /dev/null || [ "$(id -u)" != 0 ]; then
  echo "ci: no ${wanted[*]}, and none is installed (that takes root on Debian): the tests that need them are skipped"
  exit 0
fi
echo "ci: installing ${wanted[*]}"
export DEBIAN_FRONTEND=noninteractive
if ! timeout 60 apt-get -qq update > /dev/null ||
  ! timeout 120 apt-get -qq install -y --no-install-recommends "${wanted[@]}" > /dev/null; then
  echo "ci: ${wanted[*]} could not be installed: the tests that need them are skipped"
fi
