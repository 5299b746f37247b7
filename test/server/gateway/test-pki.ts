/** One throw-away PKI for all test runs on a machine: its two RSA keys take seconds to make. @module */
import { readFile, rename, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createSimulatedPki, exportPki, importPki, type SimulatedPki } from '../../../src/simulator/index.ts'

export const PKI_FILE: string = join(tmpdir(), 'countersign-test-pki-1.json')

/** Read back, or made and written whole: two workers may do so at once, and the later one wins. */
export async function testPki(): Promise<SimulatedPki> {
  const stored = await readFile(PKI_FILE, 'utf8').catch(() => undefined)
  if (stored !== undefined) return importPki(stored)
  const pki = await createSimulatedPki()
  const temporary = `${PKI_FILE}.${process.pid}`
  await writeFile(temporary, exportPki(pki), { mode: 0o600 })
  await rename(temporary, PKI_FILE)
  return pki
}
