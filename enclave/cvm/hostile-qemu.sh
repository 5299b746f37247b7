#!/bin/bash
# Plays a hostile host against the built image in QEMU: each trial must end as it says, or this fails.
#   enclave/cvm/hostile-qemu.sh [--out DIR] [--timeout SECONDS] [--accel kvm|tcg] [TRIAL]…
# Without a name all are played: data, tree, hash, weights and late corrupt a disk; words gives orders beside the image; production boots
# what is deployed on hardware without a TEE. See docs/deploy-cvm.md. Emulated, each takes about two minutes.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
fail() { echo "hostile: $*" >&2; [[ -z ${run:-} || ! -f $run/console ]] || tail -20 "$run/console" >&2; exit 1; }
say() { echo "hostile: [$(date -u +%H:%M:%S)] $*"; }
# shellcheck source=qemu.sh
. "$here/qemu.sh"
words=()
machine_options 2,6 "$@"
((${#words[@]} > 0)) || words=(data tree hash weights late words production)
root=$out/../trees/root
main=$root/usr/lib/countersign/dist/cli/main.js
[[ -f $main ]] || fail "no $main: the trees of the build are needed too"

tamper() { node "$here/tamper.mjs" "$@"; }
copy() { cp --sparse=always "$1" "$2" && echo "$2"; }

# ends_with PATTERN: the machine ended before anything was ready, for the reason that its console tells.
ends_with() {
  boot
  [[ $state == ended ]] || fail "the machine is $state, and should have ended"
  said "$1"
}
said() {
  grep -aoE -m 3 "($1).*" "$run/console" || fail "the machine ended, but not for $1; its last lines:"
  say "ended after $((SECONDS - begin)) seconds"
}

trial_data() {
  system=$(copy "$system" "$run/system.raw")
  tamper data "$system" "$main"
  ends_with 'verity: .* data block [0-9]+ is corrupted|dm-verity device corrupted'
}
trial_tree() {
  system=$(copy "$system" "$run/system.raw")
  tamper tree "$system" "$main"
  ends_with 'verity: .* metadata block [0-9]+ is corrupted|dm-verity device corrupted'
}
# Partitions are looked for by the hash, so the disk is labelled to match.
trial_hash() {
  system=$(copy "$system" "$run/system.raw")
  kernel=$(copy "$kernel" "$run/trial.efi")
  local hash
  hash=$(tamper hash "$kernel")
  local half=${hash:0:32}
  sfdisk --quiet --part-uuid "$system" 2 "${half:0:8}-${half:8:4}-${half:12:4}-${half:16:4}-${half:20:12}"
  say "root hash $hash"
  ends_with 'verity: .* metadata block [0-9]+ is corrupted|dm-verity device corrupted'
}
trial_weights() {
  weights=$(copy "$weights" "$run/weights.img")
  tamper data "$weights" "$(find "$out/../weights" -type f -size +64k | sort | head -1)"
  ends_with 'verity: .* data block [0-9]+ is corrupted|dm-verity device corrupted'
}
# A block that is read only when a device is plugged in, corrupted after the gateway was ready.
trial_late() {
  system=$(copy "$system" "$run/system.raw")
  extra=(-device 'pcie-root-port,id=late-port,chassis=1' -qmp "unix:$run/qmp,server=on,wait=off")
  boot
  [[ $state == ready ]] || fail "the machine is $state, and should have been ready"
  tamper data "$system" "$(find "$root/usr/lib/modules" -name 'virtio_scsi.ko*')"
  tamper plug "$run/qmp" virtio-scsi-pci
  while running; do
    ((SECONDS - begin < timeout)) || fail "the machine goes on with a corrupted root"
    sleep 1
  done
  said 'verity: .* data block [0-9]+ is corrupted|dm-verity device corrupted'
}
# Each of these words would hide the gateway, if it were obeyed.
trial_words() {
  local fstab='none /usr/lib/countersign tmpfs'
  tamper variable "$vars" SystemdOptions systemd.mount-extra=none:/usr/lib/countersign:tmpfs
  extra=(-smbios "type=11,value=io.systemd.credential:fstab.extra=$fstab"
    -fw_cfg "name=opt/io.systemd.credentials/fstab.extra,string=$fstab")
  boot
  [[ $state == ready ]] || fail "the machine is $state, and should have been ready"
  ask
}
# Without a TEE nothing is served. What is deployed tells nobody why, so it is booted once more with words that show its journal: on hardware
# they would be another measurement.
trial_production() {
  # Five tries, each of which looks for a TEE for as long as two minutes where the processor is emulated.
  timeout=$((timeout * 2))
  kernel=$out/countersign.efi
  boot
  [[ $state == ended ]] || fail "the machine is $state, and should have ended"
  # Firmware clears the screen; nothing else may be there.
  if grep -aqE '[A-Za-z]{3}' "$run/console"; then fail "the machine wrote to its console:"; fi
  say "ended after $((SECONDS - begin)) seconds, not a word on its console"
  local cmdline
  cmdline=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).cmdline' "$out/image.json")
  extra=(-append "$cmdline console=ttyS0 no_timer_check systemd.journald.forward_to_console=1")
  ends_with 'has no TEE that can be asked for quotes, so nothing is served'
}

for trial in "${words[@]}"; do
  [[ $(type -t "trial_$trial") == function ]] || fail "there is no trial $trial; --help lists them"
done
for trial in "${words[@]}"; do
  say "trial: $trial"
  as_built
  "trial_$trial"
  stop
done
say "all as they should be: ${words[*]}"
