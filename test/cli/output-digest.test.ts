/** `countersign verify`: that the octets of an answer come to the output digest of its receipt, and what is said where that cannot be judged. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { command } from '../../src/cli/commands/verify.ts'
import { trialLock, trialPolicy } from '../../src/cli/trial-policy.ts'
import { encodeArchive } from '../../src/core/archive/index.ts'
import { digestUri } from '../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { outputDigest } from '../../src/core/receipt/merged-choices.ts'
import { REFERENCES, snp } from '../core/diff/answers.ts'
import { EVENTS, ISSUED_AT, issueAnswer } from '../kit/issue-answer.ts'
import { recordIo } from './log/history-folder.ts'

const NOW = new Date((ISSUED_AT + 20) * 1000)
const STREAM = 'text/event-stream'
/** What the stream of {@link EVENTS} says, by hand. */
const CHOICES = [{ index: 0, message: { role: 'assistant', content: 'What was asked.' }, finish_reason: 'stop' }]
const MERGED = outputDigest(CHOICES)

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-output-'))
  // One test withholds the response.
  const policy = { ...JSON.parse(trialPolicy(REFERENCES)), disclosures: ['forwarded'] }
  await writeFile(join(folder, 'policy.json'), JSON.stringify(policy))
  await writeFile(join(folder, 'lock.json'), trialLock(REFERENCES))
})
afterAll(() => rm(folder, { recursive: true }))

interface Signed {
  readonly digest?: string
  readonly response?: Uint8Array
  readonly mediaType?: string
  /** The archive leaves the octets out, or the receipt what it says of them. */
  readonly without?: 'octets' | 'disclosure'
}

async function verify({ digest, response = EVENTS, mediaType = STREAM, without }: Signed, ...more: readonly string[]) {
  const { archive } = issueAnswer(snp, {
    response,
    mediaType,
    disclosed: ({ response: said, ...others }) => ({
      ...others,
      ...(without !== 'disclosure' && {
        response: { ...said, ...(digest !== undefined && { output_digest: digest }) },
      }),
    }),
  })
  const held = without === 'octets' ? archive : { ...archive, response: { mediaType, octets: response } }
  const path = join(folder, 'answer.cmw.json')
  await writeFile(path, encodeArchive(held))
  const { io, out } = recordIo(NOW)
  const trust = ['--policy', join(folder, 'policy.json'), '--lock', join(folder, 'lock.json')]
  const exit = await command.run([path, ...trust, ...more], io)
  return { exit, out: out(), line: /^.*output-digest.*$/m.exec(out())?.[0] ?? '' }
}

describe('output digest', () => {
  it('passes for a stream and for an answer at once that say the same', async () => {
    const streamed = await verify({ digest: MERGED })
    expect(streamed.exit, streamed.out).toBe(0)
    expect(streamed.line).toMatch(/^\s*✓ output-digest/)
    expect(streamed.line).toContain(MERGED.slice(0, 23))
    const response = encodeUtf8(JSON.stringify({ id: 'x', choices: CHOICES }))
    const whole = await verify({ digest: MERGED, response, mediaType: 'application/json' })
    expect(whole.exit, whole.out).toBe(0)
    expect(whole.line).toMatch(/^\s*✓ output-digest/)
  })

  it('fails where the octets come to another, whoever holds them', async () => {
    const { exit, out, line } = await verify({ digest: digestUri(encodeUtf8('other')) })
    expect(exit).toBe(1)
    expect(line).toMatch(/✗ output-digest +RESPONSE_DIGEST_MISMATCH/)
    expect(out).toContain('NOT VERIFIED: RESPONSE_DIGEST_MISMATCH')
    const path = join(folder, 'response')
    await writeFile(path, EVENTS)
    const named = await verify({ digest: digestUri(encodeUtf8('other')), without: 'octets' }, '--response', path)
    expect(named.line).toMatch(/✗ output-digest/)
  })

  it('fails where the octets have no merged form and the receipt names one all the same', async () => {
    const response = encodeUtf8(
      '{"choices":[{"index":0,"message":{"content":"a","content":"b"},"finish_reason":"stop"}]}',
    )
    const { exit, line } = await verify({ digest: MERGED, response, mediaType: 'application/json' })
    expect(exit).toBe(1)
    expect(line).toMatch(/✗ output-digest +RESPONSE_DIGEST_MISMATCH/)
  })

  it.each<[string, Signed, string]>([
    ['a receipt that names none', {}, 'the receipt names none'],
    ['octets that nobody holds', { digest: MERGED, without: 'octets' }, 'octets not held'],
    ['a disclosure that is withheld', { without: 'disclosure' }, 'disclosure withheld'],
  ])('is not performed for %s', async (_, signed, why) => {
    const { exit, out, line } = await verify(signed)
    expect(exit, out).toBe(0)
    expect(line).toMatch(/^\s*– output-digest/)
    expect(line).toContain(why)
  })
})
