/** Reads the tlog-policy file that the configuration names. @module */
import { readFile } from 'node:fs/promises'
import { decodeWitnessPolicy, type WitnessPolicy } from '../../core/log/index.ts'
import { CountersignError, MalformedError } from '../../errors.ts'
import type { OperationalConfig } from './types.ts'

/** @throws CountersignError ERR_CONFIG for a file that cannot be read or does not decode */
export async function loadWitnessPolicy({ witnesses }: OperationalConfig): Promise<WitnessPolicy | 'none'> {
  if (witnesses === 'none') return 'none'
  const { policyFile } = witnesses
  try {
    return decodeWitnessPolicy(new Uint8Array(await readFile(policyFile)))
  } catch (cause) {
    const reason = cause instanceof MalformedError ? cause.message : 'it cannot be read'
    throw new CountersignError('ERR_CONFIG', `operational.witnesses.policyFile: ${policyFile}: ${reason}`, { cause })
  }
}
