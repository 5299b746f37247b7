#!/bin/bash
# Builds the image twice, from nothing each time, and compares: enclave/cvm/reproduce.sh [options of build.sh but --out and --work]
# The second build is in another folder, under another umask and clock zone: none of that may show.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
if [[ " $* " == *" --help "* ]]; then sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"; exit 0; fi
base=${COUNTERSIGN_WORK:-/var/tmp/countersign-cvm}
"$here/build.sh" --work "$base" --out "$base/out" "$@"
other=$base-again
rm -rf "$other" && mkdir -p "$other"
# The tools are the same by their versions: packages.lock is compared with the rest.
cp -a "$base/tools" "$other/tools"
(umask 077 && TZ=Pacific/Auckland LC_ALL=C "$here/build.sh" --work "$other" --out "$other/out" "$@")
node "$here/../compare-builds.mjs" "$base/out" "$other/out"
