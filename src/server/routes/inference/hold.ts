/** Holds the end of an answer until its receipt has the grade that the client prefers, or the wait is over. wire.md section 3. @module */
import type { IncomingHttpHeaders } from 'node:http'
import type { Grade } from '../../../core/policy.ts'
import type { Attester } from '../../session/attester.ts'
import type { Lifecycle } from '../lifecycle.ts'
import type { GatewayParts } from '../parts.ts'
import { boundedWaitMs, readPreferences } from '../preferences.ts'

/** The least grade that an answer shall have, and how long it may be held for that. */
export interface GradeWish {
  readonly grade: Grade
  readonly waitMs: number
}

/** Who is asked for the grade: the attester of the boot that signed, whatever boot runs by now. */
export interface Holding {
  readonly attester: Attester
  readonly wish: GradeWish
}

interface Held {
  readonly parts: { readonly lifecycle: Lifecycle }
  readonly signal: AbortSignal
}

export function readWish({ config }: GatewayParts, headers: IncomingHttpHeaders): GradeWish | undefined {
  const { grade, wait } = readPreferences(headers)
  return grade === undefined ? undefined : { grade, waitMs: boundedWaitMs(config, wait) }
}

async function reached(index: number, attester: Attester, { grade, waitMs }: GradeWish): Promise<boolean> {
  switch (grade) {
    case 'signed':
      return true
    case 'quoted':
      return (await attester.quoted(index, waitMs)) !== undefined
    case 'witnessed':
      return attester.witnessed(index, waitMs)
    default:
      return grade satisfies never
  }
}

/** Resolves when nobody waits for the answer any more, or the gateway stops serving: a hold must not keep it from ending. */
function released({ parts, signal }: Held): { readonly promise: Promise<false>; readonly cancel: () => void } {
  let release: () => void = () => {}
  const promise = new Promise<false>((resolve) => {
    release = () => resolve(false)
  })
  const stopListening = parts.lifecycle.onEnd(release)
  if (signal.aborted) release()
  signal.addEventListener('abort', release, { once: true })
  const cancel = (): void => {
    stopListening()
    signal.removeEventListener('abort', release)
  }
  return { promise, cancel }
}

/**
 * Waits for a durable receipt's grade. What was not reached costs nothing but the time: the receipt is final already.
 * @param index of the receipt's leaf
 * @returns the grade that it has
 */
export async function holdFor(held: Held, index: number, { attester, wish }: Holding): Promise<Grade> {
  const { promise, cancel } = released(held)
  try {
    if (await Promise.race([reached(index, attester, wish), promise])) return wish.grade
  } finally {
    cancel()
  }
  return wish.grade === 'witnessed' && (await reached(index, attester, { grade: 'quoted', waitMs: 0 }))
    ? 'quoted'
    : 'signed'
}
