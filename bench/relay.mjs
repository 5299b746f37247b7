/**
 * Two relays of the gateway's own stack (hono, its Node server, undici) without digest, signature and log, to hold the gateway against:
 * `bare` passes octets on, `reading` also looks into request and answer as the gateway does.
 */
import { createServer } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response'
import { Hono } from 'hono'
import { Pool } from 'undici'
import { parseAnswer } from '../dist/server/routes/inference/answer-reading.js'
import { CHAT } from '../dist/server/routes/inference/operations/chat.js'
import { readRequest } from '../dist/server/routes/inference/request-reading.js'
import { EventBlocks } from '../dist/server/upstream/event-blocks.js'
import { inspectBlock } from '../dist/server/upstream/event-reading.js'
import { StreamProgress } from '../dist/server/upstream/stream-progress.js'
import { CHAT_PATH } from './payloads.mjs'
import { serveRole } from './role.mjs'

const STREAM_TYPE = 'text/event-stream'
const MAX_BLOCK = 1 << 20
const HEADERS = { accept: `application/json, ${STREAM_TYPE}`, 'content-type': 'application/json' }

function readBody(incoming) {
  return new Promise((resolve, reject) => {
    const chunks = []
    incoming.on('data', (chunk) => chunks.push(chunk))
    incoming.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)))
    incoming.on('error', reject)
  })
}

/** What a relay does with the octets of a stream: `bare` writes them as they come. */
const bareStream = (outgoing) => (octets) => outgoing.write(octets)

function readingStream(outgoing) {
  const blocks = new EventBlocks(MAX_BLOCK)
  const progress = new StreamProgress(1)
  return (octets) => {
    const whole = blocks.push(octets)
    for (const block of whole) progress.note(inspectBlock(block))
    return whole.length === 0 || outgoing.write(whole.length === 1 ? whole[0] : Buffer.concat(whole))
  }
}

/** The handler of one exchange: from undici's callbacks straight to Node's response. */
class Relayed {
  #outgoing
  #reading
  #control
  #whole = []
  #write

  constructor(outgoing, reading) {
    this.#outgoing = outgoing
    this.#reading = reading
    outgoing.on('drain', () => this.#control?.resume())
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) this.#control?.abort(new Error('the client has gone'))
    })
  }

  onRequestStart(control) {
    this.#control = control
  }

  onResponseStart(_, status, headers) {
    if (headers['content-type'] !== STREAM_TYPE) return
    this.#write = (this.#reading ? readingStream : bareStream)(this.#outgoing)
    this.#outgoing.writeHead(status, ['content-type', STREAM_TYPE])
    this.#outgoing.flushHeaders()
  }

  onResponseData(control, octets) {
    if (this.#write === undefined) this.#whole.push(octets)
    else if (!this.#write(octets)) control.pause()
  }

  onResponseEnd() {
    if (this.#write !== undefined) {
      this.#outgoing.end()
      return
    }
    const body = this.#whole.length === 1 ? this.#whole[0] : Buffer.concat(this.#whole)
    if (this.#reading && CHAT.readAnswer(parseAnswer(body) ?? {}, 1).outcome !== 'complete')
      throw new Error('the mock gave no chat answer')
    this.#outgoing.writeHead(200, ['content-type', 'application/json', 'content-length', String(body.length)])
    this.#outgoing.end(body)
  }

  onResponseError() {
    this.#outgoing.destroy()
  }
}

let pool

async function relay(incoming, outgoing, reading) {
  const body = await readBody(incoming)
  if (reading && !readRequest(CHAT, body).ok) throw new Error('the bench asked for no chat')
  pool.dispatch({ method: 'POST', path: CHAT_PATH, headers: HEADERS, body }, new Relayed(outgoing, reading))
}

serveRole({
  start: ({ upstream, reading }) =>
    new Promise((resolve) => {
      pool = new Pool(upstream, { headersTimeout: 0, bodyTimeout: 0 })
      const app = new Hono().post(CHAT_PATH, (c) => {
        void relay(c.env.incoming, c.env.outgoing, reading)
        return RESPONSE_ALREADY_SENT
      })
      const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false })
      const server = createServer({ noDelay: true }, (incoming, outgoing) => void listener(incoming, outgoing))
      server.listen(0, '127.0.0.1', () => resolve({ origin: `http://127.0.0.1:${server.address().port}` }))
    }),
})
