/** Makes sessions: the keys and the document of one epoch. wire.md section 1. @module */
import { digestUri, sha256 } from '../../core/crypto/index.ts'
import { encodeHex } from '../../core/encoding/bytes.ts'
import { encodeJcs } from '../../core/encoding/jcs.ts'
import type { ResourceDescriptor } from '../../core/evidence/resource-descriptor.ts'
import { encodeBoot, encodeSession, SESSION_PROFILE, type Session } from '../../core/evidence/session.ts'
import type { Publisher } from '../../measure/publisher/index.ts'
import type { RunningSession } from '../boot/running-boot.ts'
import type { GatewayConfig } from '../config/index.ts'
import type { ServedModel } from '../upstream/types.ts'
import { SOFTWARE_NAME, SOFTWARE_VERSION } from '../version.ts'
import { type ChannelKeys, describeChannelKeys } from './channel-keys.ts'
import { createReceiptKey } from './keys.ts'
import { describeSoftware } from './software.ts'

/** What a session states. */
export interface SessionContents {
  /** 16 random octets, the same for all epochs of a boot. */
  readonly boot: Uint8Array
  readonly epoch: number
  /** Seconds since 1970. */
  readonly iat: number
  /** Vkey of the boot's log. */
  readonly log: string
  readonly config: GatewayConfig
  readonly models: readonly ServedModel[]
  readonly channels: ChannelKeys
}

/** Hexadecimal digits of a `sha256:` digest. */
export function hexOf(digest: string): string {
  return digest.slice('sha256:'.length)
}

function describeConfiguration({ digest }: GatewayConfig): ResourceDescriptor {
  return {
    name: 'measured-config',
    digest: { sha256: hexOf(digest) },
    annotations: { scheme: 'jcs', role: 'configuration', source: 'gateway' },
  }
}

/** Who signed the weights, as a URI: of a workflow as it is, of a person by mail, of a key its digest. */
function identityUri({ identity }: Publisher): string {
  return /^[a-z][a-z0-9+.-]*:/.test(identity) ? identity : `mailto:${identity}`
}

/** Models without a digest are left out: there is nothing to name. They are in the configuration all the same. */
function describeModels(models: readonly ServedModel[]): readonly ResourceDescriptor[] {
  return models
    .filter(({ claim }) => claim.digest !== 'none')
    .map(({ claim, upstream, weights, publisher }) => ({
      name: claim.name,
      ...(publisher === undefined ? {} : { uri: identityUri(publisher) }),
      digest: { sha256: hexOf(claim.digest) },
      annotations: {
        scheme: weights === undefined ? 'raw' : 'oms-v1',
        role: 'model',
        source: weights !== undefined || upstream === 'embedded' ? 'gateway' : 'operator',
      },
    }))
}

/** What the operator says of the model servers: JCS of what receipts then claim. */
function describeEngines({ measured }: GatewayConfig): readonly ResourceDescriptor[] {
  const engines = Object.values(measured.upstreams).flatMap((upstream) =>
    upstream.kind === 'http' && upstream.engine !== undefined ? [upstream.engine] : [],
  )
  return engines.map(({ name, version, determinism }) => ({
    name: `${name} ${version}`,
    digest: { sha256: encodeHex(sha256(encodeJcs({ name, version, determinism }))) },
    annotations: { scheme: 'jcs', role: 'engine', source: 'operator' },
  }))
}

/** Makes the session of an epoch, with a receipt key of its own. */
export async function createSession(contents: SessionContents): Promise<RunningSession> {
  const { boot, epoch, iat, log, config, models, channels } = contents
  const receiptKey = createReceiptKey()
  const session: Session = {
    eat_profile: SESSION_PROFILE,
    boot: encodeBoot(boot),
    epoch,
    iat,
    swname: SOFTWARE_NAME,
    swversion: [SOFTWARE_VERSION],
    keys: { receipt: receiptKey.jwk, log, ...describeChannelKeys(channels) },
    dependencies: [
      describeConfiguration(config),
      await describeSoftware(),
      ...describeModels(models),
      ...describeEngines(config),
    ],
  }
  const octets = encodeSession(session)
  return { session, octets, digest: digestUri(octets), receiptKey }
}
