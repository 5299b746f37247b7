/** What a proxy trusts by: policy and lock as they were at its start, and the newest list of revocations. @module */
import { createFileRecords } from '../../client-node/receipt-files.ts'
import type { Trust } from '../../core/evidence/attestation.ts'
import type { Io } from '../command.ts'
import { readInput, readTrust, type TrustValues } from '../files.ts'
import { printable } from '../output.ts'
import { createNumberMemory, followRevocations } from '../revocations/follow.ts'
import { readAtLeast } from '../revocations/given.ts'

const RELOAD_MS = 60_000

export interface ProxyTrust {
  readonly trust: Trust
  close(): void
}

/** @throws CountersignError ERR_CONFIG, UsageError */
export async function readProxyTrust(
  { revocations: file, ...values }: TrustValues & { readonly store?: string | undefined },
  io: Io,
): Promise<ProxyTrust> {
  const atLeast = readAtLeast({ revocations: file, ...values })
  const { policy, lock, approval, 'trusted-root': root } = values
  const trust = await readTrust({ policy, lock, approval, 'trusted-root': root }, io)
  if (file === undefined) return { trust, close: () => undefined }
  const records = values.store === undefined ? undefined : await createFileRecords(values.store)
  const list = await followRevocations({
    policy: trust.policy,
    atLeast,
    memory: records && createNumberMemory(records, () => io.now()),
    readList: async () => ({ file, octets: await readInput(file) }),
    warn: (message) => io.err(`countersign: ${printable(message)}\n`),
    now: () => io.now(),
  })
  const timer = setInterval(() => void list.reload(), RELOAD_MS)
  timer.unref()
  return { trust: { ...trust, revocations: list.judge }, close: () => clearInterval(timer) }
}
