/** A witness on a disk in memory behind loopback HTTP, with a clock that stands still until it is moved. @module */
import { sha256 } from '../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import type { Trust } from '../../src/core/evidence/attestation.ts'
import { decodeNote, decodeWitnessVkey, verifyCosignatures, type WitnessKey } from '../../src/core/log/index.ts'
import type { ObjectStore } from '../../src/storage/index.ts'
import {
  createWitness,
  decodeKeyFile,
  encodeKeyFile,
  type ListenOptions,
  serveWitness,
  type WitnessNotice,
  type WitnessSigner,
} from '../../src/witness/index.ts'
import { createMemoryStore } from '../kit/memory-store.ts'
import { call, type Reply } from '../server/gateway/http-client.ts'
import { HOST, type TestLog } from './test-log.ts'

export const NOW: Date = new Date('2027-01-15T08:00:00Z')
export const NOW_SECONDS: number = NOW.getTime() / 1000
export const TOKEN = 'token-of-gw.example.com'

export interface WitnessFixtureOptions {
  readonly seed?: number
  readonly store?: ObjectStore
  readonly trust?: Trust
  readonly now?: () => Date
  readonly newOriginsPerDay?: number
  /** Whose token {@link TOKEN} is. */
  readonly tokenHost?: string
  readonly listen?: Partial<ListenOptions>
}

export interface WitnessFixture {
  readonly url: string
  readonly key: WitnessKey
  readonly vkey: string
  readonly store: ObjectStore
  readonly notices: readonly WitnessNotice[]
  submit(request: string | Uint8Array): Promise<Reply>
  /** With the token of {@link HOST} unless another header is given. */
  enrol(log: TestLog, authorization?: string): Promise<Reply>
  get(path: string): Promise<Reply>
  close(): Promise<void>
}

export function witnessSigner(seed: number): WitnessSigner {
  return decodeKeyFile(encodeKeyFile(`witness.example/w${seed}`, new Uint8Array(32).fill(seed)))
}

export async function startWitness(options: WitnessFixtureOptions = {}): Promise<WitnessFixture> {
  const {
    seed = 0x71,
    store = createMemoryStore(),
    trust,
    now = () => NOW,
    newOriginsPerDay,
    tokenHost = HOST,
    listen,
  } = options
  const notices: WitnessNotice[] = []
  const witness = await createWitness({
    store,
    key: witnessSigner(seed),
    tokens: new Map([[tokenHost, [sha256(encodeUtf8(TOKEN))]]]),
    now,
    report: (notice) => notices.push(notice),
    ...(trust === undefined ? {} : { trust }),
    ...(newOriginsPerDay === undefined ? {} : { newOriginsPerDay }),
  })
  const { url, close } = await serveWitness(witness, { host: '127.0.0.1', port: 0, ...listen })
  return {
    url,
    key: decodeWitnessVkey(witness.vkey),
    vkey: witness.vkey,
    store,
    notices,
    submit: (body) => call(`${url}/add-checkpoint`, { method: 'POST', body }),
    enrol: (log, authorization = `Bearer ${TOKEN}`) =>
      call(`${url}/add-origin`, {
        method: 'POST',
        headers: { 'content-type': 'text/plain', authorization },
        body: `${log.vkey}\n`,
      }),
    get: (path) => call(`${url}${path}`),
    close,
  }
}

/** The time of the one cosignature of `key` that an answer holds; it must verify over the checkpoint. */
export async function cosignedAt(reply: Reply, note: string, key: WitnessKey): Promise<number | undefined> {
  if (reply.status !== 200) return undefined
  const [cosignature, ...more] = await verifyCosignatures(decodeNote(note + reply.text), [key])
  return more.length === 0 ? cosignature?.timestamp : undefined
}
