#!/bin/bash
# Makes the volume of operational settings: one partition named countersign-operational that holds the text itself, padded with zeros.
#   enclave/cvm/operational-volume.sh OPERATIONAL.yaml VOLUME.img
# Attach it as a disk. No file system: there is none for the guest's kernel to be attacked through. It may hold secrets, so its owner alone may
# read it.
set -euo pipefail
fail() { echo "operational-volume: $*" >&2; exit 2; }
if [[ ${1:-} == --help ]]; then sed -n '2,5s/^# //p' "${BASH_SOURCE[0]}"; exit 0; fi
(($# == 2)) || fail "usage: operational-volume.sh OPERATIONAL.yaml VOLUME.img"
[[ -f $1 ]] || fail "no settings at $1"
size=$(stat -c %s "$1")
((size <= 65536)) || fail "$1 has $size octets: at most 65536 are read"
command -v sfdisk > /dev/null || PATH=$PATH:/usr/sbin:/sbin
command -v sfdisk > /dev/null || fail "sfdisk is missing: apt-get install fdisk"
umask 077
rm -f "$2"
truncate -s 2M "$2"
# The names are fixed, so that the same settings are the same volume.
printf 'label: gpt\nlabel-id: 8c0a7a5e-2f0a-4a63-9b4b-9f5f6c6d0c11\nstart=2048, size=128, type=0FC63DAF-8483-4772-8E79-3D69D8477DE4, uuid=d2d3b0c4-7d5f-4f5e-8f0e-0b9d8f9a6a11, name="countersign-operational"\n' |
  sfdisk --quiet "$2"
dd if="$1" of="$2" bs=512 seek=2048 conv=notrunc status=none
echo "operational-volume: $2 holds $size octets of settings"
