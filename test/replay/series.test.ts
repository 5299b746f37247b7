/** Many answers of all forms, recorded several at a time and run again: how many differ. `scripts/replays.mjs` asks for more of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Archive } from '../../src/core/archive/index.ts'
import { type LoadedModel, recordedAnswer, recordedSteps, replayAnswer } from '../../src/replay/index.ts'
import { type ContextGateway, startContextGateway } from './context-gateway.ts'
import { contextQuestionOf, turnBefore } from './context-questions.ts'
import { questionOf } from './questions.ts'
import { loadModel, record } from './record.ts'

const COUNT = Number(process.env['COUNTERSIGN_REPLAYS'] ?? 14)
const MILLISECONDS_EACH = 4000
const AT_ONCE = 8

/** Roles of octets that an answer can rely on; each must be among those that were run again. */
const ROLES = ['prompt-template', 'memory-before', 'retrieval-result', 'tool-definitions', 'tool-call'] as const

interface Tally {
  readonly differing: { readonly number: number; readonly step: number }[]
  readonly relied: Record<(typeof ROLES)[number], number>
  streamed: number
  steps: number
  tokens: number
}

/** Every other question relies on more than the model. */
async function recordNumber(gateway: ContextGateway, number: number): Promise<Archive> {
  const half = Math.floor(number / 2)
  if (number % 2 === 0) return record(gateway, questionOf(half))
  const before = turnBefore(half)
  if (before === undefined) return record(gateway, contextQuestionOf(half))
  const { response } = await record(gateway, before)
  const { id } = JSON.parse(new TextDecoder().decode(response?.octets))
  return record(gateway, { ...contextQuestionOf(half), previous_response_id: id })
}

describe('a series of answers', () => {
  let gateway: ContextGateway
  let loaded: LoadedModel
  const tally: Tally = {
    differing: [],
    relied: { 'prompt-template': 0, 'memory-before': 0, 'retrieval-result': 0, 'tool-definitions': 0, 'tool-call': 0 },
    streamed: 0,
    steps: 0,
    tokens: 0,
  }
  beforeAll(async () => {
    gateway = await startContextGateway()
    loaded = await loadModel()
  })
  afterAll(() => gateway?.close())

  const replay = async (number: number, archive: Archive): Promise<void> => {
    const answers = [...recordedSteps(archive), recordedAnswer(archive)]
    for (const [step, answer] of answers.entries()) {
      const { result } = await replayAnswer(answer, loaded)
      if (result.kind === 'identical') tally.tokens += result.tokens
      else tally.differing.push({ number, step, ...result })
    }
    tally.steps += answers.length - 1
    if (archive.response?.mediaType.startsWith('text/event-stream')) tally.streamed += 1
    const { dependencies } = recordedAnswer(archive).receipt.disclosed
    for (const role of ROLES) if (dependencies !== undefined && dependencies[role] !== 'none') tally.relied[role] += 1
  }

  it(
    `comes out as it was given, ${COUNT} of ${COUNT}`,
    async () => {
      const next = Array.from({ length: COUNT }, (_, number) => number).values()
      const work = async (): Promise<void> => {
        for (const number of next) await replay(number, await recordNumber(gateway, number))
      }
      await Promise.all(Array.from({ length: AT_ONCE }, work))
      const { differing, relied, streamed, steps, tokens } = tally
      const others = new Set(differing.map(({ number }) => number)).size
      process.stdout.write(`${COUNT - others} of ${COUNT} answers identical, ${tokens} tokens\n`)
      process.stdout.write(`${streamed} streamed, ${steps} steps before them; ${JSON.stringify(relied)}\n`)
      expect(differing).toEqual([])
      expect(tokens).toBeGreaterThan(COUNT)
      if (COUNT < 40) return
      for (const role of ROLES) expect(relied[role], role).toBeGreaterThan(COUNT / 20)
      expect(steps).toBeGreaterThan(COUNT / 5)
    },
    60_000 + COUNT * MILLISECONDS_EACH,
  )
})
