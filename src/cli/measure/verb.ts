/** What a verb of `countersign measure` is. @module */
import type { Io } from '../command.ts'
import type { ExitCode } from '../exit-codes.ts'

export interface Verb {
  readonly summary: string
  /** Shown by `--help`; holds one real example. */
  readonly help: string
  /** @param args what stands behind the verb */
  run(args: readonly string[], io: Io): Promise<ExitCode>
}
