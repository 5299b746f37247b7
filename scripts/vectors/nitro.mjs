// Nitro: document.cbor, which carries its certificates. No register is pinned.
import {
  createNitroRoots,
  decodeNitroDocument,
  decodeNitroPolicy,
  verifyNitroDocument,
} from '../../dist/core/nitro/index.js'
import { MalformedError } from '../../dist/errors.js'
import { differing, hex, readOctets, timeOf } from './find.mjs'
import { NITRO_POLICY } from './policies.mjs'

const POLICY = decodeNitroPolicy(NITRO_POLICY)

export async function judgeNitro(folder, { expected }) {
  const document = readOctets(folder, 'document.cbor')
  const verdict = await verifyNitroDocument({ document }, POLICY, {
    at: timeOf(expected.at),
    userData: 'unchecked',
    nonce: 'unchecked',
    publicKey: 'unchecked',
    measurements: 'unchecked',
    roots: createNitroRoots({ roots: 'built-in', simulated: [] }),
  })
  const result = verdict.ok
    ? { got: 'accept', code: null }
    : { got: 'reject', code: verdict.code, detail: verdict.checks.find(({ status }) => status === 'fail')?.detail }
  const wrong = compareFields(document, expected)
  if (wrong.length > 0) return { ...result, right: false, detail: wrong.join('; ') }
  return { ...result, right: result.got === expected.verdict }
}

const COMPARED = ['module_id', 'timestamp_ms', 'public_key', 'user_data', 'nonce']

function compareFields(bytes, expected) {
  const listed = Object.fromEntries(COMPARED.filter((name) => name in expected).map((name) => [name, expected[name]]))
  try {
    const { moduleId, timestamp, publicKey, userData, nonce, pcrs } = decodeNitroDocument(bytes)
    const optional = (value) => (value === 'absent' ? null : hex(value))
    return differing(
      { ...listed, ...expected.measurements },
      {
        module_id: moduleId,
        timestamp_ms: timestamp,
        public_key: optional(publicKey),
        user_data: optional(userData),
        nonce: optional(nonce),
        ...Object.fromEntries([...pcrs].map(([index, value]) => [`pcr${index}`, hex(value)])),
      },
    )
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return expected.verdict === 'accept' ? ['the document does not parse'] : []
  }
}
