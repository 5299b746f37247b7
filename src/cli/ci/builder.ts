/** Who is to have built what is measured, and the bundle that has to say so. @module */
import type { Measurements } from '../../core/measurement/measurements.ts'
import { type SignerTrust, verifyProvenance } from '../../provenance/index.ts'
import { UsageError } from '../command.ts'
import { readInput } from '../files.ts'
import type { Subject } from './subject.ts'

export interface BuilderTrust {
  readonly bundle: Uint8Array
  readonly published: Uint8Array
  readonly trust: SignerTrust
}

export interface BuilderValues {
  readonly provenance?: string | undefined
  readonly measurements?: string | undefined
  readonly 'trusted-root'?: string | undefined
  readonly issuer?: string | undefined
  readonly identity?: string | undefined
}

/** @returns undefined where nobody asks who built it. @throws UsageError where half of the question is asked */
export async function readBuilder(values: BuilderValues): Promise<BuilderTrust | undefined> {
  const { provenance, measurements, issuer, identity, 'trusted-root': root } = values
  if ([provenance, measurements, issuer, identity].every((value) => value === undefined)) return undefined
  if (
    provenance === undefined ||
    measurements === undefined ||
    issuer === undefined ||
    identity === undefined ||
    root === undefined
  )
    throw new UsageError(
      'provenance says nothing without the builder whom you trust',
      'Give --provenance, --measurements, --trusted-root, --issuer and --identity together.',
    )
  return {
    bundle: await readInput(provenance),
    published: await readInput(measurements),
    trust: { trustedRoot: await readInput(root), signers: [{ issuer, identity }] },
  }
}

/** Something measured, and where it was seen. */
export interface SeenMeasurement {
  readonly name: string
  readonly measured: Measurements
}

export async function judgeProvenance(
  { name, measured }: SeenMeasurement,
  { bundle, published, trust }: BuilderTrust,
): Promise<Subject> {
  const verdict = await verifyProvenance({ bundle, published, seen: measured }, trust)
  const builder = trust.signers.map(({ identity }) => identity).join(' or ')
  return { kind: 'provenance', name: `provenance of ${name}`, verdict, result: `built by ${builder}` }
}
