/** What of a stream reaches the application before its receipt has verified: never anything that a reader takes for its end. */
import { describe, expect, it } from 'vitest'
import { verifiedEventBody } from '../../src/client/event-body.ts'
import { HeldTail } from '../../src/client/held-tail.ts'
import { mayEndResponse } from '../../src/client/response-end.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { EventLines } from '../../src/core/receipt/event-lines.ts'
import { processorMs } from '../kit/own-time.ts'

const DELTA = 'data: {"choices":[]}\n\n'

/** Everything that could be read while verification was still under way, whatever the cuts. */
async function readBefore(
  text: string,
  size: number,
  mayEnd?: (block: Uint8Array) => boolean,
): Promise<{ readonly early: string; readonly all: string }> {
  const bytes = encodeUtf8(text)
  let at = 0
  let verify: () => void = () => undefined
  const asked = new Promise<void>((resolve) => {
    verify = resolve
  })
  let release: () => void = () => undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.slice(at, at + size))
      at += size
    },
  })
  const body = verifiedEventBody(source, {
    verify: () => {
      verify()
      return released
    },
    abandon: () => undefined,
    maxHeld: 1 << 20,
    ...(mayEnd && { mayEnd }),
  })
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let seen = ''
  const done = (async () => {
    for await (const part of body) seen += decoder.decode(part, { stream: true })
  })()
  await asked
  const early = seen
  release()
  await done
  return { early, all: seen }
}

/** What a tail lets go on of a portion. */
function passed(tail: HeldTail, portion: Uint8Array): Uint8Array {
  tail.begin(portion)
  new EventLines().scan(portion, {
    content: () => undefined,
    lineEnd: (blank, _clean, end) => {
      if (blank) tail.blockEnd(end)
    },
  })
  return tail.take()
}

describe('the body of a verified stream', () => {
  it.each([
    ['as it is written', 'data: [DONE]\n\n'],
    ['without the blank', 'data:[DONE]\n\n'],
    ['with more blanks', 'data:  \t[DONE]\n\n'],
    ['behind a comment in its block', ': x\ndata: [DONE]\n\n'],
    ['behind another field', 'event: message\ndata: [DONE]\n\n'],
    ['behind another field and no blank', 'id: 7\rdata:[DONE]\r\r'],
    ['behind a byte order mark', '\ufeffdata: [DONE]\n\n'],
    ['with carriage returns', 'data: [DONE]\r\r'],
    ['with both', 'data: [DONE]\r\n\r\n'],
    ['as the second datum of an event', 'data:\ndata: [DONE]\n\n'],
    ['with something behind it', 'data: [DONE] \n\n'],
    ['behind blanks', '  data: [DONE]\n\n'],
    ['without its field', '[DONE]\n\n'],
    ['behind a line end of some readers', ': x\u2028data: [DONE]\n\n'],
    ['behind one of Latin-1', ': \u00c5data: [DONE]\n\n'],
    ['behind a vertical tab', ': x\vdata: [DONE]\n\n'],
  ])('holds back the end %s, under every cut', async (_title, end) => {
    const text = `${DELTA}${end}${DELTA}data: [DONE]\n\n: receipt x\n\n`
    for (const size of [1, 2, 3, 7, 1000]) {
      const { early, all } = await readBefore(text, size)
      expect(early, `cut into ${size}`).not.toContain('[DONE]')
      expect(all).toBe(text)
    }
  })

  it('passes on what only looks like the end', async () => {
    const text = `data: {"content":"data: [DONE]"}\n\n: data: [DONE]\n\ndatas: [DONE]\n\n`
    expect((await readBefore(`${text}data: [DONE]\n\n`, 5)).early).toBe(text)
  })

  it('passes lines that carriage returns end, in time that grows with their number alone', () => {
    const tail = new HeldTail(32 << 20)
    const chunk = new Uint8Array(1 << 20).fill(0x61).map((octet, at) => (at % 2 === 0 ? octet : 0x0d))
    const tookMs = processorMs(() => {
      expect(passed(tail, chunk).length).toBe(0)
    })
    expect(tookMs).toBeLessThan(2_000)
  })

  it('errors a block that never ends, in time that grows with its length alone', () => {
    const tail = new HeldTail(32 << 20)
    const chunk = new Uint8Array(16_384).fill(0x61)
    const tookMs = processorMs(() => {
      for (let i = 0; i < 2048; i++) expect(passed(tail, chunk).length).toBe(0)
      expect(() => passed(tail, chunk)).toThrow('more than 33554432 octets')
    })
    expect(tookMs).toBeLessThan(20_000)
  })

  it('tells why a stream was not verified, and lets go of its source', async () => {
    const reasons: unknown[] = []
    const bodyOf = (pull: (controller: ReadableStreamDefaultController<Uint8Array>) => void) =>
      verifiedEventBody(new ReadableStream<Uint8Array>({ pull, cancel: () => void reasons.push('released') }), {
        verify: () => Promise.reject(new Error('not verified')),
        abandon: (reason) => reasons.push(reason),
        maxHeld: 8,
      })
    await expect(new Response(bodyOf((controller) => controller.error(new Error('cut')))).text()).rejects.toThrow('cut')
    await expect(new Response(bodyOf((controller) => controller.close())).text()).rejects.toThrow('not verified')
    await expect(
      new Response(bodyOf((controller) => controller.enqueue(new Uint8Array(9)))).text(),
    ).rejects.toMatchObject({ code: 'ERR_NETWORK' })
    await bodyOf(() => undefined).cancel()
    expect(reasons).toMatchObject([
      { message: 'cut' },
      { message: 'not verified' },
      { code: 'ERR_NETWORK' },
      'released',
      { code: 'ERR_USAGE' },
      'released',
    ])
  })
})

describe('the body of a verified stream of responses', () => {
  const OUTPUT = 'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","delta":"a"}\n\n'

  it.each([
    ['as it is written', 'event: response.completed\ndata: {"type":"response.completed"}\n\n'],
    ['incomplete', 'data: {"type":"response.incomplete"}\n\n'],
    ['failed', 'data: {"type":"response.failed"}\n\n'],
    ['by its name alone', 'event:response.completed\ndata: {"type":"response.created"}\n\n'],
    ['with an escape in its type', 'data: {"type":"response.\\u0063ompleted"}\n\n'],
    ['with its type twice', 'data: {"type":"x","type":"response.completed"}\n\n'],
    ['over several lines', 'data: {"type":\ndata: "response.completed"}\n\n'],
    ['behind a byte order mark', '\ufeffdata: {"type":"response.completed"}\n\n'],
    ['with carriage returns', 'data: {"type":"response.completed"}\r\r'],
    ['without a type', 'data: {}\n\n'],
    ['that nobody can read', 'data: {"type"\n\n'],
    ['as other streams end', 'data: [DONE]\n\n'],
  ])('holds its last event back, %s', async (_, end) => {
    for (const size of [1, 7, 1 << 16]) {
      const { early, all } = await readBefore(`${OUTPUT}: beat\n\n${OUTPUT}${end}${OUTPUT}`, size, mayEndResponse)
      expect(early).toBe(`${OUTPUT}: beat\n\n${OUTPUT}`)
      expect(all).toBe(`${OUTPUT}: beat\n\n${OUTPUT}${end}${OUTPUT}`)
    }
  })
})
