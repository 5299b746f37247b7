/** `GET /hosts/<host>`: which logs of a host are followed, oldest first, each with its newest cosigned checkpoint. @module */
import { type Answer, plain } from './answer.ts'
import type { Origins } from './origins.ts'

const HOST = /^[a-z0-9.:[\]-]{1,255}$/
const FROM = /^(?:0|[1-9][0-9]{0,7})$/

/**
 * @param segment the host as it stands in the path
 * @param from place of the first log to name
 * @returns a page of at most 32; `next` is the `from` of the one after it. `count` says how many places there are, so that a reader who wants the
 * newest alone can begin near the end.
 */
export async function listHost(origins: Origins, segment: string, from: string): Promise<Answer> {
  // A port's colon and the brackets of an address may come escaped; nothing else that is a host would.
  const host = segment.replace(/%3a/gi, ':').replace(/%5b/gi, '[').replace(/%5d/gi, ']')
  if (!HOST.test(host)) return plain(400, 'not a host in lower case')
  if (!FROM.test(from)) return plain(400, 'from is a place in the list')
  const page = await origins.page(host, Number(from))
  const listed = page.origins.map(({ origin, since, cosigned }) => ({
    origin,
    since,
    checkpoint: cosigned?.note ?? null,
  }))
  const body = { host, origins: listed, count: page.count, next: page.next ?? null }
  return { status: 200, type: 'application/json', body: `${JSON.stringify(body)}\n` }
}
