/** Records answers of a running gateway as archives, with request and response in them, as whoever keeps answers holds them. */

import { vi } from 'vitest'
import { type Archive, decodeArchive } from '../../src/core/archive/index.ts'
import { digestUri } from '../../src/core/crypto/index.ts'
import type { LoadedModel } from '../../src/replay/index.ts'
import { embeddedEngineClaim } from '../../src/server/upstream/embedded.ts'
import { loadEmbeddedModel } from '../../src/server/upstream/embedded-model.ts'
import { SOFTWARE_VERSION } from '../../src/server/version.ts'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../kit/gateway.ts'

/** A gateway whose first quote is there: before it nothing is kept. */
export async function startRecordedGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = await startTestGateway(options)
  await vi.waitUntil(async () => (await gateway.gateway.ready()).ready, { timeout: 30_000, interval: 20 })
  return gateway
}

/** Where answers are recorded. */
export interface Recorded {
  /** With `/v1`. */
  readonly base: string
  /** Absent where none is asked for. */
  readonly apiKey?: string
}

/** Posts a chat request and fetches the archive of its answer. @param grade `quoted` waits for the hardware */
export async function record(
  { base, apiKey }: Recorded,
  members: object,
  grade: 'signed' | 'quoted' = 'signed',
): Promise<Archive> {
  const request = new TextEncoder().encode(
    JSON.stringify({
      model: 'countersign-demo-2m',
      messages: [{ role: 'user', content: 'What is a receipt?' }],
      ...members,
    }),
  )
  const authorization = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }
  const answer = await fetch(`${base}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authorization },
    body: request,
  })
  const response = new Uint8Array(await answer.arrayBuffer())
  const mediaType = answer.headers.get('content-type') ?? ''
  const kept = await fetch(`${base}/receipts/${answer.headers.get('inference-receipt-id')}`, {
    headers: {
      accept: 'application/cmw+json',
      ...authorization,
      ...(grade === 'quoted' ? { prefer: 'receipt=quoted, wait=20' } : {}),
    },
  })
  if (!kept.ok) throw new Error(`no archive: ${answer.status} ${new TextDecoder().decode(response)}`)
  return {
    ...decodeArchive(new Uint8Array(await kept.arrayBuffer())),
    request: { mediaType: 'application/json', octets: request },
    response: { mediaType, octets: response },
  }
}

/** The model of this repository, as a replay takes it. */
export async function loadModel(directory?: string): Promise<LoadedModel> {
  const { model, digest, tokenizer, chatTemplate } = await loadEmbeddedModel(directory)
  return {
    model,
    digests: [digest],
    tokenizer: digestUri(tokenizer),
    chatTemplate: digestUri(chatTemplate),
    engine: embeddedEngineClaim(SOFTWARE_VERSION),
  }
}
