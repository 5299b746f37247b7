/**
 * What a client of boot-enclave.sh's trial sees: `node ask-enclave.mjs unsigned|signed URL FOLDER`, FOLDER being the trial's. Exit code 1
 * where anything is not as it has to be. `unsigned` is the image as it is, whose gateway believes its own evidence as little as anybody;
 * in `signed` the documents have a throw-away signature, and all that lies behind it can be judged.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:https'

const dist = (path) => import(new URL(`../../../dist/${path}`, import.meta.url))
const client = await dist('index.js')
const {
  challengeAnchor,
  createAttestedFetch,
  decodeArchive,
  decodeLock,
  decodeNitroDocument,
  defaultPolicy,
  receiptOf,
} = client
const { verifyAttestation } = client
const { createTlsChannel } = await dist('client-node/index.js')
const { importNitroPki } = await dist('simulator/index.js')
const { nitroConfigurationRegister } = await dist('core/nitro/index.js')

const [pass, base, folder] = process.argv.slice(2)
const read = (name) => readFileSync(`${folder}/${name}`, 'utf8')
const TIMEOUT_MS = 240_000
let wrong = 0
function demand(what, ok) {
  if (!ok) wrong += 1
  console.log(`  ${ok ? '✓' : '✗'} ${what}`)
}

/** Over TLS, whoever ends it: what is verified is verified below. */
function ask(path, body) {
  return new Promise((done, fail) => {
    const options = { method: body === undefined ? 'GET' : 'POST', rejectUnauthorized: false, timeout: TIMEOUT_MS }
    const sent = request(
      `${base}${path}`,
      { ...options, headers: { 'content-type': 'application/json' } },
      (answer) => {
        const parts = []
        const { subject } = answer.socket.getPeerCertificate()
        answer.on('data', (part) => parts.push(part))
        answer.on('error', fail)
        answer.on('end', () => done({ status: answer.statusCode, subject, octets: Buffer.concat(parts) }))
      },
    )
    sent.on('timeout', () => sent.destroy(new Error('nothing came back')))
    sent.on('error', fail)
    sent.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
const question = (model) => ({ model, messages: [{ role: 'user', content: 'What is a receipt?' }], max_tokens: 12 })
const shown = ({ status, octets }) => `${status} ${octets.toString().replaceAll(/\s+/g, ' ').slice(0, 240)}`

console.log('\nInward: TLS that ends in the enclave')
const ready = await ask('/readyz')
const { phase, evidence, log, upstreams } = JSON.parse(ready.octets)
demand(`/readyz: ${shown(ready)}`, phase === 'serving' && log === 'ok')
// That of the model `elsewhere`, which keeps the gateway from calling itself ready.
demand(`its upstream of no host on outward.json: ${upstreams}`, upstreams === 'an upstream does not answer')

console.log('\nOutward: the store beyond the parent')
const kept = readdirSync(`${folder}/buckets/history`, { recursive: true }).map(String)
demand(
  `the history has ${kept.length} objects, with a log of this boot`,
  kept.some((name) => name.startsWith('log/')),
)

if (pass === 'unsigned') await judgeUnsigned()
else await judgeSigned()

async function judgeUnsigned() {
  console.log('\nThe gateway and its own evidence')
  demand('says why: its document is signed by nobody', evidence.includes('COSE_ALG'))
  const answer = await ask('/v1/chat/completions', question('countersign-demo-2m'))
  demand(`gives no answer without evidence: ${shown(answer)}`, answer.status === 503)
}

async function judgeSigned() {
  const lock = decodeLock(read('lock.json'))
  const strict = defaultPolicy(lock, 'tls-spki')
  const { rootFingerprint } = importNitroPki(read('pki.json'))
  const policy = { ...strict, dangerouslyTrustSimulatedRoots: [rootFingerprint] }
  const channel = createTlsChannel({ binding: 'tls-spki', connectTimeoutMs: TIMEOUT_MS })
  const asked = (model) => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(question(model)),
  })

  console.log('\nA client that trusts the throw-away root, and nothing else beyond the lock')
  const fetch = createAttestedFetch({ policy, lock, channel })
  const response = await fetch(`${base}/v1/chat/completions`, asked('countersign-demo-2m'))
  const answer = await response.json()
  demand(`is answered: ${JSON.stringify(answer.choices?.[0].message.content ?? answer)}`, response.ok)
  const receipt = await (await receiptOf(response)).upgrade('quoted')
  for (const { name, status, detail } of receipt.checks)
    console.log(`    ${status.padEnd(13)} ${name.padEnd(18)} ${detail.slice(0, 110)}`)
  demand(`receipt ${receipt.claims.jti}: ${receipt.grade}, simulated`, receipt.grade === 'quoted' && receipt.simulated)

  console.log('\nOutward: a host that is not on outward.json')
  const elsewhere = await ask('/v1/chat/completions', question('elsewhere'))
  demand(`cannot be reached: ${shown(elsewhere)}`, elsewhere.status >= 500)

  console.log("\nA client with AWS's root alone")
  const refused = await createAttestedFetch({ policy: strict, lock, channel })(`${base}/v1/models`).catch(
    (error) => error,
  )
  demand(
    `refuses the signed document: ${refused.failed?.name}, ${refused.failure}`,
    refused.failure === 'SIMULATED_EVIDENCE',
  )

  const nonce = Buffer.alloc(32, 7)
  const noncedAt = new Date()
  const challenge = await ask(`/v1/attestation?nonce=${nonce.toString('base64url')}&wait=60`)
  const archive = decodeArchive(new Uint8Array(challenge.octets))
  const document = decodeNitroDocument(archive.quote.document)
  const same = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)) === 0
  const unsigned = [...read('enclave.console').matchAll(/^trial: document (\S+)/gm)]
    .map(([, text]) => new Uint8Array(Buffer.from(text, 'base64')))
    .find((octets) => same(decodeNitroDocument(octets).userData, document.userData))
  demand("QEMU's own document of that statement came over the console", unsigned !== undefined)
  const anchor = challengeAnchor({ nonce: new Uint8Array(nonce), noncedAt, at: new Date(), proof: archive.proof })
  const trust = { policy: strict, lock }
  const verdict = await verifyAttestation({ ...archive, quote: { tee: 'nitro', document: unsigned } }, trust, anchor)
  const failed = verdict.checks.filter(({ status }) => status === 'fail')
  for (const { name, status, detail } of verdict.checks)
    if (status !== 'not-performed') console.log(`    ${status.padEnd(13)} ${name.padEnd(18)} ${detail.slice(0, 110)}`)
  demand(
    `refuses QEMU's own document: ${failed.map(({ name }) => name)}, ${verdict.code}`,
    !verdict.ok && verdict.code === 'COSE_ALG' && failed.length === 1 && failed[0].name === 'nitro.algorithm',
  )

  console.log('\nThe registers of that document')
  const hex = (octets) => Buffer.from(octets).toString('hex')
  const { measurements } = JSON.parse(read('measured.json'))
  for (const index of [0, 1, 2])
    demand(
      `PCR${index} is what countersign measure nitro computes from the image`,
      hex(document.pcrs.get(index)) === measurements[`pcr${index}`],
    )
  const configuration = Buffer.from(lock.rows[0].config.slice('sha256:'.length), 'hex')
  demand(
    'PCR16 is that of the measured configuration',
    same(document.pcrs.get(16), nitroConfigurationRegister(configuration)),
  )
}

console.log(wrong === 0 ? '' : `\n${wrong} not as it has to be.`)
process.exit(wrong === 0 ? 0 : 1)
