/**
 * Makes attestation-fixtures/wire/answer.json: session, statement, receipt, leaf, checkpoint and proof, octet by octet, under fixed keys.
 * The file is frozen: a later version must still verify it. Run this only for a new profile.
 *
 *   npx esbuild test/tools/make-wire-vectors.ts --bundle --platform=node --format=esm --packages=external \
 *     --conditions=countersign-source --outfile=node_modules/.cache/make-wire-vectors.mjs
 *   node node_modules/.cache/make-wire-vectors.mjs
 */
import { writeFileSync } from 'node:fs'
import { createSimulatedPki, createSimulatedSnp } from '../../src/simulator/index.ts'
import { describeWire } from '../kit/describe-wire.ts'

const snp = await createSimulatedSnp({ pki: await createSimulatedPki() })
writeFileSync('attestation-fixtures/wire/answer.json', `${JSON.stringify(describeWire(snp), undefined, 1)}\n`)
