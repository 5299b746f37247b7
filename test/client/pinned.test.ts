/** A policy that looks at what answers leave behind: the rest of the receipt is fetched, and counts if it is of the same signed part. */
import { describe, expect, it } from 'vitest'
import { createAttestedFetch, receiptOf } from '../../src/client/index.ts'
import { encodeArchive } from '../../src/core/archive/index.ts'
import { decodeBase64Url } from '../../src/core/encoding/base64.ts'
import { decodeUtf8 } from '../../src/core/encoding/utf8.ts'
import type { Policy } from '../../src/core/policy.ts'
import { decodeReceipt } from '../../src/core/receipt/receipt.ts'
import { readFixture } from '../core/receipt/fixture.ts'
import { issueAnswer } from '../kit/issue-answer.ts'
import { createForgedScene, post } from './forged-scene.ts'

const scene = await createForgedScene()
const { evidence } = readFixture('quoted')

function without(token: string, name: string): string {
  const [jws = '', ...disclosures] = token.split('~')
  const kept = disclosures.filter((each) => each === '' || JSON.parse(decodeUtf8(decodeBase64Url(each)))[1] !== name)
  return [jws, ...kept].join('~')
}

/** Asks a gateway whose answers leave a disclosure behind. */
async function ask(policy: Partial<Policy>, { leaves = 'dependencies', other = false } = {}) {
  let whole = ''
  const asked: string[] = []
  const gateway = scene.gateway({
    sent: (answer) => {
      whole = answer.receipt ?? ''
      return { ...answer, receipt: without(whole, leaves) }
    },
  })
  const options = scene.options(gateway)
  const fetch: typeof globalThis.fetch = async (input, init) => {
    if (!String(input).includes('/receipts/')) return gateway.fetch(input, init)
    asked.push(new URL(String(input)).pathname)
    const receipt = other ? issueAnswer(scene.snp).archive.receipt : whole
    return new Response(encodeArchive({ ...evidence, receipt }).slice())
  }
  const attested = createAttestedFetch({
    ...options,
    policy: { ...options.policy, ...policy },
    deps: { ...options.deps, fetch },
  })
  const answer = async () => receiptOf(await attested(gateway.url, post()))
  return { answer, asked }
}

const NONE = { dependencies: { tokenizer: ['none'] } } as const

describe('a policy with pins, over a connection', () => {
  it('is held against the dependencies that the gateway gives by id', async () => {
    const { answer, asked } = await ask(NONE)
    const receipt = await answer()
    expect(receipt.checks).toContainEqual(expect.objectContaining({ name: 'dependencies', status: 'pass' }))
    // What is kept of it must verify again under the same policy.
    expect(decodeReceipt(receipt.token).disclosed.dependencies).toMatchObject({ tokenizer: 'none' })
    expect(asked).toHaveLength(1)
  })

  it('refuses an answer that relied on something else', async () => {
    const { answer } = await ask({ dependencies: { tokenizer: [`sha256:${'1'.repeat(64)}`] } })
    await expect(answer()).rejects.toMatchObject({ code: 'ERR_NOT_VERIFIED', failure: 'DEPENDENCY_UNPINNED' })
  })

  it('takes no dependencies from another receipt', async () => {
    const { answer } = await ask(NONE, { other: true })
    await expect(answer()).rejects.toMatchObject({ failure: 'CHECK_NOT_PERFORMED' })
  })

  it('has the exchange fetched where policy asks for that disclosure', async () => {
    const disclosures = ['request', 'forwarded', 'response', 'exchange'] as const
    const { answer, asked } = await ask({ disclosures }, { leaves: 'exchange' })
    expect((await answer()).disclosed.exchange).toHaveProperty('http')
    expect(asked).toHaveLength(1)
  })

  it.each(['dependencies', 'exchange'])('asks for nothing more where policy does not look at %s', async (leaves) => {
    const { answer, asked } = await ask({}, { leaves })
    await answer()
    expect(asked).toEqual([])
  })
})
