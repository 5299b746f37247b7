/** Pages are rendered on servers too: there the badge must be there, and do nothing. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { bundle } from '../browser/bundle.ts'

const text = bundle(join('src', 'badge', 'index.ts'), '--minify')

it('imports without a DOM, and defines nothing there', () => {
  const script = `
    const before = Reflect.ownKeys(globalThis).length
    const { defineBadge } = await import('data:text/javascript,' + encodeURIComponent(process.argv[1]))
    defineBadge()
    console.log(typeof defineBadge, Reflect.ownKeys(globalThis).length - before)`
  const args = ['--input-type=module', '-e', script, text]
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' })).toBe('function 0\n')
})

it('brings neither the client nor the verifier along, and nothing that reads text as markup or as a program', () => {
  expect(text.length).toBeLessThan(16_384)
  expect(text).not.toMatch(/\beval\b|\bFunction\s*\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write/)
})
