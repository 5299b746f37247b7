/** A holder shows a part: the rest verifies under the same signature, and what was taken out cannot be guessed from what is left. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Archive, decodeArchive, discloseArchive, encodeArchive } from '../../../src/core/archive/index.ts'
import { sha256 } from '../../../src/core/crypto/index.ts'
import { encodeBase64Url } from '../../../src/core/encoding/base64.ts'
import type { Policy } from '../../../src/core/policy.ts'
import { verifyAnswer } from '../../../src/core/receipt/answer.ts'
import { discloseReceipt, isDisclosureName, selectInserts } from '../../../src/core/receipt/disclose.ts'
import { DISCLOSURE_NAMES, encodeDisclosure } from '../../../src/core/receipt/disclosures.ts'
import { decodeReceipt, encodeReceipt, signReceipt } from '../../../src/core/receipt/receipt.ts'
import { failedCheck } from '../../../src/core/verdict.ts'
import { readFixture } from './fixture.ts'

const archiveOf = (name: string): Archive & { readonly receipt: string } => {
  const { receipt = '', ...rest } = decodeArchive(
    new Uint8Array(readFileSync(`attestation-fixtures/answer/${name}/archive.cmw.json`)),
  )
  const message = { mediaType: 'application/json', octets: Uint8Array.of(0x7b, 0x7d) }
  return { ...rest, receipt, request: message, response: message, result: new Uint8Array(2) }
}
const SPLICED = archiveOf('quoted-spliced')
const [[INSERT, OCTETS] = ['', new Uint8Array(0)]] = [...(SPLICED.inserts ?? [])]

/** The same with a system prompt among what it relied on; whether it verifies is no matter here. */
const PROMPTED = ((): string => {
  const { claims, disclosed } = decodeReceipt(SPLICED.receipt)
  const { dependencies } = disclosed
  if (dependencies === undefined) throw new Error('no dependencies')
  const prompt = {
    name: 'messages[0]',
    digest: { sha256: '3'.repeat(64) },
    annotations: { scheme: 'raw', role: 'system-prompt', source: 'client' },
  }
  const values = { ...disclosed, dependencies: { ...dependencies, 'system-prompt': [prompt] } }
  const disclosures = DISCLOSURE_NAMES.flatMap((name) => {
    const value = values[name]
    return value === undefined ? [] : [encodeDisclosure(name, value, new Uint8Array(16))]
  })
  const signer = { kid: 'x'.repeat(43), sign: () => new Uint8Array(64) }
  return encodeReceipt(signReceipt({ ...claims, _sd: disclosures.map(({ digest }) => digest) }, signer), disclosures)
})()

/** The fixture's own verdict on what is left, under a policy that asks for no more. */
async function judge(receipt: string, policy: Partial<Policy>) {
  const { evidence, held, trust, time } = readFixture('quoted-spliced')
  return verifyAnswer({ ...evidence, receipt }, held, { ...trust, policy: { ...trust.policy, ...policy } }, time)
}

describe('a receipt that shows a part', () => {
  it('has the same signed part, and exactly the disclosures that are named', () => {
    const { receipt } = SPLICED
    for (const name of DISCLOSURE_NAMES) {
      const { token, shown, hidden } = discloseReceipt(receipt, { show: [name] })
      expect(token.split('~')[0]).toBe(receipt.split('~')[0])
      expect(Object.keys(decodeReceipt(token).disclosed)).toEqual([name])
      expect([shown, hidden.length]).toEqual([[name], DISCLOSURE_NAMES.length - 1])
      const rest = discloseReceipt(receipt, { hide: [name] })
      expect(Object.keys(decodeReceipt(rest.token).disclosed)).not.toContain(name)
      expect(rest.hidden).toEqual([name])
    }
    expect(discloseReceipt(receipt, { hide: [] }).token).toBe(receipt)
    expect(decodeReceipt(discloseReceipt(receipt, { show: [] }).token).disclosed).toEqual({})
  })

  it.each(DISCLOSURE_NAMES)('verifies without %s at the same grade, and its checks are not performed', async (name) => {
    const { token } = discloseReceipt(SPLICED.receipt, { hide: [name] })
    const verdict = await judge(token, {
      disclosures: [name === 'response' ? 'request' : 'response'],
      transforms: 'unchecked',
    })
    expect(failedCheck(verdict.checks)).toBeUndefined()
    expect(verdict).toMatchObject({ ok: true, value: { grade: 'quoted' } })
    const withheld = verdict.checks.filter(({ detail }) => detail === 'disclosure withheld').map((check) => check.name)
    expect(withheld).toEqual(name === 'request' || name === 'response' ? [`receipt.${name}-digest`] : [])
  })

  it('does not pass where policy asks for what is hidden', async () => {
    const { token } = discloseReceipt(SPLICED.receipt, { hide: ['request'] })
    expect(await judge(token, { disclosures: ['request'] })).toMatchObject({ ok: false, code: 'CLAIM_MISSING' })
    expect(await judge(token, { disclosures: ['response'], transforms: 'replayed' })).toMatchObject({
      ok: false,
      code: 'CHECK_NOT_PERFORMED',
    })
  })

  it('refuses to show or hide what is not there', () => {
    const { token } = discloseReceipt(SPLICED.receipt, { hide: ['response'] })
    const missing = expect.objectContaining({ failure: 'DISCLOSURE_MISSING' })
    expect(() => discloseReceipt(token, { show: ['response'] })).toThrow(missing)
    expect(() => discloseReceipt(token, { hide: ['exchange', 'response'] })).toThrow(missing)
  })

  it('knows the names of the profile alone', () => {
    expect(DISCLOSURE_NAMES.every(isDisclosureName)).toBe(true)
    expect(['', 'Request', 'iss', 'constructor'].some(isDisclosureName)).toBe(false)
  })
})

describe('what is hidden', () => {
  it('is not named by anything that is left: its digest covers a salt', () => {
    const { request } = decodeReceipt(SPLICED.receipt).disclosed
    const { token } = discloseReceipt(SPLICED.receipt, { show: ['exchange'] })
    const { claims } = decodeReceipt(token)
    const guess = encodeBase64Url(sha256(new TextEncoder().encode(JSON.stringify(['request', request]))))
    expect(claims._sd).not.toContain(guess)
    expect(JSON.stringify(claims)).not.toContain(request?.digest ?? 'none')
  })

  it('can be guessed where forwarded or what was made of the request is left, and that is said', () => {
    const guessable = (...hide: readonly (typeof DISCLOSURE_NAMES)[number][]): readonly string[] =>
      discloseReceipt(PROMPTED, { hide }).guessable.map((sentence) => sentence.split(' ')[0] ?? '')
    expect(guessable('request')).toEqual(['forwarded', 'dependencies'])
    expect(guessable('request', 'forwarded')).toEqual(['dependencies'])
    expect(guessable('request', 'dependencies')).toEqual(['forwarded'])
    expect(guessable('request', 'forwarded', 'dependencies')).toEqual([])
    expect(guessable('forwarded')).toEqual([])
    // Template and tokenizer are the same for all prompts.
    expect(discloseReceipt(SPLICED.receipt, { hide: ['request', 'forwarded'] }).guessable).toEqual([])
    expect(guessable('response')).toEqual([])
  })

  it('is just as exposed in a receipt from which somebody else took the request out', () => {
    const { token } = discloseReceipt(PROMPTED, { hide: ['request'] })
    expect(discloseReceipt(token, { hide: ['response'] }).guessable).toHaveLength(2)
  })

  it('without changes would be named by the digest of what was forwarded: the same octets', () => {
    const { disclosed } = decodeReceipt(archiveOf('quoted').receipt)
    expect(disclosed.forwarded?.digest).toBe(disclosed.request?.digest)
    expect(discloseReceipt(archiveOf('quoted').receipt, { hide: ['request'] }).guessable[0]).toContain('forwarded')
  })
})

describe('an archive that shows a part', () => {
  const decoded = (archive: Archive): Archive => decodeArchive(encodeArchive(archive))

  it('drops the octets of request and answer with their disclosures, and a result that was about more', () => {
    const { archive } = discloseArchive(SPLICED, { show: ['response'] })
    expect(Object.keys(decoded(archive)).sort()).toEqual([
      'proof',
      'quote',
      'receipt',
      'response',
      'session',
      'statement',
    ])
    const other = discloseArchive(SPLICED, { hide: ['response'] }).archive
    expect(decoded(other)).not.toHaveProperty('response')
    expect(decoded(other)).toHaveProperty('request')
    expect(other.inserts).toEqual(SPLICED.inserts)
  })

  it('drops inserted octets by role and by digest, and all of them without forwarded', () => {
    const role = decodeReceipt(SPLICED.receipt).disclosed.forwarded?.transforms[0]?.insert.role ?? ''
    for (const wish of [role, INSERT])
      expect(discloseArchive(SPLICED, { hide: [] }, [wish]).archive).not.toHaveProperty('inserts')
    expect(discloseArchive(SPLICED, { hide: ['forwarded'] }).archive).not.toHaveProperty('inserts')
    const more = new Map([...(SPLICED.inserts ?? []), [`sha256:${'0'.repeat(64)}`, new Uint8Array(80)]])
    const one = discloseArchive({ ...SPLICED, inserts: more }, { hide: [] }, [INSERT])
    expect([...(one.archive.inserts?.keys() ?? [])]).toEqual([`sha256:${'0'.repeat(64)}`])
  })

  it('without inserted octets verifies where changes need not be replayed, and only there', async () => {
    const { evidence, held, trust, time } = readFixture('quoted-spliced')
    const { archive } = discloseArchive(SPLICED, { hide: [] }, [INSERT])
    const replay = held.replay === 'not-held' ? held.replay : { ...held.replay, inserts: archive.inserts ?? new Map() }
    const under = (transforms: Policy['transforms']) =>
      verifyAnswer(evidence, { ...held, replay }, { ...trust, policy: { ...trust.policy, transforms } }, time)
    const lenient = await under('unchecked')
    expect(lenient).toMatchObject({ ok: true, value: { grade: 'quoted' } })
    expect(lenient.checks.find(({ name }) => name === 'receipt.transforms')?.status).toBe('not-performed')
    expect(await under('replayed')).toMatchObject({ ok: false, code: 'TRANSFORM_MISMATCH' })
  })

  it('says that few octets can be tried out, as forwarded still names their digest', () => {
    expect(OCTETS.length).toBeLessThan(64)
    expect(discloseArchive(SPLICED, { hide: [] }, [INSERT]).guessable).toEqual([expect.stringContaining(INSERT)])
    const long = new Map([[`sha256:${'1'.repeat(64)}`, new Uint8Array(64)]])
    expect(selectInserts(SPLICED.receipt, long, { shown: ['forwarded'], hide: [...long.keys()] }).guessable).toEqual([])
    expect(discloseArchive(SPLICED, { hide: ['forwarded'] }, [INSERT]).guessable).toEqual([])
  })

  it.each(['tool-call', `sha256:${'2'.repeat(64)}`, ''])(
    'refuses to hide inserted octets that are not there: %s',
    (wish) => {
      expect(() => discloseArchive(SPLICED, { hide: [] }, [wish])).toThrow(
        expect.objectContaining({ failure: 'DISCLOSURE_MISSING' }),
      )
    },
  )

  it('is of an answer: of a gateway there is nothing to hide', () => {
    const { receipt: _, ...gateway } = SPLICED
    expect(() => discloseArchive(gateway, { show: [] })).toThrow(
      expect.objectContaining({ failure: 'DISCLOSURE_MISSING' }),
    )
  })
})
