/** Asks one question through the OpenAI SDK over an attested fetch, and keeps the octets of both directions. @module */
import { type AttestedReceipt, createAttestedFetch, receiptOf } from '../../client/index.ts'
import { concatBytes } from '../../core/encoding/bytes.ts'
import { decodeJson } from '../../core/encoding/json.ts'
import { ObjectReader, type ShapeCodes } from '../../core/encoding/shape.ts'
import type { Trust } from '../../core/evidence/attestation.ts'

export interface Asked {
  readonly answer: string
  readonly request: Uint8Array
  readonly response: Uint8Array
  readonly receipt: AttestedReceipt
}

export interface Question {
  /** Address of the gateway, with `/v1`. */
  readonly baseURL: string
  readonly model: string
  readonly text: string
  readonly trust: Trust
}

/** A fetch that remembers the octets of the one answer that it carries. */
function recordingFetch(): { readonly fetch: typeof globalThis.fetch; request(): Uint8Array; response(): Uint8Array } {
  let request = new Uint8Array(0)
  const portions: Uint8Array[] = []
  return {
    request: () => request,
    response: () => concatBytes(...portions),
    fetch: async (input, init) => {
      const response = await globalThis.fetch(input, init)
      if (init?.method !== 'POST' || response.body === null) return response
      if (init.body instanceof Uint8Array) request = Uint8Array.from(init.body)
      const recorder = new TransformStream<Uint8Array, Uint8Array>({
        transform(portion, controller) {
          portions.push(portion.slice())
          controller.enqueue(portion)
        },
      })
      return new Response(response.body.pipeThrough(recorder), response)
    },
  }
}

const SHAPE: ShapeCodes = { missing: 'PARSE_INVALID', unknown: 'PARSE_INVALID', invalid: 'PARSE_INVALID' }

function readAnswer(text: string): string {
  const [choice] = new ObjectReader(decodeJson(text, { numbers: 'any' }), 'answer', SHAPE).array('choices')
  return new ObjectReader(choice, 'choice', SHAPE).object('message').string('content')
}

/** The official SDK where it is installed; it is no dependency of the package, so elsewhere the same request goes out by itself. */
async function complete(
  { baseURL, model, text }: Question,
  fetch: typeof globalThis.fetch,
): Promise<{ readonly response: Response; readonly answer: string }> {
  const body = { model, messages: [{ role: 'user' as const, content: text }], temperature: 0 }
  const sdk = await import('openai').catch(() => undefined)
  if (sdk !== undefined) {
    const client = new sdk.default({ baseURL, apiKey: 'not-needed', fetch, maxRetries: 0 })
    const { data, response } = await client.chat.completions.create(body).withResponse()
    return { response, answer: data.choices[0]?.message.content ?? '' }
  }
  const response = await fetch(`${baseURL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { response, answer: readAnswer(await response.text()) }
}

/** @throws NotVerifiedError when gateway or answer do not verify */
export async function ask(question: Question): Promise<Asked> {
  const { policy, lock } = question.trust
  const recording = recordingFetch()
  const fetch = createAttestedFetch({
    policy,
    ...(lock === undefined ? {} : { lock }),
    deps: { fetch: recording.fetch },
  })
  const { response, answer } = await complete(question, fetch)
  const receipt = await receiptOf(response)
  return { answer, receipt, request: recording.request(), response: recording.response() }
}
