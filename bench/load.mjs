/** The load: chat requests over kept connections, in lanes that ask again at once or at a set rate. */
import { Pool } from 'undici'
import { CHAT_PATH } from './payloads.mjs'
import { sharedMicros } from './role.mjs'

const HEADERS = { 'content-type': 'application/json' }

/** Connections to one role. */
export function connect({ origin }, connections) {
  return new Pool(origin, { connections, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 })
}

/** One request; resolves with the head of its answer when all of it is there. `onData` sees each portion. */
export function ask(pool, body, onData = () => {}) {
  return new Promise((resolve, reject) => {
    let answered
    pool.dispatch(
      { method: 'POST', path: CHAT_PATH, headers: HEADERS, body },
      {
        onRequestStart() {},
        onResponseStart(_, status, headers) {
          answered = { status, headers }
        },
        onResponseData(_, octets) {
          onData(octets)
        },
        onResponseEnd() {
          if (answered.status === 200) resolve(answered)
          else reject(new Error(`status ${answered.status} instead of an answer`))
        },
        onResponseError(_, error) {
          reject(error)
        },
      },
    )
  })
}

/** Milliseconds from a request to the end of its answer. */
export const wholeTime = (body) => async (pool) => {
  const from = performance.now()
  await ask(pool, body)
  return performance.now() - from
}

/** Milliseconds from a request to the first octet of its content. */
export const firstByteTime = (body) => async (pool) => {
  const from = performance.now()
  let firstAt
  await ask(pool, body, () => {
    firstAt ??= performance.now()
  })
  return firstAt - from
}

/** `lanes` requests at a time until `ms` are over and `least` answers are there, each lane asking again when it has its answer. */
export async function closedLoop(pool, { lanes, ms = 0, least = 1, time }) {
  const times = []
  const startedAt = performance.now()
  const lane = async () => {
    do times.push(await time(pool))
    while (times.length < least || performance.now() - startedAt < ms)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return { times, perSecond: times.length / ((performance.now() - startedAt) / 1000) }
}

const TICK_MS = 2

/** Requests at `rate` a second for `ms`, whatever the answers take. Gives when each answer was there, and its headers. */
export async function openLoop(pool, { rate, ms, body }) {
  const answers = []
  const asked = []
  const startedAt = performance.now()
  await new Promise((resolve) => {
    const timer = setInterval(() => {
      const elapsed = Math.min(performance.now() - startedAt, ms)
      while (asked.length < (elapsed * rate) / 1000)
        asked.push(ask(pool, body).then(({ headers }) => answers.push({ atMicros: sharedMicros(), headers })))
      if (elapsed < ms) return
      clearInterval(timer)
      resolve()
    }, TICK_MS)
  })
  await Promise.all(asked)
  return { answers, perSecond: answers.length / ((performance.now() - startedAt) / 1000) }
}
