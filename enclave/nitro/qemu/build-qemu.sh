#!/bin/sh
# Builds a QEMU with the security module of Nitro Enclaves (the device virtio-nsm, for the machine microvm) and with the machine
# nitro-enclave, which boots enclave images: Debian's own build leaves both out, since they need libcbor. The source is Debian's package, over
# the apt sources of this machine, once; nothing of the machine's own QEMU is touched. What it simulates attests nothing: its documents are
# signed by nobody. See README.md.
#
#   sh enclave/nitro/qemu/build-qemu.sh [FOLDER]      JOBS=2 is as many compilers as that; one by default, at the lowest priority
#
# Prints the folder: qemu-system-x86_64 in it, and share, its firmware. A quarter of an hour on one core, 2 GB of disk while it compiles.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
place=${1:-$(cd "$here/../../.." && pwd)/node_modules/.cache/qemu-nsm}
suite=trixie
meson=1.7.0
packages='build-essential dpkg-dev ninja-build pkg-config python3-venv flex bison patch libglib2.0-dev libcbor-dev libgnutls28-dev
  libfdt-dev libpixman-1-dev zlib1g-dev'

say() { echo "build-qemu: $*" >&2; }

# shellcheck source=packages.sh
. "$here/packages.sh"

if [ -f "$place/complete" ] && "$place/qemu-system-x86_64" -M help | grep -q '^nitro-enclave'; then
  echo "$place"
  exit 0
fi

# shellcheck disable=SC2086
need_packages $packages

work=$place/work
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/sources" "$work/download"

# The machine's sources, for source packages and for the release whose QEMU is new enough. The security archive has another layout.
for file in /etc/apt/sources.list.d/*.sources; do
  [ -f "$file" ] || continue
  awk 'BEGIN { RS = ""; ORS = "\n\n" } /debian/ && !/security/' "$file" |
    sed -E "s/^Types:.*/Types: deb deb-src/; s/^Suites:.*/Suites: $suite/" >"$work/sources/$(basename "$file")"
  [ -s "$work/sources/$(basename "$file")" ] || rm "$work/sources/$(basename "$file")"
done
if [ -f /etc/apt/sources.list ]; then
  sed -nE "s/^deb (\[[^]]*\] )?([^ ]*debian\/?) [a-z]+ main.*/deb \1\2 $suite main\ndeb-src \1\2 $suite main/p" /etc/apt/sources.list |
    sort -u >"$work/sources/machine.list"
fi

# Lists and archives of its own: the machine's stay as they are.
with_sources() {
  command=$1
  shift
  "$command" -qq -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/sources" -o Dir::State::lists="$work/lists" \
    -o Dir::Cache="$work" -o APT::Sandbox::User=root "$@" >&2
}

say "fetching the sources of $suite"
with_sources apt-get update
cd "$work/download"
rm -rf -- *
with_sources apt-get source --download-only "qemu/$suite"
with_sources apt-get download "qemu-system-data/$suite" "seabios/$suite"

# apt compared the description with its signed index, and dpkg-source compares the archives with the description.
rm -rf "$work/qemu" "$work/build" "$work/firmware"
dpkg-source --no-check -x qemu_*.dsc "$work/qemu" >&2
for package in ./*.deb; do dpkg-deb -x "$package" "$work/firmware"; done

# Nothing but the machine, the module, and what a guest of it may want: a twentieth of the devices compile in a fraction of the time.
cat >"$work/qemu/configs/devices/x86_64-softmmu/nsm.mak" <<'END'
CONFIG_MICROVM=y
CONFIG_NITRO_ENCLAVE=y
CONFIG_VIRTIO_NSM=y
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_NET=y
CONFIG_VIRTIO_RNG=y
CONFIG_VIRTIO_SERIAL=y
END

# Debian's archive has no copy of the build tool, and its release may have an older one than QEMU asks for.
[ -x "$work/python/bin/meson" ] || {
  /usr/bin/python3 -m venv "$work/python"
  "$work/python/bin/pip" install --quiet --disable-pip-version-check "meson==$meson" >&2
}

say 'compiling, about a quarter of an hour'
mkdir "$work/build"
cd "$work/build"
"$work/qemu/configure" --python="$work/python/bin/python3" --target-list=x86_64-softmmu --without-default-features \
  --without-default-devices --with-devices-x86_64=nsm --enable-system --enable-tcg --enable-vhost-user --enable-libcbor --enable-gnutls --enable-fdt=system \
  --enable-pixman --disable-install-blobs --disable-docs --disable-werror >configure.log 2>&1 ||
  {
    tail -n 20 configure.log >&2
    exit 1
  }
nice -n 19 ninja -j "${JOBS:-1}" qemu-system-x86_64 >make.log 2>&1 || {
  tail -n 20 make.log >&2
  exit 1
}

mkdir -p "$place/share"
for file in qemu/linuxboot_dma.bin qemu/pvh.bin qemu/qboot.rom seabios/bios-microvm.bin; do
  cp "$work/firmware/usr/share/$file" "$place/share/"
done
cp qemu-system-x86_64 "$place/"
"$place/qemu-system-x86_64" -M microvm -device virtio-nsm-device,help >/dev/null || {
  say 'the device virtio-nsm is not in it'
  exit 1
}
"$place/qemu-system-x86_64" -M help | grep -q '^nitro-enclave' || {
  say 'the machine nitro-enclave is not in it'
  exit 1
}
"$place/qemu-system-x86_64" --version | head -n 1 >"$place/complete"
cd "$place"
rm -rf "$work"
say "$(cat "$place/complete")"
echo "$place"
