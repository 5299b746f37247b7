#!/bin/bash
# First process of the guest that is the parent instance in boot-enclave.sh: brings up what an instance has, and starts run-enclave.sh.
set -u
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t devtmpfs dev /dev
mount -t tmpfs tmpfs /tmp
ln -s /proc/self/fd /dev/fd
exec < /dev/console > /dev/console 2>&1
ip link set lo up
ip link set eth0 up
ip address add 10.0.2.15/24 dev eth0
/enclave/run-enclave.sh --eif /trial/trial.eif --operational /trial/operational.yaml --outward /trial/outward.json --port 443
echo "parent: run-enclave.sh ended with $?"
sleep infinity
