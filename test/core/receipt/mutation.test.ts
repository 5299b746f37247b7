/** No octet of an answer's evidence can change without the verdict turning: every one is flipped, nothing is thrown. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Archive, decodeArchive } from '../../../src/core/archive/index.ts'
import { decodeBase64, decodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { decodeLock } from '../../../src/core/lock.ts'
import { decodePolicy } from '../../../src/core/policy.ts'
import { type AnswerEvidence, verifyAnswer } from '../../../src/core/receipt/answer.ts'
import { holdOctets } from '../../../src/core/receipt/verify.ts'
import { judgeFixture, readFixture } from './fixture.ts'

const FOLDER = 'attestation-fixtures/answer/quoted'
const vector = JSON.parse(readFileSync(`${FOLDER}/vector.json`, 'utf8'))
const archive: Archive = decodeArchive(new Uint8Array(readFileSync(`${FOLDER}/archive.cmw.json`)))
const { receipt = '', proof = '', quote } = archive
if (quote.tee !== 'snp' || quote.endorsements === undefined || !('vcek' in quote.endorsements))
  throw new Error('not an SNP answer')
const { endorsements } = quote
const trust = { policy: decodePolicy(JSON.stringify(vector.policy)), lock: decodeLock(JSON.stringify(vector.lock)) }
const request = decodeBase64(vector.request)
const response = decodeBase64(vector.response)

async function verdictOf(
  change: Partial<AnswerEvidence>,
  octets: { request?: Uint8Array; response?: Uint8Array } = {},
): Promise<string> {
  const held = {
    nonce: decodeBase64Url(vector.nonce),
    request: holdOctets(octets.request ?? request),
    response: holdOctets(octets.response ?? response),
    outcome: 'complete',
    seen: new Set<string>(),
    channel: 'not-observed',
    prev: 'unchecked',
    replay: 'not-held',
  } as const
  const verdict = await verifyAnswer({ ...archive, receipt, proof, ...change }, held, trust, {
    at: new Date(vector.at),
    noncedAt: new Date(vector.noncedAt),
  })
  return verdict.ok ? 'ok' : verdict.code
}

const flip = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, i) => (i === at ? byte ^ (1 << (at % 8)) : byte))
const flipText = (text: string, at: number): string =>
  `${text.slice(0, at)}${String.fromCharCode(text.charCodeAt(at) ^ 1)}${text.slice(at + 1)}`

/** Offsets whose change the verdict did not notice. */
async function unnoticed(
  length: number,
  stride: number,
  verdict: (at: number) => Promise<string>,
): Promise<readonly number[]> {
  const missed: number[] = []
  for (let at = 0; at < length; at += stride) if ((await verdict(at)) === 'ok') missed.push(at)
  return missed
}

describe('every octet counts', () => {
  it('verifies as it is', async () => {
    expect(await verdictOf({})).toBe('ok')
  })

  it('in the session', async () => {
    expect(
      await unnoticed(archive.session.length, 1, (at) => verdictOf({ session: flip(archive.session, at) })),
    ).toEqual([])
  })

  it('in the statement', async () => {
    expect(
      await unnoticed(archive.statement.length, 1, (at) => verdictOf({ statement: flip(archive.statement, at) })),
    ).toEqual([])
  })

  it('in the receipt and its disclosures', async () => {
    expect(await unnoticed(receipt.length, 2, (at) => verdictOf({ receipt: flipText(receipt, at) }))).toEqual([])
  })

  it('in the proof', async () => {
    expect(await unnoticed(proof.length, 1, (at) => verdictOf({ proof: flipText(proof, at) }))).toEqual([])
  })

  it('in the report', async () => {
    expect(
      await unnoticed(quote.report.length, 3, (at) =>
        verdictOf({ quote: { ...quote, report: flip(quote.report, at) } }),
      ),
    ).toEqual([])
  })

  it('in the certificates', async () => {
    for (const name of ['vcek', 'ask', 'ark'] as const) {
      const certificate = endorsements[name]
      expect(
        await unnoticed(certificate.length, 11, (at) =>
          verdictOf({ quote: { ...quote, endorsements: { ...endorsements, [name]: flip(certificate, at) } } }),
        ),
        name,
      ).toEqual([])
    }
  })

  it('in the request and the response', async () => {
    expect(await unnoticed(request.length, 1, (at) => verdictOf({}, { request: flip(request, at) }))).toEqual([])
    expect(await unnoticed(response.length, 1, (at) => verdictOf({}, { response: flip(response, at) }))).toEqual([])
  })

  it('when anything is cut', async () => {
    expect(
      await unnoticed(archive.session.length, 50, (at) => verdictOf({ session: archive.session.slice(0, at) })),
    ).toEqual([])
    expect(await unnoticed(receipt.length, 97, (at) => verdictOf({ receipt: receipt.slice(0, at) }))).toEqual([])
    expect(await unnoticed(proof.length, 13, (at) => verdictOf({ proof: proof.slice(0, at) }))).toEqual([])
  })
})

describe('every octet of what witnesses saw counts', () => {
  const witnessed = readFixture('witnessed-genesis')
  const { quoteProof = '', consistency = [], genesis = new Uint8Array(0), genesisProof = '' } = witnessed.evidence
  const codeOf = async (change: Partial<AnswerEvidence>): Promise<string> => {
    const verdict = await judgeFixture(witnessed, change)
    return verdict.ok ? 'ok' : verdict.code
  }

  it('in the proof of the quote, with every cosignature', async () => {
    expect(await unnoticed(quoteProof.length, 1, (at) => codeOf({ quoteProof: flipText(quoteProof, at) }))).toEqual([])
  })

  it('in the hashes between the two checkpoints', async () => {
    for (const [i, hash] of consistency.entries())
      expect(
        await unnoticed(hash.length, 3, (at) => codeOf({ consistency: consistency.with(i, flip(hash, at)) })),
      ).toEqual([])
  })

  it('in the first record of the log and its proof', async () => {
    expect(await unnoticed(genesis.length, 1, (at) => codeOf({ genesis: flip(genesis, at) }))).toEqual([])
    expect(
      await unnoticed(genesisProof.length, 1, (at) => codeOf({ genesisProof: flipText(genesisProof, at) })),
    ).toEqual([])
  })
})
