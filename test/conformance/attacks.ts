/** What somebody between a client and the gateway does to good answers. Data; each must be refused by every client that verifies. @module */
import type { Attack, Passing } from './middlebox.ts'

const BLOCK = /(?<=\n\n)/
const blocksOf = (body: string): readonly string[] => body.split(BLOCK)
const isReceipt = (block: string): boolean => block.startsWith(': receipt ')
const isText = (block: string): boolean => block.includes('"content":"')
const isStream = ({ headers }: Passing): boolean => headers['content-type']?.startsWith('text/event-stream') === true

/** Changes the blocks of a stream; whole answers pass through `whole`. */
const alter =
  (
    stream: (blocks: readonly string[]) => readonly string[],
    whole: (body: string) => string = (body) => body,
  ): Attack =>
  (passing) => ({
    ...passing,
    body: isStream(passing) ? stream(blocksOf(passing.body)).join('') : whole(passing.body),
  })

const withoutReceipt = ({ 'inference-receipt': _, ...headers }: Passing['headers']): Passing['headers'] => headers

/** A stream that stops half way, and says in this spelling that it is over; without `[DONE]` the forged reason must do. */
const forgedEnd = (done: string): Attack =>
  alter((blocks) => {
    const end = blocks.find((block) => block.includes('"finish_reason":"stop"')) ?? ''
    const half = blocks.filter(isText).slice(0, 2)
    return [...half, end, done]
  })

/** Replaces the receipt, in the header or in the stream's comment. */
const withReceipt =
  (change: (token: string) => string): Attack =>
  (passing) => {
    const { 'inference-receipt': token } = passing.headers
    return {
      ...passing,
      headers: token === undefined ? passing.headers : { ...passing.headers, 'inference-receipt': change(token) },
      body: passing.body.replace(/^: receipt (.+)$/m, (_, sent: string) => `: receipt ${change(sent)}`),
    }
  }

/** Adds a claim that no version knows: its name would stand in the words of the refusal. */
function withClaim(token: string, name: string): string {
  const [header = '', payload = '', ...rest] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
  return [header, Buffer.from(JSON.stringify({ ...claims, [name]: 1 })).toString('base64url'), ...rest].join('.')
}

/** Kept from the first answer, by its form, to be given with another. */
const kept = new Map<boolean, string>()

const replayed: Attack = (passing) => {
  const [, inStream = ''] = /^: receipt (.+)$/m.exec(passing.body) ?? []
  const own = passing.headers['inference-receipt'] ?? inStream
  const earlier = kept.get(isStream(passing))
  if (earlier === undefined) kept.set(isStream(passing), own)
  return earlier === undefined ? passing : withReceipt(() => earlier)(passing)
}

export interface Attacked {
  readonly attack: Attack
  /** The forms of answer that it concerns. */
  readonly forms: readonly ('whole' | 'stream')[]
  /** What the model server answers; `good` by default. */
  readonly over?: string
  /** Asked once before, so that there is something to keep. */
  readonly primed?: true
}

const BOTH = ['whole', 'stream'] as const
const STREAM = ['stream'] as const
const WHOLE = ['whole'] as const

export const ATTACKS: Readonly<Record<string, Attacked>> = {
  'swapped-answer': {
    forms: BOTH,
    attack: alter(
      (blocks) => blocks.map((block) => block.replace('"Hel"', '"Fal"')),
      (body) => body.replace('Hello', 'False'),
    ),
  },
  'dropped-last-text': {
    forms: STREAM,
    attack: alter((blocks) => {
      const last = blocks.findLastIndex(isText)
      return blocks.filter((_, at) => at !== last)
    }),
  },
  'dropped-finish': {
    forms: STREAM,
    attack: alter((blocks) => blocks.filter((block) => !block.includes('"finish_reason":"stop"'))),
  },
  'dropped-done': { forms: STREAM, attack: alter((blocks) => blocks.filter((block) => block !== 'data: [DONE]\n\n')) },
  'swapped-order': {
    forms: STREAM,
    attack: alter((blocks) => {
      const at = blocks.findIndex(isText)
      return [
        ...blocks.slice(0, at),
        blocks[at + 2] ?? '',
        blocks[at + 1] ?? '',
        blocks[at] ?? '',
        ...blocks.slice(at + 3),
      ]
    }),
  },
  'added-text': {
    forms: STREAM,
    attack: alter((blocks) => blocks.flatMap((block) => (block.includes('"lo"') ? [block, block] : [block]))),
  },
  'stripped-receipt': {
    forms: BOTH,
    attack: (passing) => ({
      ...passing,
      headers: withoutReceipt(passing.headers),
      body: blocksOf(passing.body)
        .filter((block) => !isReceipt(block))
        .join(''),
    }),
  },
  'receipt-of-another': { forms: BOTH, attack: replayed, primed: true },
  'altered-receipt': { forms: BOTH, attack: withReceipt((token) => withClaim(token, 'harmless')) },
  // The OpenAI SDK takes an error with this word in its message for the caller's own abort, and ends the stream without throwing.
  'receipt-says-aborted': {
    forms: BOTH,
    attack: withReceipt((token) => withClaim(token, 'FetchRequestCanceledException')),
  },
  // And one with this word for a timeout: what made it is lost.
  'receipt-says-timeout': { forms: BOTH, attack: withReceipt((token) => withClaim(token, 'timed out')) },
  'receipt-is-no-receipt': { forms: BOTH, attack: withReceipt(() => 'FetchRequestCanceledException.AbortError.x~') },
  'other-type': {
    forms: STREAM,
    attack: (passing) => ({ ...passing, headers: { ...passing.headers, 'content-type': 'application/json' } }),
  },
  'error-made-answer': { forms: WHOLE, over: 'error-404', attack: (passing) => ({ ...passing, status: 200 }) },
  'error-made-other': {
    forms: BOTH,
    over: 'error-404',
    attack: (passing) => ({ ...passing, status: 400, body: '{"error":{"message":"no","code":"no"}}' }),
  },
  'cut-before-done': {
    forms: STREAM,
    attack: (passing) => ({ ...passing, body: passing.body.slice(0, passing.body.indexOf('data: [DONE]')), cut: true }),
  },
  'ended-before-done': {
    forms: STREAM,
    attack: (passing) => ({ ...passing, body: passing.body.slice(0, passing.body.indexOf('data: [DONE]')) }),
  },
  'forged-end': { forms: STREAM, attack: forgedEnd('data: [DONE]\n\n') },
  'forged-end-no-space': { forms: STREAM, attack: forgedEnd('data:[DONE]\n\n') },
  'forged-end-tab': { forms: STREAM, attack: forgedEnd('data:\t[DONE]\n\n') },
  'forged-end-blanks': { forms: STREAM, attack: forgedEnd('data: [DONE]   \n\n') },
  'forged-end-more': { forms: STREAM, attack: forgedEnd('data: [DONE] of it\n\n') },
  'forged-end-cr': { forms: STREAM, attack: forgedEnd('data: [DONE]\r\r') },
  'forged-end-mark': { forms: STREAM, attack: forgedEnd('\ufeffdata: [DONE]\n\n') },
  'forged-end-named': { forms: STREAM, attack: forgedEnd('event: end\nid: 9\ndata: [DONE]\n\n') },
  'forged-end-twice': { forms: STREAM, attack: forgedEnd('data: [DONE]\n\ndata: [DONE]\n\n') },
  'forged-end-no-blank': { forms: STREAM, attack: forgedEnd('data: [DONE]') },
}
