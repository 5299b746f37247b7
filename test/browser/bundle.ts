/** Joins what a page runs into one file, as it would be shipped. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** @param flags of scripts/bundle.mjs, beside `--browser` */
export function bundle(entry: string, ...flags: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'countersign-bundle-'))
  const script = join(folder, 'page.js')
  try {
    execFileSync(process.execPath, [join('scripts', 'bundle.mjs'), entry, script, '--browser', ...flags])
    return readFileSync(script, 'utf8')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
