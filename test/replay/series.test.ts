/** Many answers of all forms, recorded several at a time and run again: how many differ. `scripts/replays.mjs` asks for more of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LoadedModel, recordedAnswer, replayAnswer } from '../../src/replay/index.ts'
import type { TestGateway } from '../kit/gateway.ts'
import { questionOf } from './questions.ts'
import { loadModel, record, startRecordedGateway } from './record.ts'

const COUNT = Number(process.env['COUNTERSIGN_REPLAYS'] ?? 60)
const MILLISECONDS_EACH = 2000
const AT_ONCE = 8

describe('a series of answers', () => {
  let gateway: TestGateway
  let loaded: LoadedModel
  beforeAll(async () => {
    gateway = await startRecordedGateway()
    loaded = await loadModel()
  })
  afterAll(() => gateway?.close())

  it(
    `comes out as it was given, ${COUNT} of ${COUNT}`,
    async () => {
      const differing: object[] = []
      let tokens = 0
      const next = Array.from({ length: COUNT }, (_, number) => number).values()
      const work = async (): Promise<void> => {
        for (const number of next) {
          const { result } = await replayAnswer(recordedAnswer(await record(gateway, questionOf(number))), loaded)
          if (result.kind === 'identical') tokens += result.tokens
          else differing.push({ number, ...result })
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, work))
      process.stdout.write(`${COUNT - differing.length} of ${COUNT} answers identical, ${tokens} tokens\n`)
      expect(differing).toEqual([])
      expect(tokens).toBeGreaterThan(COUNT)
    },
    60_000 + COUNT * MILLISECONDS_EACH,
  )
})
