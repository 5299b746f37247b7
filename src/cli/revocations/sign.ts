/** `countersign revocations sign`: a list as somebody wrote it, checked and signed. @module */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { open, rename, rm } from 'node:fs/promises'
import { decodeUtf8, encodeUtf8 } from '../../core/encoding/utf8.ts'
import {
  decodeRevocationList,
  type RevocationList,
  type RevocationSigner,
  signRevocations,
} from '../../core/revocation/index.ts'
import { openToken } from '../../core/revocation/token.ts'
import { CountersignError, MalformedError } from '../../errors.ts'
import { UsageError } from '../command.ts'
import { readInput } from '../files.ts'

const YEAR_MS = 366 * 86_400_000

export interface Signing {
  /** The list as JSON. */
  readonly list: string
  readonly out: string
  /** The list that was published last, where it is not what lies at `out`. */
  readonly previous: string | undefined
  /** Keys beside the signer's own by which the previous list counts. */
  readonly keys: readonly string[]
  readonly now: Date
}

export interface SignedList {
  readonly list: RevocationList
  /** What the lists before named and this one does not. */
  readonly dropped: readonly string[]
}

async function readAs<T>(file: string, decode: (text: string) => T | Promise<T>): Promise<T> {
  const octets = await readInput(file)
  try {
    return await decode(decodeUtf8(octets))
  } catch (cause) {
    if (!(cause instanceof MalformedError)) throw cause
    throw new CountersignError('ERR_CONFIG', `${file}: ${cause.failure}: ${cause.message}`, { cause })
  }
}

function checkTimes({ issuedAt, expiresAt }: RevocationList, now: Date): void {
  if (expiresAt <= now) throw new UsageError('the list has ended already', 'Set expiresAt to a time that is to come.')
  if (expiresAt.getTime() - now.getTime() > YEAR_MS)
    throw new UsageError('the list would count for more than a year', 'Set expiresAt sooner, and sign again before.')
  if (issuedAt > now) throw new UsageError('the list begins later than now', 'Set issuedAt to the time of now.')
}

/** Entries without their reasons: the same thing for another reason is still revoked. */
export function entriesOf({ boots, chips, measurements, models }: RevocationList): readonly string[] {
  return [
    ...boots.map(({ session }) => `session ${session}`),
    ...chips.map(({ platform, id }) => `machine ${platform} ${id}`),
    ...measurements.map(
      ({ platform, measurements: registers }) => `measurement ${platform} ${JSON.stringify(registers)}`,
    ),
    ...models.map(({ digest }) => `model ${digest}`),
  ]
}

/** What was published last, and what would be replaced: a newer list that lies there counts too, and what is no list is not lost. */
async function readPrevious(
  { previous, out, keys }: Signing,
  signer: RevocationSigner,
): Promise<readonly RevocationList[]> {
  const files = [...(previous === undefined ? [] : [previous]), ...(existsSync(out) ? [out] : [])]
  const lists: RevocationList[] = []
  for (const file of new Set(files)) {
    const { list, signedBy } = await readAs(file, (text) => openToken(text, [signer.key, ...keys]))
    // An older list in its place would let a number be given twice.
    if (signedBy === 'none')
      throw new UsageError(
        `${file} is not signed by this key`,
        'Where the key is new, name the policy that has both: --policy FILE.',
      )
    lists.push(list)
  }
  return lists
}

async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`
  try {
    const file = await open(draft, 'wx', 0o644)
    try {
      await file.writeFile(encodeUtf8(text))
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
  } catch (cause) {
    throw new CountersignError('ERR_CONFIG', `${path} cannot be written`, { cause })
  } finally {
    await rm(draft, { force: true })
  }
}

/** @throws UsageError for a number that is not above the one before, and for times that no verifier would take; CountersignError ERR_CONFIG */
export async function signList(signing: Signing, signer: RevocationSigner): Promise<SignedList> {
  const list = await readAs(signing.list, decodeRevocationList)
  checkTimes(list, signing.now)
  const before = await readPrevious(signing, signer)
  const newest = Math.max(...before.map(({ number }) => number))
  if (list.number <= newest)
    throw new UsageError(
      `the list before has number ${newest}, and this one ${list.number}`,
      'Set number to a higher one: verifiers refuse an older list.',
    )
  await writeWhole(signing.out, `${await signRevocations(list, signer)}\n`)
  const now = new Set(entriesOf(list))
  return { list, dropped: [...new Set(before.flatMap(entriesOf))].filter((entry) => !now.has(entry)) }
}
