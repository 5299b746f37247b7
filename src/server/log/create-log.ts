/** Begins the log of a boot: directory, lock, genesis, first group. @module */
import { dirname, join } from 'node:path'
import { encodeBase64Url } from '../../core/encoding/base64.ts'
import { encodeUtf8 } from '../../core/encoding/utf8.ts'
import { createEntry, logOrigin } from '../../core/log/index.ts'
import { DurableFiles } from './durable-files.ts'
import { FailureLatch } from './failure-latch.ts'
import { type FileSystem, nodeFiles } from './file-system.ts'
import { FileReceiptLog } from './receipt-log.ts'
import type { LogDeps, ReceiptLog } from './types.ts'
import { WAL_FILE } from './wal-format.ts'

/**
 * Begins the log of this boot and makes its genesis entry durable.
 *
 * @param genesis JCS octets of the genesis record: the preimage of entry 0
 * @throws CountersignError ERR_LOG_APPEND when the directory cannot be written or another process writes this log; ERR_CONFIG for the host
 * @example
 * const log = await createReceiptLog({ directory: '/var/lib/countersign', host: 'gw.example.com', signer }, genesis)
 * await log.recordIntent(intent)
 * const { index, durable } = log.appendReceipt({ entry, jti, sealed, intent })
 * await durable
 */
export async function createReceiptLog(deps: LogDeps, genesis: Uint8Array): Promise<ReceiptLog> {
  const { host, signer, files = nodeFiles, onFailure = () => {} } = deps
  const origin = logOrigin(host, signer.publicKey)
  const directory = join(deps.directory, 'log', encodeBase64Url(signer.publicKey))
  const latch = new FailureLatch(onFailure)
  try {
    const durable = await openDirectory(files, deps.directory, directory)
    await durable.replace(join(directory, 'genesis'), genesis)
    const file = await files.create(join(directory, 'wal', WAL_FILE))
    await durable.settle()
    await files.syncDirectory(join(directory, 'wal'))
    const log = new FileReceiptLog({ origin, directory, signer, files, durable, file, latch })
    await log.begin(createEntry('genesis', genesis))
    return log
  } catch (cause) {
    throw latch.trip(cause)
  }
}

/** Makes the directory and takes its lock: a second writer finds the lock there. A log is never written by a second boot. */
async function openDirectory(files: FileSystem, root: string, directory: string): Promise<DurableFiles> {
  await files.createDirectory(root)
  await files.syncDirectory(dirname(root))
  const durable = new DurableFiles(files, root)
  await durable.ensureDirectory(directory)
  const lock = await files.create(join(directory, 'lock'))
  try {
    await lock.append(encodeUtf8(`${process.pid}\n`))
    await lock.sync()
  } finally {
    await lock.close()
  }
  await durable.ensureDirectory(join(directory, 'wal'))
  return durable
}
