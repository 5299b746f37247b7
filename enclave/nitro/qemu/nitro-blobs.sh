#!/bin/sh
# Makes what nitro-cli build-enclave takes from AWS's package of kernels, with stand-ins: the kernel of build-kernel.sh, enclave-init.c for the
# init, linuxkit.mjs for the linuxkit, no module. For a nitro-cli of crates.io (aws-nitro-enclaves-cli), which comes without.
#
#   NITRO_CLI_BLOBS=$(sh enclave/nitro/qemu/nitro-blobs.sh) enclave/nitro/build.sh …
#
# Prints the folder. An image made with it is for trials alone.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
place=$(cd "$here/../../.." && pwd)/node_modules/.cache/nitro-blobs
kernel=$(sh "$here/build-kernel.sh")
rm -rf "$place"
mkdir -p "$place"
cp "$kernel" "$place/bzImage"
cp "$kernel.config" "$place/bzImage.config"
cp "$here/trial/cmdline" "$place/cmdline"
gcc -static -O2 -Wall -o "$place/init" "$here/enclave-init.c"
ln -s "$here/linuxkit.mjs" "$place/linuxkit"
: >"$place/nsm.ko"
echo "$place"
