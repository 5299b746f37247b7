/** docs/failure-codes.md holds every code with its meaning and remedy, and every code is one that some source can give. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { FAILURE_CODES } from '../../src/core/failure-codes.ts'

function sources(folder: string): readonly string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? sources(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`],
  )
}

const page = `# Failure codes

A check that fails carries one of these codes; it is stable across versions. This page is made from \`src/core/failure-codes.ts\`.

| code | what it means | what to do |
| --- | --- | --- |
${Object.entries(FAILURE_CODES)
  .map(([code, [meaning, remedy]]) => `| \`${code}\` | ${meaning} | ${remedy} |`)
  .join('\n')}
`

describe('failure codes', () => {
  it('are all on the page, each with its meaning and remedy', async () => {
    await expect(page).toMatchFileSnapshot('../../docs/failure-codes.md')
  })

  it('say what they mean and what to do in sentences', () => {
    for (const [meaning, remedy] of Object.values(FAILURE_CODES)) {
      expect(meaning).toMatch(/^[A-Z].*\.$/)
      expect(remedy).toMatch(/^[A-Z].*\.$/)
    }
  })

  it('are each given somewhere in the source, or are reserved for a check that is not built yet', () => {
    const text = sources('src')
      .filter((file) => !file.endsWith('failure-codes.ts'))
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n')
    const reserved = [
      'X509_REVOKED',
      'CRL_MISSING',
      'CRL_EXPIRED',
      'CRL_BAD_ISSUER',
      'CRL_MALFORMED',
      'SIG_MALFORMED',
      'SNP_MITIGATION',
      'PLATFORM_DENIED',
      'LOG_MMD_EXCEEDED',
      'WITNESS_QUORUM',
      'KEY_EXPIRED',
    ]
    const ungiven = Object.keys(FAILURE_CODES).filter((code) => !text.includes(`'${code}'`))
    expect(ungiven.filter((code) => !reserved.includes(code))).toEqual([])
  })
})
