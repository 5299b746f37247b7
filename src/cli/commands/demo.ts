/** `countersign demo`: one attested answer from the embedded model on a simulated TEE, then altered ones that must fail. @module */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readLock, readPolicy } from '../../client-node/trust-files.ts'
import { decodeArchive, encodeArchive } from '../../core/archive/index.ts'
import { createDefaultConfig } from '../../server/config/index.ts'
import type { Command, Io } from '../command.ts'
import { ask } from '../demo/ask.ts'
import { type HeldAnswer, type Tampered, tamper, verifyHeld } from '../demo/tamper.ts'
import { EXIT_NOT_VERIFIED, EXIT_OK } from '../exit-codes.ts'
import { paint, renderChecks, SIMULATED_BANNER } from '../output.ts'
import { startTrialGateway } from '../trial-gateway.ts'

const HELP = `countersign demo [--out DIR] [--question TEXT] [--json]

Starts a gateway with the embedded model on a simulated TEE, asks it a question through the OpenAI SDK, verifies the answer down to the
(simulated) hardware root, then alters one byte of each part and shows which check notices. Needs no network, key or hardware.

  --out DIR         leave policy, lock, archive, its parts and altered archives there (default: a folder for temporary files)
  --question TEXT   what to ask
  --json            one JSON object

Example: countersign demo --out ./countersign-demo
`

const QUESTION = 'What does a receipt prove?'

function encodeHeld({ archive, receipt, proof, request, response }: HeldAnswer): Uint8Array {
  const mediaType = 'application/json'
  return encodeArchive({
    ...archive,
    receipt,
    proof,
    request: { mediaType, octets: request },
    response: { mediaType, octets: response },
  })
}

/** Everything that the demo leaves behind, for the person to go on with: the archive that verifies, and those that must not. */
async function writeFiles(folder: string, held: HeldAnswer, tampered: readonly Tampered[]): Promise<void> {
  await writeFile(join(folder, 'answer.cmw.json'), encodeHeld(held))
  await writeFile(join(folder, 'receipt.txt'), held.receipt)
  await writeFile(join(folder, 'request.json'), held.request)
  await writeFile(join(folder, 'response.json'), held.response)
  await mkdir(join(folder, 'tampered'), { recursive: true })
  for (const { what, held: altered } of tampered)
    await writeFile(join(folder, 'tampered', `${what}.cmw.json`), encodeHeld(altered))
}

const shownOf = ({ what, failed, code }: Tampered): object => ({ what, failed, code })

function renderTampered(tampered: readonly Tampered[], colour: boolean): string {
  return tampered
    .map(({ what, failed, code }) => `  ${paint('✗', '31', colour)} ${what.padEnd(9)} -> ${failed.padEnd(26)} ${code}`)
    .join('\n')
}

function renderNext(folder: string): string {
  return `
Look further:
  countersign verify ${join(folder, 'answer.cmw.json')} --policy ${join(folder, 'countersign.policy.json')} --lock ${join(folder, 'countersign.lock.json')}
  countersign inspect ${join(folder, 'answer.cmw.json')}
  countersign serve --simulated --dangerously-no-api-keys

Altered archives, each of which must fail: ${join(folder, 'tampered')}
In a checkout, countersign is: node dist/cli/main.js
`
}

/** Runs the demo; true when the answer verified and every alteration was noticed. */
async function runDemo(
  options: { readonly folder: string; readonly question: string; readonly json: boolean },
  io: Io,
): Promise<boolean> {
  const { folder, question, json } = options
  await mkdir(folder, { recursive: true })
  const config = createDefaultConfig({
    env: { COUNTERSIGN_LISTEN_PORT: '0', COUNTERSIGN_DATA_DIR: join(folder, 'data'), COUNTERSIGN_LOG: 'none' },
  })
  const { gateway, url, policyFile, lockFile } = await startTrialGateway({ config, folder, lineage: 'continue' }, io)
  try {
    const trust = { policy: await readPolicy(policyFile), lock: await readLock(lockFile) }
    const [model] = config.measured.models
    io.err(`countersign: asking ${model?.id ?? ''} on ${url}\n`)
    const asked = await ask({ baseURL: `${url}/v1`, model: model?.id ?? '', text: question, trust })
    io.err('countersign: waiting until the hardware (simulated) has quoted the log\n')
    const quoted = await asked.receipt.upgrade('quoted')
    const archive = decodeArchive(quoted.archive ?? new Uint8Array(0))
    const held = {
      archive,
      receipt: quoted.token,
      proof: archive.proof ?? '',
      request: asked.request,
      response: asked.response,
    }
    const at = io.now()
    const verdict = await verifyHeld(held, trust, at)
    const tampered = await tamper(held, trust, at)
    await writeFiles(folder, held, tampered)
    const noticed = tampered.every(({ failed }) => failed !== 'none')
    const { simulated } = verdict
    const grade = verdict.ok ? verdict.value.grade : 'none'
    if (json) io.out(`${JSON.stringify({ verified: verdict.ok, simulated, grade, tampered: tampered.map(shownOf) })}\n`)
    else {
      io.out(`${paint(SIMULATED_BANNER, '33;1', io.colour)}\n\nQuestion: ${question}\nAnswer:   ${asked.answer}\n\n`)
      io.out(`From the answer to the root (grade ${grade}):\n${renderChecks(quoted.checks, { colour: io.colour })}\n\n`)
      io.out(`One byte altered in each part, and the check that notices:\n${renderTampered(tampered, io.colour)}\n`)
      io.out(renderNext(folder))
    }
    return verdict.ok && noticed
  } finally {
    await gateway.close()
  }
}

export const command: Command = {
  summary: 'one attested answer on a simulated TEE, then altered ones that must fail',
  help: HELP,
  async run(args, io) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        out: { type: 'string' },
        question: { type: 'string', default: QUESTION },
        json: { type: 'boolean', default: false },
      },
    })
    const folder = values.out ?? (await mkdtemp(join(tmpdir(), 'countersign-demo-')))
    const ok = await runDemo({ folder, question: values.question, json: values.json }, io)
    return ok ? EXIT_OK : EXIT_NOT_VERIFIED
  },
}
