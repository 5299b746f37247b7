/** One question to a gateway, and everything that its asker holds afterwards. @module */
import { ARCHIVE_TYPE, type Archive, decodeArchive } from '../../src/core/archive/index.ts'
import type { JsonObject } from '../../src/core/encoding/json.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { type HeldExchange, holdOctets } from '../../src/core/receipt/verify.ts'
import type { TestGateway } from '../kit/gateway.ts'
import { API_KEY } from './configuration.ts'

export interface Answer {
  /** With the octets of request and response in it. */
  readonly archive: Archive & { readonly receipt: string }
  /** What the asker knows of it itself. */
  readonly held: HeldExchange
  /** By which a conversation goes on. */
  readonly id: string
}

const authorization = `Bearer ${API_KEY}`

async function archiveOf({ base }: TestGateway, rid: string | null): Promise<Archive & { readonly receipt: string }> {
  const response = await fetch(`${base}/receipts/${rid}`, {
    headers: { authorization, accept: ARCHIVE_TYPE, prefer: 'receipt=quoted, wait=20' },
  })
  if (response.status !== 200) throw new Error(`no archive: status ${response.status}`)
  const archive = decodeArchive(new Uint8Array(await response.arrayBuffer()))
  const { receipt } = archive
  if (receipt === undefined) throw new Error('the archive holds no receipt')
  return { ...archive, receipt }
}

/** @param prev digest of the receipt that this one shall follow */
export async function ask(gateway: TestGateway, question: JsonObject, prev?: string): Promise<Answer> {
  const request = encodeUtf8(JSON.stringify(question))
  const answer = await fetch(`${gateway.base}/chat/completions`, {
    method: 'POST',
    headers: {
      authorization,
      'content-type': 'application/json',
      ...(prev !== undefined && { 'inference-receipt-prev': prev }),
    },
    body: new Uint8Array(request),
  })
  const response = new Uint8Array(await answer.arrayBuffer())
  if (!answer.ok) throw new Error(`status ${answer.status}: ${new TextDecoder().decode(response)}`)
  const archive = await archiveOf(gateway, answer.headers.get('inference-receipt-id'))
  const { id } = JSON.parse(new TextDecoder().decode(response))
  return {
    id,
    archive: {
      ...archive,
      request: { mediaType: 'application/json', octets: request },
      response: { mediaType: 'application/json', octets: response },
    },
    held: {
      nonce: 'unchecked',
      request: holdOctets(request),
      response: holdOctets(response),
      outcome: 'complete',
      seen: new Set(),
      channel: 'not-observed',
      prev: prev ?? 'none',
      replay: { request, inserts: archive.inserts ?? new Map() },
    },
  }
}
