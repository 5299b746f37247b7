/** A list of revocations beside a program that runs for long: read again and again, and never taken back to an older one. @module */
import { decodeUtf8, encodeUtf8 } from '../../core/encoding/utf8.ts'
import type { RevocationJudge } from '../../core/evidence/given-judges.ts'
import type { Policy } from '../../core/policy.ts'
import { CountersignError } from '../../errors.ts'
import type { Records } from '../../receipt-store/index.ts'
import { type NamedOctets, type OpeningRevocations, openGivenList } from './given.ts'

/** Where the highest number is kept from one start to the next. */
export interface NumberMemory {
  read(): Promise<number>
  write(number: number): Promise<void>
}

export interface FollowOptions {
  readonly policy: Policy
  readonly atLeast: number
  /** Undefined where the caller has no place for it. */
  readonly memory: NumberMemory | undefined
  readList(): Promise<NamedOctets>
  warn(message: string): void
  now(): Date
}

export interface FollowedList {
  /** By the newest list that counted. */
  readonly judge: RevocationJudge
  /** Takes a newer list over; keeps the one at hand, and warns, where there is none that counts. Never rejects. */
  reload(): Promise<void>
}

const RECORD = 'revocations.seen'
const NUMBER = /^(?:0|[1-9]\d{0,15})$/

/** Beside what else is kept. What is there and is no number is no memory to go by: @throws CountersignError ERR_CONFIG */
export function createNumberMemory(records: Records, now: () => Date): NumberMemory {
  return {
    read: async () => {
      const octets = await records.read(RECORD)
      if (octets === undefined) return 0
      const text = decodeUtf8(octets)
      if (!NUMBER.test(text) || !Number.isSafeInteger(Number(text)))
        throw new CountersignError('ERR_CONFIG', `${RECORD} holds no number of a list of revocations`)
      return Number(text)
    },
    write: (number) => records.write(RECORD, { octets: encodeUtf8(String(number)), atMs: now().getTime() }),
  }
}

/**
 * Opens the list; at first whatever it is, since each verdict says what is wrong with it.
 * @throws UsageError, CountersignError ERR_CONFIG for what is no list
 */
export async function followRevocations({ memory, readList, warn, ...given }: FollowOptions): Promise<FollowedList> {
  let atLeast = Math.max(given.atLeast, (await memory?.read()) ?? 0)
  const opening = (): OpeningRevocations => ({ policy: given.policy, atLeast, now: given.now })
  const remember = async (number: number | undefined): Promise<void> => {
    // Of a list that nobody signed, or an older one, nothing is remembered.
    if (number === undefined || number < atLeast) return
    if (number > atLeast) await memory?.write(number)
    atLeast = number
  }
  let current = await openGivenList(await readList(), opening())
  await remember(current.number)
  const replace = async (): Promise<void> => {
    const found = await openGivenList(await readList(), opening())
    if (found.number === undefined) warn('the new list of revocations is signed by no key that policy names: not taken')
    else if (found.number < atLeast) warn(`list ${found.number} of revocations is older than ${atLeast}: not taken`)
    else {
      await remember(found.number)
      current = found
    }
  }
  return {
    judge: (check, demand, subject) => current.judge(check, demand, subject),
    reload: () =>
      replace().catch((error: unknown) => {
        warn(`the list of revocations: ${error instanceof CountersignError ? error.message : 'it cannot be read'}`)
      }),
  }
}
