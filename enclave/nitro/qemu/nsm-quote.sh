#!/bin/sh
# Boots this project's own code as the first process of a QEMU guest with the security module of Nitro Enclaves, has it describe the module,
# extend and lock registers and make a document, and judges outside what came back. The module is emulated: the document is signed by
# nobody, and the verifier has to refuse it. See README.md. Run `npm ci` and `npm run build` before; some minutes, without hardware.
#
#   sh enclave/nitro/qemu/nsm-quote.sh [--save DOCUMENT.cbor]
#
# KERNEL=FOLDER is an unpacked Debian package of a kernel (boot/vmlinuz-*, modules below lib); otherwise one is fetched over the apt
# sources of this machine. LIMIT_S is how long the guest may take, 600 seconds by default.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
cache=$root/node_modules/.cache/nsm-guest
say() { echo "nsm-quote: $*" >&2; }

qemu=$(sh "$here/build-qemu.sh")
mkdir -p "$cache"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

kernel=${KERNEL:-$cache/kernel}
if [ ! -d "$kernel/boot" ]; then
  # 6.8 is the first with the driver; the names sort by version.
  package=$(apt-cache pkgnames linux-image-6. | grep -E -- '-cloud-amd64-unsigned$' | sort -V | tail -n 1)
  [ -n "$package" ] || {
    say 'the apt sources of this machine have no linux-image-6.*-cloud-amd64-unsigned: name an unpacked one as KERNEL'
    exit 1
  }
  say "fetching $package"
  (cd "$work" && apt-get download -qq -o APT::Sandbox::User=root "$package" >&2)
  dpkg-deb -x "$work"/linux-image-*.deb "$work/kernel"
  mv "$work/kernel" "$kernel"
fi
modules=
for name in virtio_mmio nsm; do
  module=$(find "$kernel" -name "$name.ko" -o -name "$name.ko.xz" | head -n 1)
  [ -n "$module" ] || {
    say "this kernel has no module $name: 6.8 or later has"
    exit 1
  }
  modules="$modules $module"
done

say 'making the guest'
node "$root/enclave/stage.mjs" "$work/stage" --with-optional
# shellcheck disable=SC2086
node "$here/initramfs.mjs" "$work" "$work/stage" $modules
cat "$work/boot.cpio" "$work/gateway.cpio" >"$work/initrd"

say 'booting it'
begun=$(date +%s)
timeout "${LIMIT_S:-600}" "$qemu/qemu-system-x86_64" -L "$qemu/share" -M microvm,acpi=on -accel tcg -m 2G -nodefaults -no-user-config \
  -display none -no-reboot -serial "file:$work/console" -device virtio-nsm-device,id=nsm -kernel "$kernel"/boot/vmlinuz-* -initrd "$work/initrd" \
  -append 'console=ttyS0 panic=-1 loglevel=3' </dev/null || say "qemu ended with $?"
say "it took $(($(date +%s) - begun)) s"
cp "$work/console" "$cache/console"
node "$here/judge.mjs" "$work/console" "$@"
