#!/bin/bash
# Boots the built image in QEMU with OVMF, on the simulated TEE, asks it one question through the client, and ends it.
#   enclave/cvm/boot-qemu.sh [--out DIR] [--timeout SECONDS] [--accel kvm|tcg]
# The disk is the one that is deployed. The kernel image is the trial's: the same kernel, initrd and root hash, with the words
# countersign.trial-on-a-simulated-tee on its command line. Uses KVM where it can, else emulation, which takes minutes.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
out=/var/tmp/countersign-cvm/out
timeout=900
accelerator=auto
fail() { echo "boot: $*" >&2; [[ -z ${run:-} || ! -f $run/console ]] || tail -40 "$run/console" >&2; exit 1; }
say() { echo "boot: [$(date -u +%H:%M:%S)] $*"; }
while (($# > 0)); do
  case $1 in
    --out) out=$(readlink -m "$2"); shift 2 ;;
    --timeout) timeout=$2; shift 2 ;;
    --accel) accelerator=$2; shift 2 ;;
    --help) sed -n '2,5s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) fail "there is no option $1; --help lists them" ;;
  esac
done
missing=()
for tool in qemu-system-x86_64:qemu-system-x86 curl:curl node:nodejs sfdisk:fdisk; do
  PATH=$PATH:/usr/sbin:/sbin command -v "${tool%%:*}" > /dev/null || missing+=("${tool##*:}")
done
firmware=/usr/share/OVMF/OVMF_CODE_4M.fd
[[ -f $firmware ]] || missing+=(ovmf)
((${#missing[@]} == 0)) || fail "programs are missing: apt-get install ${missing[*]}"
for file in trial.efi countersign.raw weights.img; do [[ -f $out/$file ]] || fail "no $out/$file: run build.sh first"; done

run=$(mktemp -d)
finish() { if [[ -n ${qemu:-} ]]; then stop; fi; rm -rf "$run"; }
trap finish EXIT
"$here/operational-volume.sh" "$here/example/operational.yaml" "$run/operational.img"
cp /usr/share/OVMF/OVMF_VARS_4M.fd "$run/vars.fd"
# A port that is free now; QEMU listens on the loopback address alone.
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
start() {
  local cpu=max
  if [[ $1 == kvm ]]; then cpu=host,arch-capabilities=off; fi
  say "starting QEMU ($1), port $port"
  qemu-system-x86_64 -machine "q35,accel=$1" -cpu "$cpu" -smp 2 -m 2048 -display none -nodefaults -no-user-config -no-reboot \
    -drive "if=pflash,format=raw,unit=0,readonly=on,file=$firmware" -drive "if=pflash,format=raw,unit=1,file=$run/vars.fd" \
    -kernel "$out/trial.efi" \
    -drive "if=none,id=system,format=raw,snapshot=on,file=$out/countersign.raw" -device virtio-blk-pci,drive=system \
    -drive "if=none,id=weights,format=raw,readonly=on,file=$out/weights.img" -device virtio-blk-pci,drive=weights \
    -drive "if=none,id=operational,format=raw,readonly=on,file=$run/operational.img" -device virtio-blk-pci,drive=operational \
    -netdev "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:$port-:8787" -device virtio-net-pci,netdev=net -device virtio-rng-pci \
    -chardev "file,id=console,path=$run/console" -serial chardev:console \
    -device virtio-serial-pci -chardev "file,id=references,path=$run/references" \
    -device virtserialport,chardev=references,name=countersign.trial 2> "$run/qemu" &
  qemu=$!
}
stop() {
  kill "$qemu" 2> /dev/null || true
  wait "$qemu" 2> /dev/null || true
  qemu=
}
if [[ $accelerator == auto ]]; then
  accelerator=tcg
  if [[ -r /dev/kvm && -w /dev/kvm ]]; then accelerator=kvm; fi
fi
start "$accelerator"

begin=$SECONDS
until curl -fsk --max-time 20 "https://127.0.0.1:$port/readyz" > "$run/readyz" 2> /dev/null; do
  # Where this machine is a guest itself, its KVM may not manage what firmware does.
  if [[ $accelerator == kvm ]] && { ! kill -0 "$qemu" 2> /dev/null || grep -q 'KVM internal error' "$run/qemu"; }; then
    say "KVM does not work here ($(head -1 "$run/qemu")): emulating"
    stop
    accelerator=tcg
    start tcg
  fi
  kill -0 "$qemu" 2> /dev/null || fail "the machine ended before it was ready; its last lines:"
  ((SECONDS - begin < timeout)) || fail "not ready after $timeout seconds; its last lines:"
  sleep 2
done
say "ready after $((SECONDS - begin)) seconds: $(cat "$run/readyz")"
until [[ -s $run/references ]]; do
  ((SECONDS - begin < timeout)) || fail "no references came over their port"
  sleep 1
done
node "$here/ask.mjs" "https://127.0.0.1:$port" "$run/references" || fail "the answer did not verify"
say "ending the machine"
