#!/bin/sh
# Boots this project's own code as the first process of a QEMU guest with the security module of Nitro Enclaves, has it describe the module,
# extend and lock registers and make a document, and judges outside what came back. The module is emulated: the document is signed by
# nobody, and the verifier has to refuse it. See README.md. Run `npm ci` and `npm run build` before; some minutes, without hardware.
#
#   sh enclave/nitro/qemu/nsm-quote.sh [--save DOCUMENT.cbor]
#
# LIMIT_S is how long the guest may take, 900 seconds by default.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
cache=$root/node_modules/.cache/nsm-guest
say() { echo "nsm-quote: $*" >&2; }

qemu=$(sh "$here/build-qemu.sh")
kernel=$(sh "$here/build-kernel.sh")
mkdir -p "$cache"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say 'making the guest'
node "$root/enclave/stage.mjs" "$work/stage" --with-optional
node "$here/initramfs.mjs" "$work" "$work/stage"
cat "$work/boot.cpio" "$work/gateway.cpio" >"$work/initrd"

say 'booting it'
begun=$(date +%s)
timeout "${LIMIT_S:-900}" "$qemu/qemu-system-x86_64" -L "$qemu/share" -M microvm,acpi=off -accel tcg -cpu max -m 2G -nodefaults \
  -no-user-config -display none -no-reboot -serial "file:$work/console" -device virtio-nsm-device,id=nsm -kernel "$kernel" \
  -initrd "$work/initrd" -append 'console=ttyS0 panic=-1 loglevel=4 reboot=t' </dev/null || say "qemu ended with $?"
say "it took $(($(date +%s) - begun)) s"
cp "$work/console" "$cache/console-nsm"
node "$here/judge.mjs" "$work/console" "$@"
