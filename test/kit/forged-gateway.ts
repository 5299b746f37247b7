/** A hostile gateway on a simulated TEE: it can sign and quote whatever a recipe makes it, and show what it likes. */
import { ARCHIVE_TYPE, encodeArchive } from '../../src/core/archive/index.ts'
import { decodeBase64Url, encodeBase64Url } from '../../src/core/encoding/base64.ts'
import { concatBytes } from '../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { createEntry } from '../../src/core/log/index.ts'
import type { SimulatedSnp } from '../../src/simulator/index.ts'
import { type AnswerRecipe, ISSUED_AT, type IssuedAnswer, issueAnswer } from './issue-answer.ts'

/** What it does otherwise than an honest one; each hook changes one thing. */
export interface Forgery {
  /** Of what it shows to a challenge. */
  readonly challenge?: AnswerRecipe
  /** Of what it answers. The request is the one that was asked. */
  readonly answer?: AnswerRecipe
  /** The nonce that it logs for a challenge. */
  readonly logged?: (nonce: Uint8Array) => Uint8Array
  /** What it takes for the request. */
  readonly seen?: (request: Uint8Array, headers: Headers) => Uint8Array
  /** Octets of the archive that it shows. */
  readonly shown?: (archive: Uint8Array) => Uint8Array
  /** The answer on its way out. */
  readonly sent?: (answer: SentAnswer) => SentAnswer
}

export interface SentAnswer {
  readonly body: Uint8Array
  /** Undefined where it carries none. */
  readonly receipt: string | undefined
  readonly mediaType: string
}

export interface ForgedGateway {
  readonly fetch: typeof globalThis.fetch
  /** When its evidence is in force. */
  readonly at: Date
  readonly url: string
}

const RID = encodeBase64Url(new Uint8Array(16).fill(0x52))
const GENESIS = createEntry('genesis', encodeUtf8('genesis'))

function bodyOf(init: RequestInit | undefined): Uint8Array {
  const body = init?.body
  return body instanceof Uint8Array ? new Uint8Array(body) : encodeUtf8(typeof body === 'string' ? body : '')
}

export function createForgedGateway(snp: SimulatedSnp, forgery: Forgery = {}): ForgedGateway {
  const { challenge = {}, answer = {}, logged = (nonce) => nonce, seen = (request) => request } = forgery
  const { shown = (archive) => archive, sent = (given) => given } = forgery

  function showEvidence(url: URL): Response {
    const nonce = logged(decodeBase64Url(url.searchParams.get('nonce') ?? ''))
    const before = [GENESIS, createEntry('nonce', nonce)]
    const { archive } = issueAnswer(snp, { before, proveIndex: 1, ...challenge })
    const { receipt: _, ...evidence } = archive
    return new Response(new Uint8Array(shown(encodeArchive(evidence))), { headers: { 'content-type': ARCHIVE_TYPE } })
  }

  function giveAnswer(init: RequestInit | undefined): Response {
    const headers = new Headers(init?.headers)
    const nonce = decodeBase64Url(headers.get('attestation-nonce') ?? '')
    const issued: IssuedAnswer = issueAnswer(snp, { request: seen(bodyOf(init), headers), nonce, ...answer })
    const { response, mediaType, archive } = issued
    const { body, receipt, ...out } = sent({ body: response, receipt: archive.receipt, mediaType })
    const isStream = out.mediaType === 'text/event-stream'
    const octets = isStream && receipt !== undefined ? concatBytes(body, encodeUtf8(`: receipt ${receipt}\n\n`)) : body
    return new Response(new Uint8Array(octets), {
      headers: {
        'content-type': out.mediaType,
        'inference-receipt-id': RID,
        ...(isStream || receipt === undefined ? {} : { 'inference-receipt': receipt }),
      },
    })
  }

  return {
    fetch: async (input, init) => {
      const url = new URL(input instanceof Request ? input.url : input)
      return url.pathname.endsWith('/attestation') ? showEvidence(url) : giveAnswer(init)
    },
    at: new Date((ISSUED_AT + 2) * 1000),
    url: 'https://gw.example.com/v1/chat/completions',
  }
}
