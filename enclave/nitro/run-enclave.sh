#!/bin/bash
# Starts the enclave on its parent instance, and what the parent does for it. Stops all of it when it is interrupted.
#   enclave/nitro/run-enclave.sh --eif FILE --operational FILE [--outward FILE] [--memory MIB] [--cpus N] [--port PORT]
# Never with --debug-mode: it opens the enclave's console, and its PCRs are zero.
set -euo pipefail
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
eif='' operational='' outward=$here/example/outward.json memory=2048 cpus=2 port=443
cid=16
fail() { echo "run-enclave: $*" >&2; exit 2; }
value() { (($# > 1)) || fail "$1 wants a value; --help lists the options"; }
while (($# > 0)); do
  case $1 in
    --eif) value "$@"; eif=$2; shift 2 ;;
    --operational) value "$@"; operational=$2; shift 2 ;;
    --outward) value "$@"; outward=$2; shift 2 ;;
    --memory) value "$@"; memory=$2; shift 2 ;;
    --cpus) value "$@"; cpus=$2; shift 2 ;;
    --port) value "$@"; port=$2; shift 2 ;;
    --help) sed -n '2,4s/^# //p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) fail "there is no option $1; --help lists them" ;;
  esac
done
[[ -n $eif && -n $operational ]] || fail "needs --eif FILE and --operational FILE; see --help"
[[ -f $eif ]] || fail "no enclave image at $eif"
[[ -f $operational ]] || fail "no operational settings at $operational"
(($(stat -c %s "$operational") <= 65536)) || fail "$operational is larger than 65536 octets"
missing=()
for tool in nitro-cli:aws-nitro-enclaves-cli socat:socat node:nodejs; do
  command -v "${tool%%:*}" > /dev/null || missing+=("${tool##*:}")
done
((${#missing[@]} == 0)) || fail "programs are missing: install ${missing[*]}"

children=()
finish() {
  for child in "${children[@]}"; do kill "$child" 2> /dev/null || true; done
  if [[ -n ${id:-} ]]; then nitro-cli terminate-enclave --enclave-id "$id" > /dev/null || true; fi
}
trap finish EXIT
trap 'exit 0' INT TERM

# One way, and once for each boot: the enclave connects and reads.
socat -u "OPEN:$operational,rdonly" VSOCK-LISTEN:7001,reuseaddr &
children+=($!)
# Outward: only where outward.json says, and the enclave's own copy of it is measured.
while read -r vsock_port host host_port; do
  socat "VSOCK-LISTEN:$vsock_port,reuseaddr,fork" "TCP:$host:$host_port" &
  children+=($!)
done < <(node -e 'for (const { vsockPort, host, port } of JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"))) console.log(vsockPort, host, port)' "$outward")

started=$(nitro-cli run-enclave --eif-path "$eif" --memory "$memory" --cpu-count "$cpus" --enclave-cid "$cid")
echo "$started"
id=$(node -e 'console.log(JSON.parse(process.argv[1]).EnclaveID)' "$started")
# Inward: TLS ends in the enclave.
socat "TCP-LISTEN:$port,reuseaddr,fork" "VSOCK-CONNECT:$cid:8443" &
children+=($!)
# An enclave ends with its gateway, and nitro-cli then lists it no more: whoever supervises this starts both again.
ENDED=3
watch_enclave() {
  local state=0
  while ((state != ENDED)); do
    sleep 5
    state=0
    # A list that could not be had, or read, says nothing.
    nitro-cli describe-enclaves 2> /dev/null | node -e 'const list = JSON.parse(require("fs").readFileSync(0, "utf8"))
      const [, id, ended] = process.argv
      if (!list.some(({ EnclaveID, State }) => EnclaveID === id && State !== "TERMINATING")) process.exit(Number(ended))' \
      "$id" "$ENDED" 2> /dev/null || state=${PIPESTATUS[1]}
  done
  echo "run-enclave: the enclave ended" >&2
}
watch_enclave &
children+=($!)
echo "run-enclave: listening on port $port; interrupt to stop"
wait -n "${children[@]:1}" || true
exit 1
