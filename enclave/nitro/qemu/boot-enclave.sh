#!/bin/bash
# Boots the enclave of build.sh on QEMU's machine nitro-enclave, and beside it a guest that is its parent instance, where run-enclave.sh runs
# as it is: octets go from this machine by the parent and over vsock into the enclave, and out of it to a store on this machine. Once with the
# image as it is, and once with one whose documents have a throw-away signature. Nothing here is confidential. See README.md.
#
#   enclave/nitro/qemu/boot-enclave.sh [--out DIR] [--eif FILE]
#
# DIR is where build.sh put the tree with the trial's settings; FILE is an image that nitro-cli made of it: then that one alone is booted.
# LIMIT_S is how long the gateway may take until it is ready, 900 seconds by default. The trial's files stay in node_modules/.cache/enclave-trial.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
root=$(readlink -f "$here/../../..")
cache=$root/node_modules/.cache
place=$cache/enclave-trial
out=/var/tmp/countersign-nitro/trial
eif=
limit=${LIMIT_S:-900}
countersign() { node "$root/dist/cli/main.js" "$@"; }
fail() { echo "boot-enclave: $*" >&2; exit 1; }
say() { echo "boot-enclave: [$(date -u +%H:%M:%S)] $*" >&2; }
value() { (($# > 1)) || fail "$1 wants a value; --help lists the options"; }
while (($# > 0)); do
  case $1 in
    --out) value "$@"; out=$(readlink -m "$2"); shift 2 ;;
    --eif) value "$@"; eif=$(readlink -m "$2"); shift 2 ;;
    --help) sed -n '2,9s/^# \?//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) fail "there is no option $1; --help lists them" ;;
  esac
done
missing=()
for tool in qemu-system-x86_64:qemu-system-x86 socat:socat ip:iproute2 curl:curl gcc:gcc openssl:openssl cargo:cargo; do
  command -v "${tool%%:*}" > /dev/null || missing+=("${tool##*:}")
done
((${#missing[@]} == 0)) || fail "programs are missing: apt-get install ${missing[*]}"
[[ -f $out/root.tar ]] || fail "no $out/root.tar: run build.sh with the settings in $here/trial first"

say 'making what the trial needs, where it is not there'
qemu=$(sh "$here/build-qemu.sh")
kernel=$(sh "$here/build-kernel.sh")
vsock=$cache/vhost-device-vsock/bin/vhost-device-vsock
[[ -x $vsock ]] || nice -n 19 cargo install --quiet --locked --root "$cache/vhost-device-vsock" vhost-device-vsock --version 0.3.0
node "$root/scripts/versitygw.mjs" >&2
[[ -x $cache/versitygw/versitygw ]] || fail 'the store of the trial could not be made'

declare -A running=()
stop() { # NAME
  kill "${running[$1]}" 2> /dev/null || true
  wait "${running[$1]}" 2> /dev/null || true
  unset "running[$1]"
}
finish() { for name in "${!running[@]}"; do stop "$name"; done; }
trap finish EXIT
runs() { kill -0 "${running[$1]}" 2> /dev/null; }
free_port() { node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close() })'; }
await_text() { # NAME TEXT: until that guest said it
  local begin=$SECONDS console=$work/$1.console
  until grep -aqs -- "$2" "$console"; do
    if [[ $1 == parent ]] && grep -aqs '^parent: run-enclave.sh ended' "$console"; then tail -n 30 "$console" >&2; fail 'run-enclave.sh ended'; fi
    runs "$1" || { tail -n 30 "$console" >&2; fail "the $1 ended before it said: $2"; }
    ((SECONDS - begin < limit)) || { tail -n 30 "$console" >&2; fail "the $1 did not say within $limit seconds: $2"; }
    sleep 1
  done
}

# TREE: its image, in $work; $eif where one was given.
make_image() {
  [[ -z $eif ]] || { ln -s "$eif" "$work/trial.eif"; return; }
  gcc -static -O2 -Wall -o "$work/init" "$here/enclave-init.c"
  node "$here/enclave-ramdisks.mjs" "$work" "$1" "$out/Dockerfile" "$work/init"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:secp384r1 -nodes -keyout "$work/key.pem" -out "$work/certificate.pem" -days 2 \
    -subj '/CN=a trial, trusted by nobody' 2> /dev/null
  node "$here/write-eif.mjs" "$work/trial.eif" "$work/key.pem" "$work/certificate.pem" "$kernel" "$cmdline" "$work/bootstrap.cpio" "$work/customer.cpio"
  rm "$work/bootstrap.cpio" "$work/customer.cpio"
}

# Reference values before anything runs: the image's registers, the configuration, the models.
write_lock() {
  countersign measure nitro "$work/trial.eif" --json > "$work/measured.json"
  local model config
  model=$(sha256sum "$1/usr/lib/countersign/model/model.safetensors" | cut -d ' ' -f 1)
  config=$(node -p 'JSON.parse(require("fs").readFileSync(process.argv[1])).digest' "$out/config.json")
  countersign measure nitro "$work/trial.eif" --lock-row --config "$config" --model "countersign-demo-2m=sha256:$model" \
    --model elsewhere=none > "$work/row.json"
  node -p 'JSON.stringify({ version: 1, revision: 1, minimumPolicyRevision: 0, rows: [{ ...JSON.parse(require("fs").readFileSync(0)), status: "active" }] })' \
    < "$work/row.json" > "$work/lock.json"
}

start_store() {
  store=7070 # as outward.json says
  export AWS_ACCESS_KEY_ID=trial AWS_SECRET_ACCESS_KEY=trial-secret
  mkdir -p "$work/buckets/history"
  ROOT_ACCESS_KEY=trial ROOT_SECRET_KEY=trial-secret "$cache/versitygw/versitygw" --port "127.0.0.1:$store" --health /health \
    posix "$work/buckets" > "$work/store.log" 2>&1 &
  running[store]=$!
  until curl -fs -o "$work/health" "http://127.0.0.1:$store/health"; do
    runs store || fail "the store ended: $(tail -n 1 "$work/store.log")"
    sleep 1
  done
  # The same settings but for the address, by which this machine reaches it.
  { grep -v '^secrets:\|^  AWS_' "$here/trial/operational.yaml" | sed "s#http://store.trial.example:7070#http://127.0.0.1:$store#"
    cat "$here/trial/measured.yaml"; } > "$work/outside.yaml"
  countersign log init -c "$work/outside.yaml" >&2
}

start_parent() {
  port=$(free_port)
  node "$here/parent-ramdisk.mjs" "$work/parent.cpio" "$here/trial/operational.yaml" "$here/trial/outward.json"
  "$vsock" --vm "guest-cid=3,socket=$work/vhost3,uds-path=$work/vsock3,groups=trial" \
    --vm "guest-cid=16,socket=$work/vhost16,uds-path=$work/vsock16,groups=trial" > "$work/vsock.log" 2>&1 &
  running[vsock]=$!
  until [[ -S $work/vhost3 && -S $work/vhost16 ]]; do
    runs vsock || fail 'vhost-device-vsock ended'
    sleep 1
  done
  # 10.0.2.2 is the loopback address of this machine; the parent has neither a name server nor a route elsewhere.
  qemu-system-x86_64 -M microvm,acpi=off,memory-backend=memory -object memory-backend-memfd,id=memory,size=1G,share=on -m 1G -accel tcg \
    -cpu max -nodefaults -no-user-config -display none -no-reboot -serial "file:$work/parent.console" \
    -chardev "socket,id=vsock,path=$work/vhost3" -device vhost-user-vsock-device,chardev=vsock \
    -netdev "user,id=net,hostfwd=tcp:127.0.0.1:$port-:443" \
    -device virtio-net-device,netdev=net -kernel "$kernel" -initrd "$work/parent.cpio" -append "$cmdline" < /dev/null 2> "$work/parent.qemu" &
  running[parent]=$!
  await_text parent 'nitro-cli: run-enclave'
}

start_enclave() {
  local begun=$SECONDS answered=
  "$qemu/qemu-system-x86_64" -L "$qemu/share" -M nitro-enclave,vsock=vsock,id=i-00000000e0000000e-enc00000000e0000000 -accel tcg -cpu max \
    -m 2G -nodefaults -no-user-config -display none -no-reboot -serial "file:$work/enclave.console" \
    -chardev "socket,id=vsock,path=$work/vhost16" -kernel "$work/trial.eif" < /dev/null 2> "$work/enclave.qemu" &
  running[enclave]=$!
  await_text parent 'run-enclave: listening'
  say "the parent has its heartbeat after $((SECONDS - begun)) s"
  until [[ $answered == *"$1"* ]]; do
    answered=$(curl -sk --max-time 30 "https://127.0.0.1:$port/readyz" || true)
    runs enclave || { tail -n 30 "$work/enclave.console" >&2; fail 'the enclave ended by itself'; }
    ((SECONDS - begun < limit)) || { tail -n 30 "$work/enclave.console" >&2; fail "/readyz did not say within $limit s: $1"; }
    sleep 5
  done
  say "/readyz says $1 after $((SECONDS - begun)) s"
}

# A gateway whose lease is gone from the store ends by itself.
end_gateway() {
  rm -f "$work"/buckets/history/lineage/main/writer/*
  await_text enclave '^init: the command ended'
  for _ in {1..60}; do
    runs enclave || break
    sleep 1
  done
  printf '\nThe end\n'
  if runs enclave; then
    echo '  ✗ the enclave runs on without its gateway'
    wrong=1
  else
    echo '  ✓ the lease was removed from the store, the gateway ended, and with it the enclave:'
    grep -ah '^countersign: \|^enclave: \|^init: ' "$work/enclave.console" | tail -n 4 | tr -d '\r' | cut -c 1-140 | sed 's/^/    /'
  fi
}

# unsigned|signed TREE TEXT: both guests, from their start to their end; TEXT is what /readyz says at last.
trial() {
  say "the image with $1 documents"
  work=$place/$1
  mkdir -p "$work"
  [[ $1 == unsigned ]] || cp "$place/pki.json" "$work/"
  make_image "$2"
  write_lock "$2"
  start_store
  start_parent
  start_enclave "$3"
  node "$here/ask-enclave.mjs" "$1" "https://127.0.0.1:$port" "$work" || wrong=1
  end_gateway
  finish
}

wrong=0
cmdline=$(< "$here/trial/cmdline")
rm -rf "$place"
mkdir -p "$place/tree"
tar --numeric-owner -C "$place/tree" -xf "$out/root.tar"
trial unsigned "$place/tree" COSE_ALG
if [[ -z $eif ]]; then
  library=$place/tree/usr/lib/countersign/dist/quoter
  mv "$library/quoters.js" "$library/quoters.genuine.js"
  cp "$here/trial/quoters.mjs" "$library/quoters.js"
  node -e 'import(process.argv[1]).then((simulator) => console.log(simulator.exportNitroPki(simulator.createSimulatedNitroPki())))' \
    "$root/dist/simulator/index.js" > "$place/pki.json"
  cp "$place/pki.json" "$place/tree/etc/countersign/trial-pki.json"
  trial signed "$place/tree" '"evidence":"ok"'
fi
((wrong == 0)) && echo 'All as it has to be.'
exit $wrong
