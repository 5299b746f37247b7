#!/bin/bash
# Builds the disk image of a confidential VM and its volume of weights, to the same bytes each time. Needs root and Debian's archive.
#   enclave/cvm/build.sh [--config FILE] [--weights DIR] [--out DIR] [--work DIR] [--update-lock] [--incremental]
# --incremental installs packages once and goes on from there: quicker while one changes something, not for a release, because files that
# were made then keep their times.
# See docs/deploy-cvm.md.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
root=$(readlink -f "$here/../..")
config=$here/example/measured.yaml
weights=$root/model
work=/var/tmp/countersign-cvm
out=
update_lock=no
fresh=(--force --force)

fail() { echo "build: $*" >&2; exit 2; }
value() { (($# > 1)) || fail "$1 wants a value; --help lists the options"; }
say() { echo "build: [$(date -u +%H:%M:%S)] $*"; }

while (($# > 0)); do
  case $1 in
    --config) value "$@"; config=$(readlink -m "$2"); shift 2 ;;
    --weights) value "$@"; weights=$(readlink -m "$2"); shift 2 ;;
    --out) value "$@"; out=$(readlink -m "$2"); shift 2 ;;
    --work) value "$@"; work=$(readlink -m "$2"); shift 2 ;;
    --update-lock) update_lock=yes; shift ;;
    --incremental) fresh=(--force --incremental=yes --cache-dir /build/cache); shift ;;
    --help) sed -n '2,5s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;;
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
[[ -d $weights ]] || fail "no folder of weights at $weights"
[[ -f $root/dist/cli/main.js ]] || fail "dist is not there: run npm ci and npm run build first"
((EUID == 0)) || fail "must run as root: it makes file systems with the owners that the image has"

export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
umask 022
mkdir -p "$work" "$out"

# shellcheck source=../tools-tree.sh
. "$root/enclave/tools-tree.sh"
make_tools

say "staging the gateway"
mkosi=$work/mkosi
rm -rf "$mkosi"
cp -r "$here" "$mkosi"
cp "$root/enclave/prune.sh" "$root/enclave/programs.allow" "$mkosi/"
extra=$mkosi/mkosi.extra
node "$root/enclave/stage.mjs" "$work/stage"
cp -r "$work/stage/." "$extra/usr/lib/countersign/"
mkdir -p "$extra/etc/countersign" "$extra/weights"
ln -s ../run/systemd/resolve/stub-resolv.conf "$extra/etc/resolv.conf"
cp "$config" "$extra/etc/countersign/measured.yaml"
# What is wrong with the configuration is known now, and not after the image was launched.
node "$root/dist/cli/main.js" config check "$config" --measured --json > "$out/config.json" || fail "the configuration is not valid"

say "making the volume of weights"
rm -rf "$work/weights" && mkdir "$work/weights"
cp -rL "$weights/." "$work/weights/"
normalise "$work/weights"
rm -f "$out/weights.img"
in_tools mkfs.erofs --quiet -T "$SOURCE_DATE_EPOCH" --all-root -U 6c1c9a53-92f3-4f0f-a2a5-0d3a2c0f6c11 -L cs-weights /out/weights.img /build/weights > "$work/weights.log"
size=$(stat -c %s "$out/weights.img")
offset=$(((size + 4095) / 4096 * 4096))
truncate -s "$offset" "$out/weights.img"
# The salt is fixed: it is there against tables made beforehand for many images, and these octets are public. No superblock: the host would
# write it, and everything that it says is in the measured root instead.
salt=$(printf countersign-weights | sha256sum | cut -c1-64)
weights_hash=$(in_tools veritysetup format /out/weights.img /out/weights.img --no-superblock --hash sha256 --format 1 --data-block-size 4096 \
  --hash-block-size 4096 --hash-offset "$offset" --data-blocks $((offset / 4096)) --salt "$salt" | sed -n 's/^Root hash:[[:space:]]*//p')
[[ $weights_hash =~ ^[0-9a-f]{64}$ ]] || fail "veritysetup printed no hash"
# The name of the volume is the host's word; the hash decides.
cat > "$extra/etc/veritytab" <<EOF
weights /dev/disk/by-label/cs-weights /dev/disk/by-label/cs-weights $weights_hash superblock=no,format=1,hash=sha256,data-block-size=4096,hash-block-size=4096,data-blocks=$((offset / 4096)),hash-offset=$offset,salt=$salt,panic-on-corruption
EOF
cat > "$extra/usr/lib/systemd/system/weights.mount" <<'EOF'
[Unit]
Description=Weights, each block of which is checked against the hash in /etc/veritytab
Requires=systemd-veritysetup@weights.service
After=systemd-veritysetup@weights.service

[Mount]
What=/dev/mapper/weights
Where=/weights
Type=erofs
Options=ro,nodev,nosuid,noexec
EOF
normalise "$mkosi"
find "$mkosi" \( -name '*.sh' -o -name 'mkosi.finalize' \) -exec chmod 755 {} + -exec touch -d "@$SOURCE_DATE_EPOCH" {} +

say "building the image (some minutes; see $work/mkosi.log)"
mkdir -p "$work/cache" "$work/packages" "$work/workspace"
write_sources "$mkosi"
in_tools mkosi --directory /build/mkosi --output-dir /build/image --workspace-dir /build/workspace --package-cache-dir /build/packages \
  --source-date-epoch "$SOURCE_DATE_EPOCH" "${fresh[@]}" build > "$work/mkosi.log" 2>&1 || fail "mkosi failed: see $work/mkosi.log"

say "checking what was built"
image=$work/image/countersign-cvm
cp "$image.efi" "$out/countersign.efi"
cp "$image.raw" "$out/countersign.raw"
{
  packages_of "$work/image/initrd.manifest" initrd
  packages_of "$image.manifest" root
  in_tools dpkg-query -W -f 'tools ${Package} ${Version} ${Architecture}\n' | LC_ALL=C sort
} > "$out/packages.lock"
compare_packages "$here/packages.lock"

# The trees are taken out of what was built, not from where it was built from.
rm -rf "$work/trees" && mkdir -p "$work/trees/root" "$work/trees/initrd" "$work/trees/modules"
read -r first count < <(in_tools sfdisk --json /out/countersign.raw | node -e '
  const { partitiontable } = JSON.parse(require("fs").readFileSync(0, "utf8"))
  const root = partitiontable.partitions.find(({ type }) => type.toUpperCase() === "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709")
  console.log(root.start, root.size)')
dd if="$out/countersign.raw" of="$work/root.erofs" bs=1M iflag=skip_bytes,count_bytes skip=$((first * 512)) count=$((count * 512)) status=none
in_tools fsck.erofs --extract=/build/trees/root --overwrite /build/root.erofs > "$work/extract.log" 2>&1 || fail "the root cannot be read back: see $work/extract.log"
in_tools bash -c 'cd trees/initrd && zstd -dcq /build/image/initrd.cpio.zst | cpio -idm --quiet'
# Zeros that pad the modules end them; that something was there is judged by the scan.
in_tools bash -c 'cd trees/modules && size=$(stat -Lc %s /build/image/initrd.cpio.zst) && tail -c +$(((size + 3) / 4 * 4 + 1)) /build/image/countersign-cvm.initrd | zstd -dcq 2> /dev/null | cpio -idm --quiet'
node "$root/enclave/scan-image.mjs" --tree "$work/trees/root" --tree "$work/trees/initrd" --tree "$work/trees/modules" \
  --uki "$out/countersign.efi" --manifest "$out/tree.json" || fail "the image is not one to deploy"

# For trials on a machine without a TEE: the same kernel, initrd and root, and other words on the command line. Its measurement is another.
say "making the trial's kernel image, which is none to deploy"
in_tools python3 - /out/countersign.efi /build/cmdline <<'PY'
import pefile, sys
image = pefile.PE(sys.argv[1], fast_load=True)
section = next(s for s in image.sections if s.Name.rstrip(b"\0") == b".cmdline")
open(sys.argv[2], "wb").write(section.get_data()[:section.Misc_VirtualSize].rstrip(b"\0\n"))
PY
# An emulated timer on a busy machine may be too late for the kernel's check of it.
trial_words="countersign.trial-on-a-simulated-tee console=ttyS0 no_timer_check"
version=$(ls "$work/trees/root/usr/lib/modules")
in_tools ukify build --linux /build/image/countersign-cvm.vmlinuz --initrd /build/image/countersign-cvm.initrd \
  --cmdline "$(cat "$work/cmdline") $trial_words" --os-release @/build/trees/root/usr/lib/os-release --uname "$version" \
  --stub /build/trees/root/usr/lib/systemd/boot/efi/linuxx64.efi.stub --output /out/trial.efi > "$work/ukify.log" 2>&1 || fail "ukify failed: see $work/ukify.log"
if node "$root/enclave/scan-image.mjs" --uki "$out/trial.efi" > /dev/null 2>&1; then fail "the trial's kernel image passes for one to deploy"; fi

roothash=$(grep -o 'roothash=[0-9a-f]*' "$work/cmdline")
node -e '
  const [, rootHash, weightsHash, epoch, config, cmdline] = process.argv
  const { digest } = JSON.parse(config)
  console.log(JSON.stringify({ sourceDateEpoch: Number(epoch), config: digest, rootHash, weightsHash, cmdline }, undefined, 2))' \
  "${roothash#roothash=}" "$weights_hash" "$SOURCE_DATE_EPOCH" "$(cat "$out/config.json")" "$(cat "$work/cmdline")" > "$out/image.json"
(cd "$out" && sha256sum countersign.efi countersign.raw weights.img trial.efi > SHA256SUMS && cat SHA256SUMS)
say "done: $out"
