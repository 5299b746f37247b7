/** Runs all model calls of an archive again, step by step, here or on an engine behind HTTP. @module */
import { setImmediate } from 'node:timers/promises'
import type { Archive } from '../../core/archive/index.ts'
import {
  type EngineReplay,
  type GivenOctets,
  type HttpEngine,
  type RecordedAnswer,
  type Replay,
  recordedAnswer,
  recordedSteps,
  replayAnswer,
  replayOnEngine,
} from '../../replay/index.ts'
import type { Io } from '../command.ts'
import { createProgress, grouped } from '../log/progress.ts'
import { loadModel } from './load-model.ts'

/** In order; the last is that of the answer. */
export type Replays = readonly (Replay | EngineReplay)[]

/** Steps between two looks at the clock of the terminal. */
const TOLD_EVERY = 16

export function answersOf(archive: Archive, given: GivenOctets): readonly RecordedAnswer[] {
  return [...recordedSteps(archive, given), recordedAnswer(archive, given)]
}

export async function replayOnModel(
  answers: readonly RecordedAnswer[],
  model: string | undefined,
  io: Io,
): Promise<Replays> {
  const loaded = await loadModel(model)
  const progress = createProgress(io, 'steps')
  let steps = 0
  const turn = async (): Promise<void> => {
    steps += 1
    if (steps % TOLD_EVERY === 0) progress.tell(`${grouped(steps)} tokens read or written`)
    await setImmediate()
  }
  try {
    return await inTurn(answers, (answer) => replayAnswer(answer, loaded, turn))
  } finally {
    progress.end()
  }
}

export function replayOnHttp(answers: readonly RecordedAnswer[], engine: HttpEngine): Promise<Replays> {
  return inTurn(answers, (answer) => replayOnEngine(answer, engine))
}

async function inTurn<T>(
  answers: readonly RecordedAnswer[],
  replay: (answer: RecordedAnswer) => Promise<T>,
): Promise<readonly T[]> {
  const replays: T[] = []
  for (const answer of answers) replays.push(await replay(answer))
  return replays
}
