#!/bin/bash
# The parent's socat in boot-enclave.sh: the real one, with small packets. Linux gives a vsock device buffers of 4 KiB to fill, and
# vhost-device-vsock 0.3.0 cuts what one guest sends another to that size, where a device has to split it. So this side sends 2 KiB at a time, and
# lets the other side send no more (AF_VSOCK, SO_VM_SOCKETS_BUFFER_SIZE, 2048). The enclave's own bridges are as they are.
words=()
for word in "$@"; do
  case $word in
    VSOCK-LISTEN:*) word+=,setsockopt-listen=40:0:x0008000000000000 ;;
    VSOCK-CONNECT:*) word+=,setsockopt=40:0:x0008000000000000 ;;
  esac
  words+=("$word")
done
exec /usr/lib/socat -b 2048 "${words[@]}"
