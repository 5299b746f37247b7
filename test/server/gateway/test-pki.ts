/** One throw-away PKI for all test runs on a machine: its two RSA keys take seconds to make. @module */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSimulatedPki, exportPki, importPki, type SimulatedPki } from '../../../src/simulator/index.ts'
import { simulatedClock } from '../../kit/simulated-clock.ts'

export const PKI_FILE: string = join(tmpdir(), 'countersign-test-pki-3.json')

/** Read back, or made and written whole: two workers may do so at once, and the later one wins. */
export async function testPki(): Promise<SimulatedPki> {
  const stored = await readStored()
  if (stored !== undefined) return stored
  const pki = await createSimulatedPki({ clock: simulatedClock })
  const temporary = `${PKI_FILE}.${process.pid}`
  await writeFile(temporary, exportPki(pki), { mode: 0o600 })
  await rename(temporary, PKI_FILE)
  return pki
}

/** Undefined where there is none, or one of an earlier form. */
async function readStored(): Promise<SimulatedPki | undefined> {
  try {
    return importPki(await readFile(PKI_FILE, 'utf8'))
  } catch {
    return undefined
  }
}
