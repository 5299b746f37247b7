/** Who writes: the process that made the lease with the highest token. @module */
import { StateError } from '../../errors.ts'
import type { ObjectStore } from '../types.ts'
import {
  decodeLease,
  decodeTokens,
  encodeLease,
  fetchDocument,
  heartbeatFolder,
  heartbeatName,
  type Lease,
  type LeaseHolder,
  leaseName,
  writerFolder,
} from './documents.ts'
import type { ProcessFacts } from './process-facts.ts'

/** How often a holder shows that it lives. */
export const BEAT_MS = 1000
/** A holder on another kernel is believed dead when it was silent for so long, by the watcher's clock. */
const WATCH_MS = 5000
const LOOK_MS = 250
const MAX_HEARTBEAT = 1024

export interface LeasePlace {
  readonly store: ObjectStore
  readonly lineage: string
  readonly process: ProcessFacts
}

export interface TakenLease {
  readonly token: number
  readonly octets: Uint8Array
}

/**
 * Makes the next lease, unless the holder of the last one lives.
 * @throws StateError LOG_FENCED when it does, or when another process was faster
 */
export async function takeLease(place: LeasePlace): Promise<TakenLease> {
  const { store, lineage, process } = place
  const last = (await readTokens(store, lineage)).at(-1)
  if (last !== undefined) await requireVacant(place, last)
  const token = (last ?? 0) + 1
  const octets = encodeLease({ state: 'held', holder: holderOf(process) })
  if (!(await store.create(leaseName(lineage, token), octets)))
    throw new StateError('LOG_FENCED', `another process took lineage ${lineage} at the same moment`)
  try {
    await requireHighest(store, lineage, token)
  } catch (error) {
    // Whoever looked long ago may make a lease that was there and went, below the one that counts now.
    await store.remove([leaseName(lineage, token)])
    throw error
  }
  return { token, octets }
}

/** @throws StateError LOG_FENCED unless this token is there and none is above it */
export async function requireHighest(store: ObjectStore, lineage: string, token: number): Promise<void> {
  const highest = (await readTokens(store, lineage)).at(-1)
  if (highest === token) return
  throw new StateError(
    'LOG_FENCED',
    highest === undefined || highest < token
      ? `lease ${token} of lineage ${lineage} is gone: somebody removed it`
      : `lineage ${lineage} has another writer now (lease ${highest}, ours was ${token})`,
  )
}

/** Removes what the writers before this one left. */
export async function removeBefore(store: ObjectStore, lineage: string, token: number): Promise<void> {
  const leases = await readTokens(store, lineage)
  const heartbeats = decodeTokens(await store.list(heartbeatFolder(lineage)))
  await store.remove([
    ...leases.filter((each) => each < token).map((each) => leaseName(lineage, each)),
    ...heartbeats.filter((each) => each < token).map((each) => heartbeatName(lineage, each)),
  ])
}

export async function readTokens(store: ObjectStore, lineage: string): Promise<readonly number[]> {
  return decodeTokens(await store.list(writerFolder(lineage)))
}

function holderOf(process: ProcessFacts): LeaseHolder {
  const { machine, pid, start, bootId, pidNamespace } = process
  return { machine, pid, start, bootId, pidNamespace, nonce: process.nonce(), since: process.seconds() }
}

async function requireVacant(place: LeasePlace, token: number): Promise<void> {
  const { store, lineage } = place
  const lease = (await fetchDocument(store, leaseName(lineage, token), decodeLease))?.document
  // A lease goes only when a higher one is there.
  if (lease === undefined) throw new StateError('LOG_FENCED', `another process took lineage ${lineage} just now`)
  if (await isLiving(place, token, lease))
    throw new StateError('LOG_FENCED', `lineage ${lineage} has a writer: ${describeHolder(lease)}`)
}

function describeHolder(lease: Lease): string {
  if (lease.state === 'released') return 'none'
  const { machine, pid, since } = lease.holder
  return `process ${pid} on ${machine}, since ${new Date(since * 1000).toISOString()}; end it first`
}

async function isLiving(place: LeasePlace, token: number, lease: Lease): Promise<boolean> {
  if (lease.state === 'released') return false
  const { process } = place
  const { bootId, pidNamespace, pid, start } = lease.holder
  // Only in one and the same table does a process id say anything.
  const isOurTable =
    bootId !== '' && pidNamespace !== '' && bootId === process.bootId && pidNamespace === process.pidNamespace
  return isOurTable ? process.isAlive(pid, start) : isBeating(place, token)
}

/** The holder's clock and ours have nothing in common: what counts is that the value changes while we look. */
async function isBeating({ store, lineage, process }: LeasePlace, token: number): Promise<boolean> {
  const name = heartbeatName(lineage, token)
  const first = await store.read(name, MAX_HEARTBEAT)
  const begin = process.monotonicMs()
  for (let looks = 1; looks * LOOK_MS <= WATCH_MS || process.monotonicMs() - begin < WATCH_MS; looks++) {
    await process.wait(LOOK_MS)
    const seen = await store.read(name, MAX_HEARTBEAT)
    if (seen !== undefined && (first === undefined || Buffer.compare(first, seen) !== 0)) return true
  }
  return false
}
