/** How far a copy is, on a terminal. @module */
import type { Copied } from '../../storage/index.ts'
import type { Io } from '../command.ts'

/** Objects between two lines: enough to see that it goes on. */
const EVERY = 64

export function copyProgress(io: Io): { readonly show: (copied: Copied) => void; readonly end: () => void } {
  const clear = '\r\u001b[K'
  return {
    show(copied) {
      if (io.progress && copied.objects % EVERY === 0) io.err(`${clear}${renderCopied(copied)}`)
    },
    end() {
      if (io.progress) io.err(clear)
    },
  }
}

export function renderCopied({ objects, octets }: Copied): string {
  return `${objects} objects, ${(octets / 1024 / 1024).toFixed(1)} MiB`
}
