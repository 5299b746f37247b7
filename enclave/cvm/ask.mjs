/**
 * Asks a trial's gateway one question through the client and prints what verified: node enclave/cvm/ask.mjs URL REFERENCES
 * REFERENCES is what the trial told of itself over its own port: a policy that trusts its throw-away root, and its lock.
 */
import { readFileSync } from 'node:fs'
import { createTlsChannel } from '../../dist/client-node/index.js'
import { createAttestedFetch, decodeLock, decodePolicy, receiptOf } from '../../dist/index.js'

const [base, references] = process.argv.slice(2)
if (references === undefined) throw new Error('usage: node enclave/cvm/ask.mjs URL REFERENCES')
const told = JSON.parse(readFileSync(references, 'utf8'))
const lock = decodeLock(JSON.stringify(told.lock))
// The trial's own policy leaves the channel unchecked; here the connection must end in the key that the session names.
const policy = decodePolicy(JSON.stringify({ ...told.policy, live: { ...told.policy.live, channel: ['tls-spki'] } }))

const fetch = createAttestedFetch({ policy, lock, channel: createTlsChannel({ binding: 'tls-spki' }) })
const response = await fetch(`${base}/v1/chat/completions`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    model: 'countersign-demo-2m',
    messages: [{ role: 'user', content: 'What is a receipt?' }],
    max_tokens: 24,
  }),
})
const answer = await response.json()
if (!response.ok) throw new Error(`the gateway answered ${response.status}: ${JSON.stringify(answer)}`)
// Throws where anything fails: an answer that does not verify is none.
const receipt = await (await receiptOf(response)).upgrade('quoted')
console.log(`answer: ${JSON.stringify(answer.choices[0].message.content)}`)
console.log(`receipt ${receipt.claims.jti}: ${receipt.grade}${receipt.simulated ? ', simulated' : ''}`)
for (const { name, status, detail } of receipt.checks)
  console.log(`  ${status.padEnd(13)} ${name.padEnd(16)} ${detail}`)

// The same answer under a lock that names another measurement must be refused.
const other = decodeLock(
  JSON.stringify({
    ...told.lock,
    rows: told.lock.rows.map((row) => ({ ...row, measurements: { measurement: 'ab'.repeat(48) } })),
  }),
)
try {
  await createAttestedFetch({ policy, lock: other, channel: createTlsChannel({ binding: 'tls-spki' }) })(
    `${base}/v1/models`,
  )
  console.log('under a lock with another measurement: taken, which must not be')
  process.exitCode = 1
} catch (error) {
  console.log(`under a lock with another measurement: refused: ${error.failure ?? error.message}`)
}
// A pool of connections would keep this process up.
process.exit()
