/** Where swaps are planted: in files, in the configuration, in servers, in the process of the gateway. @module */
import type { TestGatewayOptions } from '../kit/gateway.ts'
import type { Configured } from './configuration.ts'
import type { Answers, Expected } from './judge.ts'
import { askBoth, CLERK, gotWhatIsSaid, TOOLS } from './questions.ts'
import type { World } from './world.ts'

export interface Swap extends Expected {
  readonly name: string
  /** Where it was planted, and what is to be known about it. */
  readonly note: string
  /** Plants it and asks. */
  ask(world: World): Promise<Answers>
}

export type Planting = Pick<Swap, 'ask'>

/** A file of the model's folder is another one; the configuration is the same to the octet. */
export const inFolder = (file: string, change: (octets: Uint8Array) => Uint8Array): Planting => ({
  ask: (world) =>
    askBoth(world, CLERK, async () => world.start({}, { modelDirectory: await world.swapFile(file, change) })),
})

/** The operator serves under another configuration. */
export const inConfiguration = (
  question: Parameters<typeof askBoth>[1],
  change: (world: World) => Partial<Configured> | Promise<Partial<Configured>>,
): Planting => ({
  ask: (world) => askBoth(world, question, async () => world.start(await change(world))),
})

/** The process of the gateway does something else than its code says. */
export const inGateway = (question: Parameters<typeof askBoth>[1], options: TestGatewayOptions): Planting => ({
  ask: (world) => askBoth(world, question, () => world.start({}, options)),
})

/** Whoever runs the server changes what it does; nothing of the gateway is touched. */
export const inServer = (change: (world: World) => () => void): Planting => ({
  ask: (world) => {
    let undo = (): void => {}
    const plant = (): World['baseline'] => {
      undo = change(world)
      return world.baseline
    }
    return askBoth(world, TOOLS, plant).finally(() => undo())
  },
})

/** @param honest whether the receipt says what the engine really got */
export const checkingEngine = ({ ask }: Planting, honest: boolean): Planting => ({
  ask: async (world) => {
    const answers = await ask(world)
    if (gotWhatIsSaid(world, answers.planted) !== honest)
      throw new Error('the engine was not given what this row is about')
    return answers
  },
})

/** Of notes. */
export const CONFIGURATION =
  'The configuration says so, and its digest is in the lock: that refuses before the pin is asked.'
export const SAME = 'Configuration and code are those of the lock.'
