#!/bin/bash
# Builds the tree of a Nitro Enclave to the same bytes each time, and, where nitro-cli is, the enclave image file.
#   enclave/nitro/build.sh [--config FILE] [--outward FILE] [--out DIR] [--work DIR] [--update-lock]
# See docs/deploy-nitro.md.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
root=$(readlink -f "$here/../..")
config=$here/example/measured.yaml
outward=$here/example/outward.json
work=/var/tmp/countersign-nitro
out=
update_lock=no

fail() { echo "build: $*" >&2; exit 2; }
value() { (($# > 1)) || fail "$1 wants a value; --help lists the options"; }
say() { echo "build: [$(date -u +%H:%M:%S)] $*"; }

while (($# > 0)); do
  case $1 in
    --config) value "$@"; config=$(readlink -m "$2"); shift 2 ;;
    --outward) value "$@"; outward=$(readlink -m "$2"); shift 2 ;;
    --out) value "$@"; out=$(readlink -m "$2"); shift 2 ;;
    --work) value "$@"; work=$(readlink -m "$2"); shift 2 ;;
    --update-lock) update_lock=yes; shift ;;
    --help) sed -n '2,3s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) fail "there is no option $1; --help lists them" ;;
  esac
done
out=${out:-$work/out}

missing=()
for tool in bwrap:bubblewrap debootstrap:debootstrap node:nodejs npm:npm git:git; do
  command -v "${tool%%:*}" > /dev/null || missing+=("${tool##*:}")
done
((${#missing[@]} == 0)) || fail "programs are missing: apt-get install ${missing[*]}"
[[ -f $config ]] || fail "no configuration at $config"
[[ -f $outward ]] || fail "no list of hosts at $outward"
[[ -f $root/dist/cli/main.js ]] || fail "dist is not there: run npm ci and npm run build first"
((EUID == 0)) || fail "must run as root: it makes a tree with the owners that the image has"
node "$root/enclave/check-dockerfile.mjs" "$here/Dockerfile" || fail "an image is named by a tag"

export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
umask 022
mkdir -p "$work" "$out"
# shellcheck source=../tools-tree.sh
. "$root/enclave/tools-tree.sh"
make_tools

say "staging the gateway"
mkosi=$work/mkosi
rm -rf "$mkosi" && mkdir "$mkosi"
cp "$here/mkosi.conf" "$here/mkosi.finalize" "$root/enclave/prune.sh" "$root/enclave/programs.allow" "$mkosi/"
cp -r "$here/rootfs" "$mkosi/mkosi.extra"
extra=$mkosi/mkosi.extra
# The device is asked through a library with native code: it is part of the tree, and measured with it.
node "$root/enclave/stage.mjs" "$work/stage" --with-optional
cp -r "$work/stage/." "$extra/usr/lib/countersign/"
mkdir -p "$extra/etc/countersign" "$extra/run"
cp "$config" "$extra/etc/countersign/measured.yaml"
cp "$outward" "$extra/etc/countersign/outward.json"
node "$root/dist/cli/main.js" config check "$config" --measured --json > "$out/config.json" || fail "the configuration is not valid"
normalise "$mkosi"
find "$mkosi" \( -name '*.sh' -o -name 'mkosi.finalize' \) -exec chmod 755 {} + -exec touch -d "@$SOURCE_DATE_EPOCH" {} +

say "building the tree (some minutes; see $work/mkosi.log)"
mkdir -p "$work/packages" "$work/workspace"
write_sources "$mkosi"
in_tools mkosi --directory /build/mkosi --output-dir /build/image --workspace-dir /build/workspace --package-cache-dir /build/packages \
  --source-date-epoch "$SOURCE_DATE_EPOCH" --force --force build > "$work/mkosi.log" 2>&1 || fail "mkosi failed: see $work/mkosi.log"

say "checking what was built"
cp "$work/image/countersign-nitro.tar" "$out/root.tar"
cp "$here/Dockerfile" "$out/Dockerfile"
{
  packages_of "$work/image/countersign-nitro.manifest" nitro
  in_tools dpkg-query -W -f 'tools ${Package} ${Version} ${Architecture}\n' | LC_ALL=C sort
} > "$out/packages.lock"
compare_packages "$here/packages.lock"
rm -rf "$work/trees" && mkdir -p "$work/trees/root"
tar --numeric-owner -C "$work/trees/root" -xpf "$out/root.tar"
# socat starts other programs where it is told to; nobody but enclave-init.mjs tells it anything.
node "$root/enclave/scan-image.mjs" --tree "$work/trees/root" --manifest "$out/tree.json" || fail "the tree is not one to deploy"
(cd "$out" && sha256sum root.tar Dockerfile > SHA256SUMS && cat SHA256SUMS)

if command -v nitro-cli > /dev/null && command -v docker > /dev/null; then
  say "making the enclave image file"
  docker build --quiet --network none --tag countersign-nitro:local "$out"
  nitro-cli build-enclave --docker-uri countersign-nitro:local --output-file "$out/countersign.eif" > "$out/build-enclave.json"
  # What the strict parser reads from the file decides; what build-enclave printed is compared with it.
  node "$root/dist/cli/main.js" measure nitro "$out/countersign.eif" --json > "$out/measured.json"
  node "$here/compare-registers.mjs" "$out/build-enclave.json" "$out/measured.json" || fail "nitro-cli printed other registers than the image has"
else
  say "no nitro-cli and docker here: take $out to a machine that has them (docs/deploy-nitro.md)"
fi
say "done: $out"
