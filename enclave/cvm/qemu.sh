# Sourced by boot-qemu.sh and hostile-qemu.sh: the built image in QEMU with OVMF, on emulated hardware without a TEE.
# Needs: $here, fail, say, and what machine_options has read. What a trial changes before it starts the machine:
#   kernel, system, weights, vars    the files it is given
#   extra                            more options of QEMU
# shellcheck shell=bash
out=/var/tmp/countersign-cvm/out
timeout=900
accelerator=auto

value() { (($# > 1)) || fail "$1 wants a value; --help lists the options"; }

# machine_options USAGE-LINES ARGUMENTS…
machine_options() {
  local usage=$1
  shift
  while (($# > 0)); do
    case $1 in
      --out) value "$@"; out=$(readlink -m "$2"); shift 2 ;;
      --timeout) value "$@"; timeout=$2; shift 2 ;;
      --accel) value "$@"; accelerator=$2; shift 2 ;;
      --help) sed -n "${usage}s/^# //p" "$0"; exit 0 ;;
      -*) fail "there is no option $1; --help lists them" ;;
      *) words+=("$1"); shift ;;
    esac
  done
  local missing=() tool file
  PATH=$PATH:/usr/sbin:/sbin
  for tool in qemu-system-x86_64:qemu-system-x86 curl:curl node:nodejs sfdisk:fdisk; do
    command -v "${tool%%:*}" > /dev/null || missing+=("${tool##*:}")
  done
  firmware=/usr/share/OVMF/OVMF_CODE_4M.fd
  [[ -f $firmware ]] || missing+=(ovmf)
  ((${#missing[@]} == 0)) || fail "programs are missing: apt-get install ${missing[*]}"
  for file in countersign.efi trial.efi countersign.raw weights.img; do [[ -f $out/$file ]] || fail "no $out/$file: run build.sh first"; done
  if [[ $accelerator == auto ]]; then
    accelerator=tcg
    if [[ -r /dev/kvm && -w /dev/kvm ]]; then accelerator=kvm; fi
  fi
  run=$(mktemp -d)
  trap 'stop; rm -rf "$run"' EXIT
  "$here/operational-volume.sh" "$here/example/operational.yaml" "$run/operational.img"
  as_built
}

as_built() {
  kernel=$out/trial.efi
  system=$out/countersign.raw
  weights=$out/weights.img
  vars=$run/vars.fd
  cp /usr/share/OVMF/OVMF_VARS_4M.fd "$vars"
  extra=()
}

start() {
  local cpu=max
  if [[ $accelerator == kvm ]]; then cpu=host,arch-capabilities=off; fi
  # A port that is free now; QEMU listens on the loopback address alone.
  port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })')
  say "starting QEMU ($accelerator), port $port"
  rm -f "$run/references"
  qemu-system-x86_64 -machine "q35,accel=$accelerator" -cpu "$cpu" -smp 2 -m 2048 -display none -nodefaults -no-user-config -no-reboot \
    -drive "if=pflash,format=raw,unit=0,readonly=on,file=$firmware" -drive "if=pflash,format=raw,unit=1,file=$vars" \
    -kernel "$kernel" \
    -drive "if=none,id=system,format=raw,snapshot=on,file=$system" -device virtio-blk-pci,drive=system \
    -drive "if=none,id=weights,format=raw,readonly=on,file=$weights" -device virtio-blk-pci,drive=weights \
    -drive "if=none,id=operational,format=raw,readonly=on,file=$run/operational.img" -device virtio-blk-pci,drive=operational \
    -netdev "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:$port-:8787" -device virtio-net-pci,netdev=net -device virtio-rng-pci \
    -chardev "file,id=console,path=$run/console" -serial chardev:console \
    -device virtio-serial-pci -chardev "file,id=references,path=$run/references" \
    -device virtserialport,chardev=references,name=countersign.trial "${extra[@]}" 2> "$run/qemu" &
  qemu=$!
  begin=$SECONDS
}

stop() {
  [[ -n ${qemu:-} ]] || return 0
  kill "$qemu" 2> /dev/null || true
  wait "$qemu" 2> /dev/null || true
  qemu=
}

running() { kill -0 "$qemu" 2> /dev/null; }

# Starts the machine and waits: `state` is then ready, ended, or late where neither came in time.
boot() {
  start
  state=late
  while ((SECONDS - begin < timeout)); do
    if curl -fsk --max-time 20 "https://127.0.0.1:$port/readyz" > "$run/readyz" 2> /dev/null; then state=ready; break; fi
    # Where this machine is a guest itself, its KVM may not manage what firmware does.
    if [[ $accelerator == kvm ]] && { ! running || grep -q 'KVM internal error' "$run/qemu"; }; then
      say "KVM does not work here ($(head -1 "$run/qemu")): emulating"
      stop
      accelerator=tcg
      start
    elif ! running; then state=ended; break; fi
    sleep 2
  done
}

# The answer of a trial, verified by the client.
ask() {
  until [[ -s $run/references ]]; do
    ((SECONDS - begin < timeout)) || fail "no references came over their port"
    sleep 1
  done
  node "$here/ask.mjs" "https://127.0.0.1:$port" "$run/references" || fail "the answer did not verify"
}
