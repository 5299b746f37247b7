#!/bin/sh
# Builds a small Linux for QEMU's machine nitro-enclave and for a microvm without ACPI, from Debian's linux-source over the apt sources of
# this machine: Debian's own kernels lack CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES, by which those machines name their devices. What it has is in
# enclave-kernel.config.
#
#   sh enclave/nitro/qemu/build-kernel.sh [FOLDER]      JOBS=2 is as many compilers as that; one by default, at the lowest priority
#
# Prints the path of the kernel. Some minutes on an idle core, 2 GB of disk while it compiles.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
place=${1:-$(cd "$here/../../.." && pwd)/node_modules/.cache/enclave-kernel}
packages='build-essential flex bison bc libelf-dev xz-utils'
say() { echo "build-kernel: $*" >&2; }

# shellcheck source=packages.sh
. "$here/packages.sh"

if [ -f "$place/bzImage" ] && cmp -s "$here/enclave-kernel.config" "$place/asked.config"; then
  echo "$place/bzImage"
  exit 0
fi

# shellcheck disable=SC2086
need_packages $packages

# 6.8 is the first with the driver of the security module; the names sort by version.
source=$(apt-cache pkgnames linux-source-6. | grep -Ex 'linux-source-6\.[0-9]+' | sort -V | tail -n 1)
case $source in
'' | linux-source-6.[0-7])
  say 'the apt sources of this machine have no linux-source-6.8 or later'
  exit 1
  ;;
esac
rm -rf "$place/work"
mkdir -p "$place/work"
cd "$place/work"
say "fetching $source"
apt-get download -qq -o APT::Sandbox::User=root "$source" >&2
dpkg-deb --fsys-tarfile ./*.deb | tar -xO "./usr/src/$source.tar.xz" | xz -dc | tar -x
cd "$source"

make -s KCONFIG_ALLCONFIG="$here/enclave-kernel.config" allnoconfig >&2
for line in $(grep '^CONFIG' "$here/enclave-kernel.config"); do
  grep -qx "$line" .config || {
    say "this source does not take $line"
    exit 1
  }
done
say 'compiling, some minutes'
nice -n 19 make -j "${JOBS:-1}" bzImage >../make.log 2>&1 || {
  tail -n 20 ../make.log >&2
  exit 1
}
cp arch/x86/boot/bzImage "$place/bzImage"
cp .config "$place/bzImage.config"
cp "$here/enclave-kernel.config" "$place/asked.config"
cd "$place"
rm -rf "$place/work"
echo "$place/bzImage"
