/**
 * The other end of a vsock at which nobody is: `node vsock-nobody.mjs SOCKET`. QEMU's machine nitro-enclave does not start without a vhost-user
 * device of vsock behind it; the trial says everything over the serial console and needs no more than that it is there. It answers QEMU's
 * questions (vhost-user protocol) and never touches a queue; a real one is the program vhost-device-vsock.
 */
import { createServer } from 'node:net'

const CID = 16n
const HEADER_SIZE = 12
const VERSION = 1
const REPLY = 1 << 2
const ASKED_FOR_REPLY = 1 << 3
const FEATURES = (1n << 32n) | (1n << 30n) // VIRTIO_F_VERSION_1, VHOST_USER_F_PROTOCOL_FEATURES
const PROTOCOL_FEATURES = (1n << 3n) | (1n << 9n) // REPLY_ACK, CONFIG

const u64 = (value) => {
  const octets = Buffer.alloc(8)
  octets.writeBigUInt64LE(value)
  return octets
}

/** What QEMU waits for; the descriptors that come with other messages are dropped by whoever reads without asking for them. */
const ANSWERS = {
  1: () => u64(FEATURES),
  11: (body) => Buffer.concat([body.subarray(0, 4), Buffer.alloc(4)]), // GET_VRING_BASE
  15: () => u64(PROTOCOL_FEATURES),
  17: () => u64(2n), // GET_QUEUE_NUM
  24: (body) => {
    const config = Buffer.from(body) // GET_CONFIG: offset, size, flags, then virtio_vsock_config
    u64(CID).copy(config, 12)
    return config
  },
}

const [path] = process.argv.slice(2)
createServer((socket) => {
  let held = Buffer.alloc(0)
  socket.on('error', () => socket.destroy())
  socket.on('data', (octets) => {
    held = Buffer.concat([held, octets])
    while (held.length >= HEADER_SIZE && held.length >= HEADER_SIZE + held.readUInt32LE(8)) {
      const [request, flags, size] = [held.readUInt32LE(0), held.readUInt32LE(4), held.readUInt32LE(8)]
      const body = held.subarray(HEADER_SIZE, HEADER_SIZE + size)
      held = held.subarray(HEADER_SIZE + size)
      const answer = ANSWERS[request]?.(body) ?? ((flags & ASKED_FOR_REPLY) === 0 ? undefined : u64(0n))
      if (answer === undefined) continue
      const head = Buffer.alloc(HEADER_SIZE)
      head.writeUInt32LE(request, 0)
      head.writeUInt32LE(VERSION | REPLY, 4)
      head.writeUInt32LE(answer.length, 8)
      socket.write(Buffer.concat([head, answer]))
    }
  })
}).listen(path)
