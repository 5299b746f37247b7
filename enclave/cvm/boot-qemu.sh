#!/bin/bash
# Boots the built image in QEMU with OVMF, on the simulated TEE, asks it one question through the client, and ends it.
#   enclave/cvm/boot-qemu.sh [--out DIR] [--timeout SECONDS] [--accel kvm|tcg]
# The disk is the one that is deployed. The kernel image is the trial's: the same kernel, initrd and root hash, with the words
# countersign.trial-on-a-simulated-tee on its command line. Uses KVM where it can, else emulation, which takes minutes.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
fail() { echo "boot: $*" >&2; [[ -z ${run:-} || ! -f $run/console ]] || tail -40 "$run/console" >&2; exit 1; }
say() { echo "boot: [$(date -u +%H:%M:%S)] $*"; }
# shellcheck source=qemu.sh
. "$here/qemu.sh"
words=()
machine_options 2,5 "$@"
((${#words[@]} == 0)) || fail "there is no option ${words[0]}; --help lists them"

boot
case $state in
  ended) fail "the machine ended before it was ready; its last lines:" ;;
  late) fail "not ready after $timeout seconds; its last lines:" ;;
esac
say "ready after $((SECONDS - begin)) seconds: $(cat "$run/readyz")"
ask
say "ending the machine"
