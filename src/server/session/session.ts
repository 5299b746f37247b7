/** Begins a session: keys, session document, genesis, log. wire.md sections 1 and 4. @module */
import { join } from 'node:path'
import { digestUri } from '../../core/crypto/index.ts'
import { encodeJcs } from '../../core/encoding/jcs.ts'
import type { ResourceDescriptor } from '../../core/evidence/resource-descriptor.ts'
import { encodeBoot, encodeSession, SESSION_PROFILE, type Session } from '../../core/evidence/session.ts'
import { encodeVkey, logOrigin, noteKey } from '../../core/log/index.ts'
import type { CountersignError } from '../../errors.ts'
import type { GatewayConfig } from '../config/index.ts'
import type { ResolvedDeps } from '../deps.ts'
import { createReceiptLog, type ReceiptLog } from '../log/index.ts'
import type { ServedModel } from '../upstream/types.ts'
import { SOFTWARE_NAME, SOFTWARE_VERSION } from '../version.ts'
import type { BootClock } from './boot-clock.ts'
import { findPreviousLog, type PreviousLog } from './earlier-logs.ts'
import { createLogKey, createReceiptKey, type ReceiptKey } from './keys.ts'
import { describeSoftware } from './software.ts'
import { replaceFile } from './whole-file.ts'

/** What one boot runs under. */
export interface RunningSession {
  readonly session: Session
  /** Verbatim: every digest covers exactly these. */
  readonly octets: Uint8Array
  /** `sha256:` of the octets. */
  readonly digest: string
  /** 16 random octets. */
  readonly boot: Uint8Array
  readonly receiptKey: ReceiptKey
  readonly log: ReceiptLog
}

const BOOT_SIZE = 16

function hex(digest: string): string {
  return digest.slice('sha256:'.length)
}

function describeConfiguration({ digest }: GatewayConfig): ResourceDescriptor {
  return {
    name: 'measured-config',
    digest: { sha256: hex(digest) },
    annotations: { scheme: 'jcs', role: 'configuration', source: 'gateway' },
  }
}

/** Models without a digest are left out: there is nothing to name. They are in the configuration all the same. */
function describeModels(models: readonly ServedModel[]): readonly ResourceDescriptor[] {
  return models
    .filter(({ claim }) => claim.digest !== 'none')
    .map(({ claim, upstream }) => ({
      name: claim.name,
      digest: { sha256: hex(claim.digest) },
      annotations: { scheme: 'raw', role: 'model', source: upstream === 'embedded' ? 'gateway' : 'operator' },
    }))
}

function encodeGenesis(session: string, previous: PreviousLog): Uint8Array {
  return encodeJcs({ session, previous: { ...previous } })
}

/**
 * @param onLogFailure called once when the log cannot be made durable any more: the boot is over
 * @throws CountersignError ERR_LOG_APPEND, ERR_CONFIG
 */
export async function beginSession(
  { config, upstreams, random, files }: ResolvedDeps,
  clock: BootClock,
  onLogFailure: (error: CountersignError) => void,
): Promise<RunningSession> {
  const { host } = config.measured
  const { dataDir } = config.operational
  const receiptKey = createReceiptKey()
  const signer = createLogKey()
  const boot = random(BOOT_SIZE)
  const session: Session = {
    eat_profile: SESSION_PROFILE,
    boot: encodeBoot(boot),
    epoch: 0,
    iat: clock.seconds(),
    swname: SOFTWARE_NAME,
    swversion: [SOFTWARE_VERSION],
    keys: {
      receipt: receiptKey.jwk,
      log: encodeVkey(noteKey(logOrigin(host, signer.publicKey), signer.publicKey)),
      tls_spki_sha256: [],
    },
    dependencies: [describeConfiguration(config), await describeSoftware(), ...describeModels(upstreams.models())],
  }
  const octets = encodeSession(session)
  const digest = digestUri(octets)
  const genesis = encodeGenesis(digest, await findPreviousLog(dataDir, files))
  const log = await createReceiptLog({ directory: dataDir, host, signer, files, onFailure: onLogFailure }, genesis)
  await replaceFile(files, join(log.directory, 'session', hex(digest)), octets)
  return { session, octets, digest, boot, receiptKey, log }
}
