/** What a command is, and the world it sees. @module */
import { CountersignError } from '../errors.ts'
import type { ExitCode } from './exit-codes.ts'

/** The terminal and the environment, so that commands can be tested as functions. */
export interface Io {
  /** Results. */
  out(text: string): void
  /** Progress, warnings and errors. */
  err(text: string): void
  /** Whether `out` is a terminal that shows colours. */
  readonly colour: boolean
  /** Whether `err` is a terminal that shows progress. */
  readonly progress: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  now(): Date
}

export interface Command {
  readonly summary: string
  /** Shown by `--help`; holds one real example. */
  readonly help: string
  /** Help on one verb of a command that has several. */
  helpOn?(args: readonly string[]): Promise<string>
  run(args: readonly string[], io: Io): Promise<ExitCode>
}

/** Wrong use of a command: exit code 2. `hint` says what to do. */
export class UsageError extends CountersignError {
  readonly hint: string

  constructor(message: string, hint: string) {
    super('ERR_USAGE', message)
    this.name = 'UsageError'
    this.hint = hint
  }
}
