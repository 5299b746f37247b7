/** A bar on a terminal for what takes longer than a second. @module */
import type { Io } from '../command.ts'

const WIDTH = 24
/** The line is cleared before anything else is written over it. */
const CLEAR = '\r\u001b[2K'

export interface Progress {
  /** @param what is under way, for example the id of a log */
  show(what: string, done: number, total: number): void
  /** Where nobody knows how much there is. */
  tell(line: string): void
  /** Takes the bar away. */
  end(): void
}

/** 1234567 as 1,234,567. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** Silent where `err` is no terminal. */
export function createProgress(io: Io, unit: string): Progress {
  let shown = ''
  return {
    show(what, done, total) {
      if (!io.progress) return
      const part = total === 0 ? 1 : Math.min(1, done / total)
      const bar = '#'.repeat(Math.floor(part * WIDTH)).padEnd(WIDTH, '.')
      const percent = String(Math.floor(part * 100)).padStart(3)
      // Only what differs is drawn: a million leaves come by in a few thousand steps.
      const key = `${what} ${percent}`
      if (key === shown) return
      shown = key
      io.err(`${CLEAR}[${bar}] ${percent} %  ${what}: ${grouped(done)} of ${grouped(total)} ${unit}`)
    },
    tell(line) {
      if (!io.progress || line === shown) return
      shown = line
      io.err(`${CLEAR}${line}`)
    },
    end() {
      if (shown !== '') io.err(CLEAR)
      shown = ''
    },
  }
}
