/**
 * Part 10: the launch digest of SEV-SNP with a large initrd, beside the tool of the field over the same files: each a program that is started,
 * as people and pipelines start them. SHA-256 of one file is sequential: what it takes alone is shown too, in a process that runs and in one
 * that is started for nothing else, since nothing can be faster.
 */
import { spawn } from 'node:child_process'
import { createHash, randomFillSync } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encodeOvmf } from '../scripts/differential/snp-images.mjs'
import { makeSnpTool, SNP_TOOL } from '../scripts/differential/snp-peer.mjs'
import { interleave, median, ratio } from './statistics.mjs'

const MIB = 1024 * 1024
const CLI = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url))
const FIRMWARE_MEBIBYTES = 4
const COMMAND_LINE = 'console=ttyS0 root=/dev/vda1'
/** As a lock has a row for each. */
const SHAPES = [1, 2, 4, 8]
/** The peak since the program was loaded, unlike maxRSS of getrusage, which keeps what its parent had when it was forked. */
const NODE_PEAK = `data:text/javascript,${encodeURIComponent(
  `import { readFileSync, writeSync } from 'node:fs'
process.on('exit', () => writeSync(2, /VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]))`,
)}`
const PYTHON_PEAK = `import re, sys
from sevsnpmeasure.cli import main
main()
print(re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1], end='', file=sys.stderr)`

function makeFile(path, mebibytes) {
  const octets = Buffer.alloc(MIB)
  const file = openSync(path, 'wx')
  for (let i = 0; i < mebibytes; i++) writeSync(file, randomFillSync(octets))
  closeSync(file)
  return path
}

function makeFiles(folder, { kernelMebibytes, initrdMebibytes }) {
  mkdirSync(folder)
  const ovmf = join(folder, 'OVMF.fd')
  writeFileSync(ovmf, encodeOvmf({ size: FIRMWARE_MEBIBYTES * MIB }))
  return {
    ovmf,
    kernel: makeFile(join(folder, 'vmlinuz'), kernelMebibytes),
    initrd: makeFile(join(folder, 'initrd'), initrdMebibytes),
  }
}

function runToEnd(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const written = { out: '', err: '' }
    child.stdout.setEncoding('utf8').on('data', (text) => {
      written.out += text
    })
    child.stderr.setEncoding('utf8').on('data', (text) => {
      written.err += text
    })
    child.on('error', reject)
    child.on('close', (code) =>
      code === 0 ? resolve(written) : reject(new Error(`${program} failed: ${written.err}`)),
    )
  })
}

const common = ({ ovmf, kernel, initrd }) => [
  ...['--ovmf', ovmf, '--kernel', kernel, '--initrd', initrd],
  ...['--append', COMMAND_LINE, '--vcpu-type', 'EPYC-v4'],
]
const oursFor = (files, shapes) => ['measure', 'snp', ...common(files), '--vcpus', shapes.join(), '--json']
const toolFor = (files, vcpus) => ['--mode', 'snp', ...common(files), '--vcpus', String(vcpus)]

async function runOurs(files, shapes) {
  const { out } = await runToEnd(process.execPath, [CLI, ...oursFor(files, shapes)])
  return out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).measurements.measurement)
}

/** One launch at a time: it knows no other way. */
async function runTool({ program }, files, shapes) {
  const digests = []
  for (const vcpus of shapes) digests.push((await runToEnd(program, toolFor(files, vcpus))).out.trim())
  return digests
}

/** Both files, digested portion by portion: the least that anybody needs. */
const HASH_ALONE = `import { createHash } from 'node:crypto'
import { closeSync, openSync, readSync } from 'node:fs'
const portion = new Uint8Array(1024 * 1024)
for (const path of process.argv.slice(1)) {
  const file = openSync(path)
  const hash = createHash('sha256')
  for (let count; (count = readSync(file, portion)) > 0; ) hash.update(portion.subarray(0, count))
  closeSync(file)
  hash.digest()
}`

/** The floor of one launch, with the start of Node, which whoever is written for Node cannot do without. */
const hashInNode = ({ kernel, initrd }) =>
  runToEnd(process.execPath, ['--input-type=module', '-e', HASH_ALONE, kernel, initrd])

/** The same in a process that runs already. */
function hashAlone({ kernel, initrd }) {
  const portion = new Uint8Array(MIB)
  for (const path of [kernel, initrd]) {
    const file = openSync(path)
    const hash = createHash('sha256')
    for (;;) {
      const count = readSync(file, portion)
      if (count === 0) break
      hash.update(portion.subarray(0, count))
    }
    closeSync(file)
    hash.digest()
  }
}

async function measureShapes(bench, { files, tool, shapes }) {
  const variants = {
    ...(tool === undefined ? {} : { [SNP_TOOL.name]: () => runTool(tool, files, shapes) }),
    countersign: () => runOurs(files, shapes),
  }
  const digests = new Set()
  const times = await interleave(variants, bench.plan.launch.rounds, async (variant, name) => {
    bench.progress(`launch: ${shapes.length} shapes, ${name}`)
    const from = performance.now()
    digests.add((await variant()).join())
    return performance.now() - from
  })
  if (digests.size !== 1) throw new Error('the digests of one launch differ')
  return {
    shapes: shapes.length,
    ms: median(times.countersign),
    toolMs: tool === undefined ? undefined : median(times[SNP_TOOL.name]),
    faster: tool === undefined ? undefined : ratio(times[SNP_TOOL.name], times.countersign),
  }
}

/** Peak resident memory in MiB: with nothing to do, the highest of some runs with the launch, and the tool's. */
async function measureMemory(files, tool, rounds) {
  const peakOf = async (program, args) => Number((await runToEnd(program, args)).err) / 1024
  const node = ['--import', NODE_PEAK, CLI]
  const bare = await peakOf(process.execPath, [...node, 'measure', 'snp', '--help'])
  let whole = 0
  for (let round = 0; round < rounds; round++)
    whole = Math.max(whole, await peakOf(process.execPath, [...node, ...oursFor(files, SHAPES)]))
  const other = tool && (await peakOf(tool.interpreter, ['-c', PYTHON_PEAK, ...toolFor(files, 1)]))
  return { bare, whole, added: whole - bare, tool: other }
}

export async function benchLaunch(bench) {
  const folder = join(bench.scratch, 'launch')
  bench.progress('launch: making a kernel and an initrd')
  const files = makeFiles(folder, bench.plan.launch)
  try {
    const tool = makeSnpTool()
    const floors = { running: () => hashAlone(files), started: () => hashInNode(files) }
    const alone = await interleave(floors, bench.plan.launch.rounds, async (floor) => {
      const from = performance.now()
      await floor()
      return performance.now() - from
    })
    return {
      files: `kernel of ${bench.plan.launch.kernelMebibytes} MiB, initrd of ${bench.plan.launch.initrdMebibytes} MiB`,
      one: await measureShapes(bench, { files, tool, shapes: SHAPES.slice(0, 1) }),
      several: await measureShapes(bench, { files, tool, shapes: SHAPES }),
      hashAloneMs: median(alone.running),
      hashInNodeMs: median(alone.started),
      memory: process.platform === 'linux' ? await measureMemory(files, tool, bench.plan.launch.rounds) : undefined,
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}
