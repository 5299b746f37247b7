/** What is remembered lies on the host's disk: nobody reads it without the key, and what was swapped, altered or guessed is refused alike. */
import { describe, expect, it } from 'vitest'
import { decodeUtf8, encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { expireStates } from '../../../src/server/context/memory/expire-states.ts'
import { MAX_STATE, readState, removeState, writeState } from '../../../src/server/context/memory/sealed-states.ts'
import { DAY, RECEIPT, RESPONSES, type Remembering, remember, START } from './memory-fixture.ts'

const ALICE = { apiKey: 'cs_alice', tenant: 'alice' }
const SECRET = 'the plan is to leave at dawn'
const said = JSON.stringify({ role: 'user', content: SECRET })
const chat = (more: string): string => `{"model":"m","messages":[${said}]${more}}`
const KEEP = chat(',"store":true')
const goOn = (id: string): string => chat(`,"previous_response_id":${JSON.stringify(id)}`)

/** The one path that a turn adds. */
async function keptBy(memory: Remembering, id: string): Promise<string> {
  const before = new Set(memory.kept())
  await memory.turn(KEEP, { id })
  const [path = ''] = memory.kept().filter((kept) => !before.has(kept))
  return path
}
const octetsOf = ({ files }: Remembering, path: string): Uint8Array => files.read(path)?.slice() ?? new Uint8Array(0)
const goesOn = () => true

async function expectRefused(memory: Remembering, id: string, who = ALICE): Promise<void> {
  expect(await memory.refusal(goOn(id), who)).toMatchObject({
    message: 'There is no such previous response: it is unknown here, or no longer kept.',
    param: 'previous_response_id',
    code: 'previous_response_not_found',
  })
}

describe('what is kept', () => {
  it('tells the host neither ids nor words nor whose it is', async () => {
    const memory = remember()
    const path = await keptBy(memory, 'chatcmpl-secret')
    expect(path).toMatch(/^\/data\/private\/memory\/([0-9a-f]{2})\/\1[0-9a-f]{62}$/)
    const bytes = decodeUtf8(encodeUtf8(Buffer.from(octetsOf(memory, path)).toString('latin1')))
    for (const word of [SECRET, 'chatcmpl-secret', 'alice', 'user', RECEIPT.slice(7)]) {
      expect(path).not.toContain(word)
      expect(bytes).not.toContain(word)
    }
  })

  it('has another name and other octets under another key, tenant or id, and at another time', async () => {
    const memory = remember()
    const paths = new Set<string>()
    for (const who of [ALICE, { ...ALICE, apiKey: 'cs_bob' }, { ...ALICE, tenant: 'bob' }])
      for (const id of ['a', 'b']) {
        await memory.turn(KEEP, { id, ...who })
        for (const path of memory.kept()) paths.add(path)
      }
    expect(paths.size).toBe(6)
    const [path = ''] = paths
    const first = octetsOf(memory, path)
    for (const id of ['a', 'b']) await memory.turn(KEEP, { id, ...ALICE })
    expect(Buffer.compare(first, octetsOf(memory, path))).not.toBe(0)
  })

  it('is the newest of those that were kept behind one id, even where they were written at once', async () => {
    const memory = remember()
    await memory.turn(chat(',"store":true'), { id: 'same', answer: '"one"' })
    await memory.turn(chat(',"store":true'), { id: 'same', answer: '"two"' })
    expect((await memory.prepare(goOn('same'))).forwarded).toContain('"two"')
    expect(memory.kept()).toHaveLength(1)
    const answers = Array.from({ length: 12 }, (_, i) => `"answer ${i}"`)
    await Promise.all(answers.map((answer) => memory.turn(KEEP, { id: 'same', answer })))
    const { forwarded } = await memory.prepare(goOn('same'))
    expect(answers.filter((answer) => forwarded.includes(answer))).toHaveLength(1)
    expect(memory.kept()).toHaveLength(1)
  })

  it('is there for the next boot, which has nothing but the key of the client', async () => {
    const memory = remember()
    await memory.turn(KEEP, { id: 'a' })
    const state = await readState(memory.store, ALICE, 'a')
    expect(state).toMatchObject({ created: START, turns: 1, elements: 2, receipt: RECEIPT })
    expect(decodeUtf8(state?.octets ?? new Uint8Array(0))).toBe(`${said},{"role":"assistant","content":"Yes."}`)
  })
})

describe('a state is refused like one that never was', () => {
  it.each([
    ['of another key', { ...ALICE, apiKey: 'cs_bob' }],
    ['of another tenant', { ...ALICE, tenant: 'bob' }],
    ['of a key and tenant whose letters are shifted', { apiKey: 'cs_alic', tenant: 'ealice' }],
  ])('%s', async (_title, who) => {
    const memory = remember()
    await memory.turn(KEEP, { id: 'a' })
    await expectRefused(memory, 'a', who)
    expect((await memory.prepare(goOn('a'), ALICE)).turn?.parents).toEqual([RECEIPT])
  })

  it('with any bit of it flipped, and cut or grown by any octet', async () => {
    const memory = remember()
    const path = await keptBy(memory, 'a')
    const octets = octetsOf(memory, path)
    for (let bit = 0; bit < 8 * octets.length; bit += 5) {
      const flipped = octets.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      memory.files.put(path, flipped)
      expect(await readState(memory.store, ALICE, 'a')).toBeUndefined()
    }
    for (let length = 0; length < octets.length; length++) {
      memory.files.put(path, octets.subarray(0, length))
      expect(await readState(memory.store, ALICE, 'a')).toBeUndefined()
    }
    memory.files.put(path, new Uint8Array([...octets, 0]))
    await expectRefused(memory, 'a')
    memory.files.put(path, octets)
    expect((await memory.prepare(goOn('a'))).turn?.parents).toEqual([RECEIPT])
  })

  it('in the place of another of the same client', async () => {
    const memory = remember()
    const one = await keptBy(memory, 'one')
    const two = await keptBy(memory, 'two')
    const octets = octetsOf(memory, one)
    memory.files.put(one, octetsOf(memory, two))
    memory.files.put(two, octets)
    await expectRefused(memory, 'one')
    await expectRefused(memory, 'two')
  })

  it('where a file of any length was put in its place', async () => {
    const memory = remember()
    const path = await keptBy(memory, 'a')
    const octets = octetsOf(memory, path)
    memory.files.put(path, new Uint8Array([...octets, ...new Uint8Array(2 * MAX_STATE)]))
    await expectRefused(memory, 'a')
  })

  it.each([
    '',
    ' ',
    '__proto__',
    'constructor',
    'toString',
    '../../../lineage/main',
    'a/b',
    '%2e%2e',
    'a\u0000',
    'a\ud800',
    '😀',
    'x'.repeat(100_000),
  ])('under the odd name %j, which may be given as well', async (id) => {
    const memory = remember()
    await expectRefused(memory, id)
    expect(await keptBy(memory, id)).toMatch(/^\/data\/private\/memory\/[0-9a-f]{2}\/[0-9a-f]{64}$/)
    expect((await memory.prepare(goOn(id))).turn?.parents).toEqual([RECEIPT])
    await expectRefused(memory, `${id}\udfff`)
    await expectRefused(memory, `${id}\udffe`)
  })

  it('when the host brings back an older one, the digest before is not the one after', async () => {
    const memory = remember()
    const path = await keptBy(memory, 'same')
    const older = octetsOf(memory, path)
    const newer = await memory.turn(KEEP, { id: 'same', answer: '"newer"' })
    const promised = newer.turn?.after([encodeUtf8('"newer"')]).dependencies['memory-after']
    const digestOf = (role: typeof promised) => (Array.isArray(role) ? role[0]?.digest.sha256 : undefined)
    const found = async () => digestOf((await memory.prepare(goOn('same'))).dependencies['memory-before'])
    expect(await found()).toBe(digestOf(promised))
    memory.files.put(path, older)
    expect(await found()).not.toBe(digestOf(promised))
  })
})

describe('the largest state', () => {
  it('is sealed and read back whole', async () => {
    const { store } = remember()
    const octets = new Uint8Array(MAX_STATE).fill(0x61)
    const state = { created: START, turns: 9, elements: 7, receipt: RECEIPT, octets }
    await writeState(store, ALICE, { responseId: 'a', state, expires: 1, iv: new Uint8Array(12) })
    const found = await readState(store, ALICE, 'a')
    expect(found).toMatchObject({ turns: 9, elements: 7 })
    expect(Buffer.compare(found?.octets ?? new Uint8Array(0), octets)).toBe(0)
  })

  it('of a response is bounded by the configuration, whatever its letters are', async () => {
    const memory = remember({ retentionDays: 1, maxBytes: 1024 })
    const input = JSON.stringify('ü'.repeat(500))
    expect(await memory.refusal(`{"model":"m","input":${input}}`, { path: RESPONSES })).toMatchObject({
      param: 'input',
      code: 'conversation_too_large',
    })
  })
})

describe('states that have lapsed', () => {
  it('are removed without any key, and no others', async () => {
    const memory = remember()
    await memory.turn(KEEP, { id: 'old' })
    memory.pass(20)
    await memory.turn(KEEP, { id: 'new', apiKey: 'cs_bob' })
    expect(await expireStates(memory.store, { now: memory.now(), goesOn })).toBe(0)
    memory.pass(10)
    // Until the day is over: when exactly it lapsed stands in the sealed part alone.
    await expectRefused(memory, 'old')
    expect(await expireStates(memory.store, { now: memory.now(), goesOn })).toBe(0)
    memory.pass(1)
    expect(await expireStates(memory.store, { now: memory.now(), goesOn })).toBe(1)
    expect(memory.kept()).toHaveLength(1)
    expect((await memory.prepare(goOn('new'), { apiKey: 'cs_bob' })).turn?.parents).toEqual([RECEIPT])
  })

  it('are all removed where there are many, with what is none, unless the gateway ends', async () => {
    const { store, files, kept } = remember()
    const state = { created: START, turns: 1, elements: 1, receipt: RECEIPT, octets: encodeUtf8('{}') }
    const expires = Math.floor(START / DAY)
    for (let i = 0; i < 100; i++)
      await writeState(store, ALICE, { responseId: `${i}`, state, expires, iv: new Uint8Array(12) })
    files.put('/data/private/memory/00/short', new Uint8Array(3))
    files.put('/data/private/memory/stray', new Uint8Array(3))
    let left = 3
    const stopped = await expireStates(store, { now: START + DAY, goesOn: () => left-- > 0 })
    expect(kept()).toHaveLength(102 - stopped)
    expect(stopped).toBeLessThan(101)
    expect(await expireStates(store, { now: START + DAY, goesOn })).toBe(101 - stopped)
    expect(kept()).toEqual(['/data/private/memory/stray'])
    expect(await expireStates(remember().store, { now: START, goesOn })).toBe(0)
  })
})

it('removes what was asked for, and only that', async () => {
  const memory = remember()
  await memory.turn(KEEP, { id: 'a' })
  await memory.turn(KEEP, { id: 'b' })
  await removeState(memory.store, { ...ALICE, apiKey: 'cs_bob' }, 'a')
  expect(memory.kept()).toHaveLength(2)
  await removeState(memory.store, ALICE, 'a')
  await expectRefused(memory, 'a')
  expect((await memory.prepare(goOn('b'))).turn?.parents).toEqual([RECEIPT])
})
