/** Evidence of three platforms as the store gets it: real statements over real checkpoints, quotes of any octets. @module */
import { digestUri, sha256 } from '../../../src/core/crypto/index.ts'
import { encodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { encodeHex } from '../../../src/core/encoding/bytes.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import type { EndorsedQuote } from '../../../src/core/evidence/hardware.ts'
import { encodeStatement } from '../../../src/core/evidence/statement.ts'
import { logOrigin, signCheckpoint } from '../../../src/core/log/index.ts'
import type { CapturedEvidence } from '../../../src/server/evidence-store/index.ts'
import type { ObjectStore } from '../../../src/storage/index.ts'
import { testKey } from '../../kit/ed25519.ts'

const logKey = testKey(0x02)
export const ORIGIN: string = logOrigin('gw.example.com', logKey.publicKey)
export const LOG_ID: string = encodeBase64Url(logKey.publicKey)
export const ISSUED_AT = 1_800_000_000
export const LIFE = 3_600

const text = (what: string): Uint8Array => encodeUtf8(what)
const document = (name: string) => ({
  body: text(`{"${name}":1}`),
  signature: text(`${name} signature`),
  issuerChain: [text(`${name} leaf`), text('root')],
})

export const ENDORSED: Readonly<Record<EndorsedQuote['tee'], (report: string) => EndorsedQuote>> = {
  snp: (report) => ({
    tee: 'snp',
    report: text(report),
    auxblob: text('certificate table'),
    endorsements: { vcek: text('vcek'), ask: text('ask'), ark: text('ark'), crls: [text('crl of today')] },
  }),
  tdx: (report) => ({
    tee: 'tdx',
    quote: text(report),
    eventLog: text('{"ccel":null,"events":[]}'),
    endorsements: {
      tcbInfo: document('tcb'),
      qeIdentity: document('qe'),
      pckCrl: text('pck crl'),
      rootCaCrl: text('root crl'),
    },
  }),
  nitro: (report) => ({ tee: 'nitro', document: text(report) }),
}

export interface Recipe {
  readonly size: number
  readonly session?: string
  readonly iat?: number
  readonly tee?: EndorsedQuote['tee']
  readonly quote?: EndorsedQuote
}

export function sessionDigest(session: string): string {
  return digestUri(text(session))
}

export function checkpointNote(size: number): string {
  return signCheckpoint({ origin: ORIGIN, size, root: sha256(text(`root ${size}`)) }, logKey).note
}

export function captured({ size, session = 'session', iat = ISSUED_AT, tee = 'snp', quote }: Recipe): CapturedEvidence {
  const checkpoint = signCheckpoint({ origin: ORIGIN, size, root: sha256(text(`root ${size}`)) }, logKey)
  const statement = encodeStatement({
    eat_profile: 'urn:countersign:statement:1',
    iat,
    exp: iat + LIFE,
    session: sessionDigest(session),
    counts: { intents: 0, receipts: 0, open: 0 },
    checkpoint: checkpoint.body,
  })
  return { session: text(session), statement, quote: quote ?? ENDORSED[tee](`report ${size}`), checkpoint }
}

/** As the log does when a session begins. */
export async function writeSession(store: ObjectStore, session: string): Promise<void> {
  const bytes = text(session)
  await store.write([{ name: `log/${LOG_ID}/session/${encodeHex(sha256(bytes))}`, bytes }])
}
