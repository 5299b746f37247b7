/**
 * First process of the guest: asks the emulated security module through the code that the gateway has for it, says over the serial console what
 * came back, and ends the guest. judge.mjs, outside, decides what of it is right.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createNitroQuoter, createNsmDevice, systemTimers } from '/countersign/dist/quoter/index.js'
import { SecurityModule } from '/countersign/dist/quoter/nsm/module.js'

const RESTART = 0x01234567 // LINUX_REBOOT_CMD_RESTART
const RESERVED = 16
const TRIED = 17
const DOCTOR_MS = 240_000

const libc = createRequire('/countersign/package.json')('koffi').load(null)
const mount = libc.func(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, void *options)',
)
const reboot = libc.func('int reboot(int command)')

function prepare() {
  for (const [type, target] of [
    ['proc', '/proc'],
    ['sysfs', '/sys'],
    ['devtmpfs', '/dev'],
  ]) {
    mkdirSync(target, { recursive: true })
    if (mount(type, target, type, 0, null) !== 0) throw new Error(`${target} cannot be mounted`)
  }
}

const say = (text) => console.log(`guest: ${text}`)
const hex = (octets) => Buffer.from(octets).toString('hex')
const digest = (text) => new Uint8Array(createHash('sha256').update(text).digest())
/** What was refused, in the module's words. */
const refusal = (promise) =>
  promise.then(
    () => 'not refused',
    (error) => error.message,
  )

/** In an enclave the first sixteen are locked before anything runs; a microvm leaves that to its guest. */
async function lockReserved(module, { lockedPcrs }) {
  const open = Array.from({ length: RESERVED }, (_, index) => index).filter((index) => !lockedPcrs.includes(index))
  for (const index of open) await module.lockPcr(index)
  return open
}

async function examine() {
  const module = new SecurityModule(createNsmDevice(), systemTimers)
  const quoter = createNitroQuoter(module)
  const description = await module.describe()
  const lockedHere = await lockReserved(module, description)

  const pieces = [Buffer.from('first'), Buffer.alloc(100, 0xa5)]
  const extended = []
  for (const piece of pieces) extended.push({ data: hex(piece), register: hex(await module.extendPcr(TRIED, piece)) })

  const configuration = digest('the measured configuration of a trial')
  const measured = await quoter.measureSession({ configuration })
  const reportData = Uint8Array.from({ length: 64 }, (_, index) => index + 1)
  const result = {
    description,
    lockedHere,
    extended,
    configuration: hex(configuration),
    measured,
    measuredAgain: await quoter.measureSession({ configuration }),
    measuredOther: await quoter.measureSession({ configuration: digest('another configuration') }),
    extendedLocked: await refusal(module.extendPcr(RESERVED, Buffer.from('late'))),
    lockedTwice: await refusal(module.lockPcr(RESERVED)),
    noSuchRegister: await refusal(module.describePcr(32)),
    random: hex(await module.random()),
    reportData: hex(reportData),
    document: Buffer.from((await quoter.quote(reportData)).document).toString('base64'),
    locked: (await module.describe()).lockedPcrs,
  }
  await quoter.close()
  return result
}

/** As an operator runs it, up to its end: a thread that it left behind would keep it. */
function askDoctor() {
  const program = ['/countersign/dist/cli/main.js', 'doctor', '--quote', '--json']
  const { status, stdout, stderr } = spawnSync(process.execPath, program, { encoding: 'utf8', timeout: DOCTOR_MS })
  return { status, stdout, stderr: stderr.slice(-2000) }
}

try {
  say('node runs')
  prepare()
  say('asking the security module')
  const seen = await examine()
  say('asking doctor')
  const trial = { ...seen, doctor: askDoctor() }
  const lines = Buffer.from(JSON.stringify(trial))
    .toString('base64')
    .match(/.{1,76}/g)
  console.log(['', '-----BEGIN TRIAL-----', ...lines, '-----END TRIAL-----', ''].join('\n'))
} catch (error) {
  say(error.stack)
} finally {
  reboot(RESTART)
}
