/** The mock model server, a process of its own on bare sockets, so that it costs the machine as little as it can. */
import { createServer } from 'node:net'
import { deltaEvent, lastEvents, MODELS, PACE_MS, PACED_EVENTS, wholeAnswer } from './payloads.mjs'
import { serveRole } from './role.mjs'

const head = (status, ...fields) => Buffer.from([`HTTP/1.1 ${status}`, ...fields, '', ''].join('\r\n'))
const chunk = (octets) => Buffer.concat([Buffer.from(`${octets.length.toString(16)}\r\n`), octets, Buffer.from('\r\n')])
const json = (body) =>
  Buffer.concat([head('200 OK', 'content-type: application/json', `content-length: ${body.length}`), body])

const WHOLE = json(wholeAnswer)
const HEALTHY = json(Buffer.from('{"object":"list","data":[]}'))
const STREAM_HEAD = head('200 OK', 'content-type: text/event-stream', 'transfer-encoding: chunked')
const DELTA = chunk(deltaEvent)
const FIRST = Buffer.concat([STREAM_HEAD, DELTA])
const END = Buffer.concat([chunk(lastEvents), Buffer.from('0\r\n\r\n')])

/** Paced streams that are under way, with the events that they still owe. */
const paced = new Map()

function beat() {
  for (const [socket, left] of paced) {
    if (left > 0 && !socket.destroyed) {
      socket.write(DELTA)
      paced.set(socket, left - 1)
      continue
    }
    paced.delete(socket)
    if (!socket.destroyed) socket.write(END)
  }
}

const ANSWERS = {
  [MODELS.whole]: (socket) => socket.write(WHOLE),
  [MODELS.brief]: (socket) => {
    socket.write(FIRST)
    setImmediate(() => socket.write(END))
  },
  [MODELS.paced]: (socket) => {
    socket.write(STREAM_HEAD)
    paced.set(socket, PACED_EVENTS)
  },
  [MODELS.held]: (socket) => socket.write(FIRST),
}

/** Octets of the first request in `octets`, or undefined while it is not whole. */
function measure(octets) {
  const headEnd = octets.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const [, length = 0] = /content-length: (\d+)/i.exec(octets.latin1Slice(0, headEnd)) ?? []
  const size = headEnd + 4 + Number(length)
  return octets.length < size ? undefined : size
}

function answer(socket, request) {
  const [, model] = /"model":"([a-z]+)"/.exec(request.latin1Slice()) ?? []
  if (model === undefined) socket.write(HEALTHY)
  else ANSWERS[model](socket)
}

const server = createServer({ noDelay: true }, (socket) => {
  let pending = Buffer.alloc(0)
  socket.on('error', () => {})
  socket.on('data', (octets) => {
    pending = pending.length === 0 ? octets : Buffer.concat([pending, octets])
    for (let size = measure(pending); size !== undefined; size = measure(pending)) {
      answer(socket, pending.subarray(0, size))
      pending = pending.subarray(size)
    }
  })
})

serveRole({
  start: () =>
    new Promise((resolve) => {
      setInterval(beat, PACE_MS)
      server.listen(0, '127.0.0.1', () => resolve({ origin: `http://127.0.0.1:${server.address().port}` }))
    }),
})
