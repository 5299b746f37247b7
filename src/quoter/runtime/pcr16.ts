/**
 * PCR16 of a Nitro enclave: extended once with 48 octets, then locked; registers that are not locked are in no document. formats.md, Session.
 *
 * ```
 * data  = SHA-384(d), d the 32 octets of the SHA-256 of the measured configuration (JCS)
 * PCR16 = SHA-384(0^48 || data)
 * ```
 * The configuration names each model with its digest, where the operator or a measured folder gives one. @module
 */
import { sha384 } from '../../core/crypto/index.ts'
import { isZero, sameBytes } from '../../core/encoding/bytes.ts'
import type { MeasurableSession, SessionMeasurement } from '../../core/evidence/quoter.ts'
import { CONFIGURATION_REGISTER, nitroConfigurationRegister } from '../../core/nitro/index.ts'
import { CountersignError } from '../../errors.ts'
import type { SecurityModule } from '../nsm/module.ts'

const MEASURED: SessionMeasurement = { measured: true, detail: 'PCR16 carries the configuration' }

/** @throws CountersignError ERR_QUOTE when the module fails */
export async function measureIntoPcr16(
  module: Pick<SecurityModule, 'describePcr' | 'extendPcr' | 'lockPcr'>,
  { configuration }: Pick<MeasurableSession, 'configuration'>,
): Promise<SessionMeasurement> {
  const due = nitroConfigurationRegister(configuration)
  const { locked, value } = await module.describePcr(CONFIGURATION_REGISTER)
  const isDue = sameBytes(value, due)
  if (locked) return isDue ? MEASURED : occupied('is locked over another configuration: only a new enclave has it free')
  if (!isDue) {
    if (!isZero(value)) return occupied('was extended by something else in this enclave')
    const extended = await module.extendPcr(CONFIGURATION_REGISTER, sha384(configuration))
    if (!sameBytes(extended, due))
      throw new CountersignError('ERR_QUOTE', 'PCR16 came to another value than it was extended to')
  }
  await module.lockPcr(CONFIGURATION_REGISTER)
  return MEASURED
}

function occupied(why: string): SessionMeasurement {
  return { measured: false, detail: `PCR16 ${why}` }
}
