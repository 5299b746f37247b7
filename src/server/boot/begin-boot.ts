/** Begins a boot: keys, session document, genesis, log. wire.md sections 1 and 4. @module */
import { join } from 'node:path'
import { encodeJcs } from '../../core/encoding/jcs.ts'
import { encodeVkey, logOrigin, noteKey } from '../../core/log/index.ts'
import type { CountersignError } from '../../errors.ts'
import { createFileStore } from '../../storage/index.ts'
import type { ResolvedDeps } from '../deps.ts'
import { createReceiptLog } from '../log/index.ts'
import type { BootClock } from '../session/boot-clock.ts'
import { findPreviousLog } from '../session/earlier-logs.ts'
import { createLogKey } from '../session/keys.ts'
import { createSession, hexOf } from '../session/session.ts'
import { replaceFile } from '../session/whole-file.ts'
import { Boot } from './boot.ts'

const BOOT_SIZE = 16

/**
 * @param onLogFailure called once when the log cannot be made durable any more: the boot is over
 * @throws CountersignError ERR_LOG_APPEND, ERR_CONFIG
 */
export async function beginBoot(
  { config, upstreams, random, files }: ResolvedDeps,
  clock: BootClock,
  onLogFailure: (error: CountersignError) => void,
): Promise<Boot> {
  const { host } = config.measured
  const { dataDir } = config.operational
  const signer = createLogKey()
  const octets = random(BOOT_SIZE)
  const vkey = encodeVkey(noteKey(logOrigin(host, signer.publicKey), signer.publicKey))
  const contents = { boot: octets, epoch: 0, iat: clock.seconds(), log: vkey, config, models: upstreams.models() }
  const session = await createSession(contents)
  const previous = await findPreviousLog(dataDir, files)
  const genesis = encodeJcs({ session: session.digest, previous: { ...previous } })
  const log = await createReceiptLog({ directory: dataDir, host, signer, files, onFailure: onLogFailure }, genesis)
  await replaceFile(files, join(log.directory, 'session', hexOf(session.digest)), session.octets)
  const earlier = { ids: () => [], open: async () => undefined, bootOctets: async () => undefined }
  return new Boot({ octets, log, session, store: createFileStore(dataDir), earlier })
}
