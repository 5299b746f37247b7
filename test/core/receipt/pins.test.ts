/** Pins of dependencies and engines: each listed role on its own, and what the verdict says of them. */
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/core/encoding/json.ts'
import { decodePolicy } from '../../../src/core/policy.ts'
import { checkPins } from '../../../src/core/receipt/check-pins.ts'
import type { EngineClaim } from '../../../src/core/receipt/claims.ts'
import { DEPENDENCY_ROLES, type Dependencies, decodeDependencies } from '../../../src/core/receipt/disclosed.ts'
import { callsDigest, type ToolCallRecord } from '../../../src/core/receipt/run.ts'
import { judge } from '../../../src/core/verdict.ts'
import { judgeFixture, readFixture } from './fixture.ts'

const { policy } = readFixture('quoted').trust
const ENGINE: EngineClaim = { name: 'vllm', version: '0.11.0', determinism: 'best-effort', flags: 'none' }
const NONE = decodeDependencies(Object.fromEntries(DEPENDENCY_ROLES.map((role) => [role, 'none'])))
const A = 'a'.repeat(64)
const B = 'b'.repeat(64)

/** Through the decoder, so that each policy here is one that a file can hold. */
function check(
  pins: { readonly dependencies?: object; readonly engines?: readonly object[] },
  dependencies: Dependencies | undefined = NONE,
  exchange?: JsonObject,
) {
  const pinning = decodePolicy(JSON.stringify({ ...policy, ...pins }))
  return judge(['engine', 'dependencies'], async (check) => {
    checkPins(check, ENGINE, { ...(dependencies && { dependencies }), ...(exchange && { exchange }) }, pinning)
    return {}
  })
}

const having = (role: string, ...digests: readonly string[]): Dependencies =>
  decodeDependencies({
    ...Object.fromEntries(DEPENDENCY_ROLES.map((each) => [each, 'none'])),
    [role]: digests.map((sha256, i) => ({
      name: `thing-${i}`,
      digest: { sha256 },
      annotations: { scheme: 'raw', role, source: 'gateway' },
    })),
  })

describe('pins of dependencies', () => {
  it.each(DEPENDENCY_ROLES)('hold %s to the listed digests, and no other role', async (role) => {
    const pins = { dependencies: { [role]: [`sha256:${A}`] } }
    expect(await check(pins, having(role, A))).toMatchObject({ ok: true })
    expect(await check(pins, having(role, B))).toMatchObject({ ok: false, code: 'DEPENDENCY_UNPINNED' })
    expect(await check(pins, having(role, A, B))).toMatchObject({ ok: false, code: 'DEPENDENCY_UNPINNED' })
    expect(await check(pins)).toMatchObject({ ok: false, code: 'DEPENDENCY_UNPINNED' })
    const others = { dependencies: { [role]: ['none'] } }
    for (const other of DEPENDENCY_ROLES) expect((await check(others, having(other, A))).ok, other).toBe(other !== role)
  })

  it('admit several digests, and a role that does not apply, where they are listed', async () => {
    const pins = { dependencies: { tokenizer: [`sha256:${A}`, `sha256:${B}`, 'none'] } }
    for (const given of [having('tokenizer', B), having('tokenizer', A, B), NONE])
      expect(await check(pins, given)).toMatchObject({ ok: true })
  })

  it('say which roles are pinned, and what stands in the place of a pinned one', async () => {
    const dependencies = { tokenizer: [`sha256:${A}`, 'none'], 'tool-call': ['none'] }
    const good = await check({ dependencies })
    expect(good.checks).toContainEqual(expect.objectContaining({ detail: 'pinned: tokenizer, tool-call' }))
    const bad = await check({ dependencies }, having('tokenizer', B))
    expect(bad.checks).toContainEqual(
      expect.objectContaining({
        name: 'dependencies',
        seen: `tokenizer thing-0 sha256:${B}`,
        wanted: `sha256:${A} or none`,
      }),
    )
  })

  it('hold calls to what they were and gave, whatever their names and durations', async () => {
    const call = (changes: Partial<ToolCallRecord>): ToolCallRecord => ({
      id: 'call_1',
      by: 'gateway',
      tool: 'weather__today',
      identity: 'none',
      schema: 'none',
      arguments: `sha256:${A}`,
      result: `sha256:${A}`,
      outcome: 'ok',
      duration_ms: 3,
      ...changes,
    })
    const [first, second] = [call({}), call({ id: 'call_2', result: `sha256:${B}` })]
    const pins = { dependencies: { 'tool-call': [callsDigest([first, second])] } }
    const judged = async (...tools: readonly ToolCallRecord[]): Promise<boolean> =>
      (await check(pins, having('tool-call', A), { tools: tools.map((tool) => ({ ...tool })) })).ok
    expect(await judged(first, second)).toBe(true)
    expect(await judged(call({ id: 'x', duration_ms: 9 }), { ...second, id: 'y' })).toBe(true)
    expect(await judged(second, first)).toBe(false)
    expect(await judged(first)).toBe(false)
    const others = {
      by: 'client',
      tool: 'x',
      identity: `sha256:${B}`,
      schema: `sha256:${B}`,
      outcome: 'error',
    } as const
    for (const [name, value] of Object.entries({ ...others, arguments: `sha256:${B}`, result: `sha256:${B}` }))
      expect(await judged({ ...first, [name]: value }, second), name).toBe(false)
    // Without the list, or without a dependency that stands for it, there is nothing that could be that.
    expect((await check(pins, having('tool-call', A))).ok).toBe(false)
    expect((await check(pins, NONE, { tools: [{ ...first }, { ...second }] })).ok).toBe(false)
  })

  it('are required and not performed where the disclosure is withheld', async () => {
    const verdict = await judge(['engine', 'dependencies'], async (check) => {
      checkPins(check, ENGINE, {}, { dependencies: { tokenizer: ['none'] }, engines: 'unchecked' })
      return {}
    })
    expect(verdict).toMatchObject({ ok: false, code: 'CHECK_NOT_PERFORMED' })
    expect(verdict.checks).toContainEqual({
      name: 'dependencies',
      status: 'not-performed',
      required: true,
      detail: 'policy pins tokenizer and disclosure dependencies is withheld',
    })
  })

  it('are shown as unchecked where policy leaves them out', async () => {
    const { checks } = await check({})
    for (const name of ['dependencies', 'engine'])
      expect(checks).toContainEqual({
        name,
        status: 'not-performed',
        required: false,
        detail: 'policy: unchecked',
      })
  })

  it('do not hold a refusal, which relied on nothing', async () => {
    const refused = readFixture('refused')
    const trust = {
      ...refused.trust,
      policy: {
        ...refused.trust.policy,
        dependencies: { tokenizer: [`sha256:${A}`] },
        engines: [{ name: 'vllm', version: '1', determinism: 'unchecked' as const }],
      },
    }
    const verdict = await judgeFixture({ ...refused, trust })
    expect(verdict.ok).toBe(true)
    for (const name of ['dependencies', 'engine'])
      expect(verdict.checks).toContainEqual({
        name,
        status: 'not-performed',
        required: false,
        detail: 'nothing was forwarded',
      })
  })
})

describe('pins of engines', () => {
  const pin = { name: 'vllm', version: '0.11.0', determinism: 'unchecked' }

  it.each([
    ['by name and version', [pin]],
    ['by determinism too', [{ ...pin, determinism: 'best-effort' }]],
    ['as one of several', [{ ...pin, version: '0.10.2' }, pin]],
  ])('pass one that is listed %s', async (_, engines) => {
    expect(await check({ engines })).toMatchObject({ ok: true })
  })

  it.each([
    ['name', { ...pin, name: 'sglang' }],
    ['version', { ...pin, version: '0.11.1' }],
    ['determinism', { ...pin, determinism: 'bit-exact' }],
  ])('reject one of another %s', async (_, other) => {
    const verdict = await check({ engines: [other] })
    expect(verdict).toMatchObject({ ok: false, code: 'DEPENDENCY_UNPINNED' })
    expect(verdict.checks[0]).toMatchObject({ name: 'engine', seen: 'vllm 0.11.0, best-effort' })
  })

  it('take name, version and determinism from one pin, never from several', async () => {
    const engines = [
      { ...pin, version: '0.10.2' },
      { ...pin, name: 'sglang' },
    ]
    expect(await check({ engines })).toMatchObject({ ok: false, code: 'DEPENDENCY_UNPINNED' })
  })
})
