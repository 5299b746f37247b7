/**
 * Judges what a guest said over its console: what the emulated security module has to do, and what a verifier has to say to its document.
 * `node judge.mjs CONSOLE [--measured MEASURED.json] [--save DOCUMENT.cbor]`; exit code 1 where anything is not as it has to be.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

const core = (path) => import(new URL(`../../../dist/core/${path}`, import.meta.url))
const { createNitroRoots, decodeNitroDocument, nitroConfigurationRegister, nitroMeasurements, STRICT_NITRO_POLICY } =
  await core('nitro/index.js')
const { verifyNitroDocument } = await core('nitro/index.js')
const { decodeNitroEnvelope } = await core('nitro/document.js')

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { measured: { type: 'string' }, save: { type: 'string' } },
})
const console_ = readFileSync(positionals[0], 'latin1')
const said = /-----BEGIN TRIAL-----\s([A-Za-z0-9+/=\s]+)-----END TRIAL-----/.exec(console_)?.[1]
if (said === undefined) {
  console.error(`The guest said nothing that can be read. The end of its console:\n${console_.slice(-3000)}`)
  process.exit(1)
}
const trial = JSON.parse(Buffer.from(said, 'base64').toString())
const octets = new Uint8Array(Buffer.from(trial.document, 'base64'))
if (values.save !== undefined) writeFileSync(values.save, octets)

const hex = (bytes) => Buffer.from(bytes).toString('hex')
const sha384 = (...parts) => createHash('sha384').update(Buffer.concat(parts)).digest()
let wrong = 0
const show = (name, value) => console.log(`  ${name.padEnd(16)} ${value}`)
function demand(what, ok) {
  if (!ok) wrong += 1
  console.log(`  ${ok ? '✓' : '✗'} ${what}`)
}

const envelope = decodeNitroEnvelope(octets)
const document = decodeNitroDocument(octets)
console.log(`A document of ${octets.length} octets from QEMU's security module`)
show('protected', `${hex(envelope.protectedHeader)}, ${envelope.unprotectedParameters} unprotected parameters`)
show(
  'signature',
  `${envelope.signature.length} octets${envelope.signature.every((octet) => octet === 0) ? ', all zero' : ''}`,
)
show('module id', document.moduleId)
show('timestamp', new Date(document.timestamp).toISOString())
show(
  'certificate',
  `${document.certificate.length} octets, of the bundle ${document.cabundle.map(({ length }) => length).join(', ')}`,
)
for (const [name, field] of [
  ['user data', document.userData],
  ['nonce', document.nonce],
  ['public key', document.publicKey],
])
  show(name, field === 'absent' ? field : hex(field))
for (const [index, content] of document.pcrs)
  if (content.some((octet) => octet !== 0)) show(`PCR${index}`, hex(content))
show(
  'zero',
  [...document.pcrs]
    .flatMap(([index, content]) => (content.every((octet) => octet === 0) ? [`PCR${index}`] : []))
    .join(' '),
)

console.log('\nThe module')
const { description, extended } = trial
demand(
  `says what it is: ${description.moduleId}, version ${description.version}, ${description.maxPcrs} registers`,
  description.digest === 'SHA384',
)
let register = Buffer.alloc(48)
for (const { data, register: seen } of extended) {
  register = sha384(register, Buffer.from(data, 'hex'))
  demand(`extends with ${data.length / 2} octets to SHA-384(old || octets)`, seen === hex(register))
}
const due = nitroConfigurationRegister(Buffer.from(trial.configuration, 'hex'))
demand('has PCR16 = SHA-384(0^48 || SHA-384(d)) in its document', hex(document.pcrs.get(16) ?? []) === hex(due))
demand('was measured into once, and is found so again', trial.measured.measured && trial.measuredAgain.measured)
demand(`refuses another configuration: ${trial.measuredOther.detail}`, !trial.measuredOther.measured)
demand(`refuses to extend what is locked: ${trial.extendedLocked}`, trial.extendedLocked.includes('ReadOnlyIndex'))
demand(`refuses to lock twice: ${trial.lockedTwice}`, trial.lockedTwice.includes('ReadOnlyIndex'))
demand(`has no register 32: ${trial.noSuchRegister}`, trial.noSuchRegister.includes('InvalidIndex'))
demand('names the registers in its document that are locked', `${[...document.pcrs.keys()]}` === `${trial.locked}`)
demand('leaves out PCR17, which is not locked', !document.pcrs.has(17))
demand(`gives ${trial.random.length / 2} random octets`, trial.random.length === 512 && !/^0+$/.test(trial.random))
demand(
  'puts the octets asked for into user_data',
  document.userData !== 'absent' && hex(document.userData) === trial.reportData,
)

console.log('\ncountersign doctor --quote --json, in the guest')
const found = trial.doctor.stdout === '' ? undefined : JSON.parse(trial.doctor.stdout)
demand(`exits with ${trial.doctor.status} ${trial.doctor.stderr}`.trim(), trial.doctor.status === 0)
demand(`takes the quoter ${found?.quoter}`, found?.quoter === 'nsm')
for (const { name, available, why } of found?.platforms ?? [])
  demand(`${name}: ${available}, ${why}`, available === (name === 'nitro'))
demand(`quote: ${JSON.stringify(found?.quote).slice(0, 160)}`, found?.quote?.ok === true)

if (values.measured !== undefined) {
  console.log('\nRegisters that QEMU computed from the image, and countersign measure nitro')
  const { measurements, signature } = JSON.parse(readFileSync(values.measured, 'utf8'))
  const seen = nitroMeasurements(document)
  for (const name of ['pcr0', 'pcr1', 'pcr2']) demand(`${name} ${seen[name]}`, seen[name] === measurements[name])
  const pcr8 = hex(document.pcrs.get(8) ?? [])
  demand(`pcr8 ${pcr8}, the certificate that signed the image`, pcr8 === signature.pcr8)
}

console.log('\nThe verifier')
const verdict = await verifyNitroDocument({ document: octets }, STRICT_NITRO_POLICY, {
  at: new Date(document.timestamp),
  userData: new Uint8Array(Buffer.from(trial.reportData, 'hex')),
  nonce: 'absent',
  publicKey: 'absent',
  measurements: [nitroMeasurements(document)],
  roots: createNitroRoots({ roots: 'built-in', simulated: [] }),
})
for (const { name, status, detail } of verdict.checks)
  if (status !== 'not-performed') show(name, `${status}: ${detail}`)
const failed = verdict.checks.find(({ status }) => status === 'fail')
demand(
  `refuses it: ${failed?.name}, ${verdict.ok ? 'ok' : verdict.code}`,
  !verdict.ok && verdict.code === 'COSE_ALG' && failed?.name === 'algorithm',
)

console.log(wrong === 0 ? '\nAll as it has to be.' : `\n${wrong} not as it has to be.`)
process.exitCode = wrong === 0 ? 0 : 1
