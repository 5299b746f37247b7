#!/bin/sh
# Boots an enclave image on QEMU's machine nitro-enclave, which computes the registers from the image by code of its own, and compares what
# its document says with `countersign measure nitro`. The module is emulated: the document is signed by nobody. See README.md.
# Run `npm ci` and `npm run build` before; some minutes, without hardware.
#
#   sh enclave/nitro/qemu/boot-eif.sh [--save DOCUMENT.cbor]
#
# VSOCK=SOCKET is that of a running vhost-device-vsock; otherwise a stand-in at which nobody answers. LIMIT_S is how long the guest may
# take, 900 seconds by default.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
cache=$root/node_modules/.cache/nsm-guest
say() { echo "boot-eif: $*" >&2; }

qemu=$(sh "$here/build-qemu.sh")
kernel=$(sh "$here/build-kernel.sh")
mkdir -p "$cache"
work=$(mktemp -d)
nobody=
trap '[ -z "$nobody" ] || kill "$nobody"; rm -rf "$work"' EXIT

say 'making the image'
node "$root/enclave/stage.mjs" "$work/stage" --with-optional
node "$here/initramfs.mjs" "$work" "$work/stage"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:secp384r1 -nodes -keyout "$work/key.pem" -out "$work/certificate.pem" -days 2 \
  -subj '/CN=a trial, trusted by nobody' 2>/dev/null
node "$here/write-eif.mjs" "$work/trial.eif" "$work/key.pem" "$work/certificate.pem" "$kernel" 'console=ttyS0 panic=-1 loglevel=4 reboot=t' \
  "$work/boot.cpio" "$work/gateway.cpio"
node "$root/dist/cli/main.js" measure nitro "$work/trial.eif" --json >"$work/measured.json"

vsock=${VSOCK:-$work/vsock}
if [ -z "${VSOCK:-}" ]; then
  node "$here/vsock-nobody.mjs" "$vsock" &
  nobody=$!
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -S "$vsock" ] && break
    sleep 1
  done
fi

say 'booting it'
begun=$(date +%s)
timeout "${LIMIT_S:-900}" "$qemu/qemu-system-x86_64" -L "$qemu/share" -M nitro-enclave,vsock=vsock,id=i-0emulated0-enc0emulated0 -accel tcg \
  -cpu max -m 2G -nodefaults -no-user-config -display none -no-reboot -serial "file:$work/console" -chardev "socket,id=vsock,path=$vsock" \
  -kernel "$work/trial.eif" </dev/null || say "qemu ended with $?"
say "it took $(($(date +%s) - begun)) s"
cp "$work/console" "$cache/console-eif"
node "$here/judge.mjs" "$work/console" --measured "$work/measured.json" "$@"
