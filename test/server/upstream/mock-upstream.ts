/** A model server on a loopback port that follows a script, octet by octet, and remembers what it was sent and when its client left. @module */
import { createServer, type Server, type Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'

/** One step of an answer. `until` waits for a promise that the test holds; `hang` waits for the client to leave. */
export type Step =
  | { readonly write: Uint8Array }
  | { readonly until: Promise<unknown> }
  | { readonly flood: number; readonly chunk: Uint8Array }
  | 'end'
  | 'reset'
  | 'hang'

/** Steps after which the connection stays open for the next request, unless one of them ends it. */
export type Script = readonly Step[]

export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  /** In lower case; of doubled ones the last. */
  readonly headers: ReadonlyMap<string, string>
  readonly rawHead: string
  readonly body: Uint8Array
  /** Resolves when the client's connection is gone, with `performance.now()`. */
  readonly gone: Promise<number>
}

export interface MockUpstream {
  readonly origin: string
  readonly port: number
  /** In order of arrival. */
  readonly received: readonly ReceivedRequest[]
  /** Connections that were ever accepted. */
  readonly connections: number
  /** Octets that `flood` steps have handed to the operating system. */
  readonly produced: number
  /** Resolves with request number `index`, counted from 0, as soon as it is there. */
  request(index: number): Promise<ReceivedRequest>
  close(): Promise<void>
}

/** Starts a server that answers each request with the script that `answer` gives. */
export async function startMockUpstream(answer: (request: ReceivedRequest) => Script): Promise<MockUpstream> {
  const received: ReceivedRequest[] = []
  const waiting: { readonly index: number; resolve(request: ReceivedRequest): void }[] = []
  const sockets = new Set<Socket>()
  const counts = { connections: 0, produced: 0 }
  const note = (request: ReceivedRequest): void => {
    received.push(request)
    for (const { index, resolve } of waiting) if (index === received.length - 1) resolve(request)
  }
  const server = createServer((socket) => {
    counts.connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serve(socket, note, answer, counts)
  })
  const port = await listen(server)
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    received,
    get connections() {
      return counts.connections
    },
    get produced() {
      return counts.produced
    },
    request: (index) =>
      new Promise((resolve) => {
        const there = received[index]
        if (there !== undefined) resolve(there)
        else waiting.push({ index, resolve })
      }),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

/** A server that accepts connections and stays silent, so that a TLS handshake with it never ends. */
export async function startSilentServer(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  return {
    port: await listen(server),
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

function serve(
  socket: Socket,
  note: (request: ReceivedRequest) => void,
  answer: (request: ReceivedRequest) => Script,
  counts: { produced: number },
): void {
  const gone = new Promise<number>((resolve) => {
    socket.on('close', () => resolve(performance.now()))
  })
  let pending: Buffer = Buffer.alloc(0)
  let playing: Promise<void> = Promise.resolve()
  socket.on('error', () => undefined)
  socket.setNoDelay(true)
  socket.on('data', (chunk: Buffer) => {
    pending = Buffer.concat([pending, chunk])
    for (let parsed = parse(pending); parsed !== undefined; parsed = parse(pending)) {
      pending = pending.subarray(parsed.size)
      const request = { ...parsed.request, gone }
      note(request)
      playing = playing.then(() => play(socket, answer(request), { gone, counts }))
    }
  })
}

function parse(octets: Buffer): { readonly request: Omit<ReceivedRequest, 'gone'>; readonly size: number } | undefined {
  const headEnd = octets.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const rawHead = octets.subarray(0, headEnd).toString('latin1')
  const [first = '', ...lines] = rawHead.split('\r\n')
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const size = headEnd + 4 + Number(headers.get('content-length') ?? 0)
  if (octets.length < size) return undefined
  const [method = '', path = ''] = first.split(' ')
  return { request: { method, path, headers, rawHead, body: octets.subarray(headEnd + 4, size) }, size }
}

async function play(
  socket: Socket,
  script: Script,
  { gone, counts }: { readonly gone: Promise<number>; readonly counts: { produced: number } },
): Promise<void> {
  for (const step of script) {
    if (socket.destroyed) return
    if (step === 'end') socket.end()
    else if (step === 'reset') socket.resetAndDestroy()
    else if (step === 'hang') await gone
    else if ('write' in step) await written(socket, step.write)
    else if ('until' in step) await Promise.race([step.until, gone])
    else {
      for (let left = step.flood; left > 0 && !socket.destroyed; left--) {
        await written(socket, step.chunk)
        counts.produced += step.chunk.length
      }
    }
  }
}

/** Resolves when the operating system has the octets, or refuses them: a closed socket calls back with an error. */
function written(socket: Socket, octets: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    socket.write(octets, () => resolve())
  })
}

/** A promise that the test opens. */
export interface Gate {
  readonly opened: Promise<void>
  open(): void
}

export function createGate(): Gate {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open }
}

/** Lets the event loop turn until `value` has stood still for many rounds. */
export async function untilSteady(value: () => number, rounds = 300): Promise<number> {
  let last = value()
  for (let still = 0; still < rounds; still++) {
    await setImmediate()
    if (value() !== last) still = 0
    last = value()
  }
  return last
}
