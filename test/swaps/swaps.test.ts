/** Silent swaps, planted in running gateways: each is in the receipt, shown by a comparison, and refused by what pins the answer before. */
import { writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judgeSwap, type Outcome } from './judge.ts'
import { askBoth, CLERK, DOCUMENTS, FIELDS, TOOLS } from './questions.ts'
import { SWAPS } from './rows.ts'
import { createWorld, type World } from './world.ts'

/** Where `npm run swaps` wants what was found. */
const { COUNTERSIGN_SWAPS: file } = process.env
const found = new Map<string, Outcome>()
/** Of a row that did not come to its end. */
const NOTHING = { inReceipt: false, inDiff: false, refused: false, code: 'none', pinned: 'none', changes: [] } as const

let world: World
beforeAll(async () => {
  world = await createWorld()
})
afterAll(async () => {
  const swaps = SWAPS.map(({ name, member, note }) => ({ name, ...NOTHING, ...found.get(name), member, note }))
  if (file !== undefined) await writeFile(file, JSON.stringify({ swaps }))
  await world?.close()
})

describe('a silent swap is in the receipt, in the comparison, and refused', () => {
  const rows = SWAPS.map((swap) => ({ name: swap.name, swap }))
  it.each(rows)('$name', async ({ name, swap }) => {
    const outcome = await judgeSwap(await swap.ask(world), swap, world.baseline.trust)
    found.set(name, outcome)
    const { code, pinned, change } = swap
    expect(outcome.changes).toContain(change)
    expect(outcome).toMatchObject({ inReceipt: true, inDiff: true, refused: true, code, pinned })
  })

  it.each([
    ['claims.model.digest', CLERK],
    ['exchange.tools.0.result', TOOLS],
    ['dependencies.retrieval-index', DOCUMENTS],
    ['forwarded.digest', FIELDS],
  ])('and none where none was planted, by %s', async (member, question) => {
    const answers = await askBoth(world, question, () => world.baseline)
    const expected = { member, change: 'changed', code: 'DEPENDENCY_UNPINNED', pinned: 'none' } as const
    expect(await judgeSwap(answers, expected, world.baseline.trust)).toEqual(NOTHING)
  })
})
