/** What `countersign measure snp` loads before it begins: each module costs start-up, and whole verifiers once hung on one function. */
import { readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

const SRC = join(import.meta.dirname, '../../../src')
/** Imports that remain when types are gone; those on demand are not among them. */
const IMPORT = /^(?:import|export) (?!type )[^'"]*?from '(\.[^']+)'|^import '(\.[^']+)'/gm

function loadedFrom(entries: readonly string[]): readonly string[] {
  const seen = new Set<string>()
  const visit = (file: string): void => {
    if (seen.has(file)) return
    seen.add(file)
    for (const [, named, bare] of readFileSync(file, 'utf8').matchAll(IMPORT))
      visit(join(dirname(file), named ?? bare ?? ''))
  }
  for (const entry of entries) visit(join(SRC, entry))
  return [...seen].map((file) => relative(SRC, file)).sort()
}

describe('countersign measure snp', () => {
  const loaded = loadedFrom(['cli/main.ts', 'cli/commands/measure.ts', 'cli/measure/snp.ts', 'core/crypto/node.ts'])

  it('loads its calculator and no verifier', () => {
    expect(loaded).toContain('core/measurement/snp/measure.ts')
    expect(loaded).toContain('core/measurement/registers.ts')
    expect(loaded.filter((file) => /^core\/(?:nitro|tdx|x509|cose|evidence|verdict|failure-codes)/.test(file))).toEqual(
      [],
    )
  })

  it('loads few modules', () => {
    expect(loaded.length).toBeLessThanOrEqual(30)
  })
})
