/** What a release publishes beside the package: measurements, and the list of what is inside. */
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { decodePublished } from '../../src/core/measurement/published.ts'
import { measuredLine } from '../ci/bench.ts'
import { readJob, runSteps } from '../kit/run-steps.ts'

const work = mkdtempSync(join(tmpdir(), 'countersign-release-'))
afterAll(() => rmSync(work, { recursive: true, force: true }))

describe('scripts/sbom.mjs', () => {
  test('gives the same bytes twice, with every package that is installed, and nothing of this machine', () => {
    const made = (): string => execFileSync(process.execPath, ['scripts/sbom.mjs'], { encoding: 'utf8' })
    const text = made()
    expect(made()).toBe(text)
    const { components, metadata, dependencies } = JSON.parse(text)
    expect(metadata.component.name).toBe('countersign')
    expect(text).not.toMatch(/"serialNumber"|"timestamp"|file:|https?:\/\/(?!cyclonedx\.org)/)
    const names = components.map(({ 'bom-ref': ref }: { readonly 'bom-ref': string }) => ref.replace(/@[^@]*$/, ''))
    const { dependencies: direct, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'))
    for (const name of ['vitest', 'typescript', 'openai'])
      expect([devDependencies[name] !== undefined, names.includes(name)]).toEqual([true, false])
    expect(names).toEqual(expect.arrayContaining(Object.keys(direct)))
    for (const component of components) expect(component.hashes).toHaveLength(1)
    expect(dependencies.length).toBe(components.length + 1)
  })
})

describe('scripts/published.mjs', () => {
  const file = (name: string, content: string): string => {
    writeFileSync(join(work, name), content)
    return join(work, name)
  }
  const make = (image: string, ...more: readonly string[]): ReturnType<typeof spawnSync> =>
    spawnSync(
      process.execPath,
      [
        'scripts/published.mjs',
        '--release',
        'v1',
        '--repository',
        'https://github.com/example/gateway',
        '--commit',
        'ab'.repeat(20),
        '--image',
        image,
        ...more,
      ],
      { encoding: 'utf8' },
    )

  test('lists each measurement of each image with the digest of its file', () => {
    const image = file('gateway.efi', 'image')
    const { stdout } = make(`${image}=${file('rows', measuredLine('a') + measuredLine('b'))}`)
    const { images, source } = decodePublished(String(stdout))
    const digest = `sha256:${createHash('sha256').update('image').digest('hex')}`
    expect(images.map(({ name, digest: of }) => [name, of])).toEqual([
      ['gateway.efi', digest],
      ['gateway.efi', digest],
    ])
    expect(source.commit).toBe('ab'.repeat(20))
  })

  test('refuses an image of which nothing is measured, beside one of which something is', () => {
    const image = file('gateway.efi', 'image')
    const { status } = make(`${image}=${file('rows', measuredLine('a'))}`, '--image', `${image}=${file('none', '\n')}`)
    expect(status).not.toBe(0)
  })

  test('refuses a name that it would cut short', () => {
    const image = file('gateway.efi', 'image')
    expect(make(`${image}=${file('rows', measuredLine('a'))}=${file('none', '\n')}`).status).not.toBe(0)
  })

  test('refuses what nobody could read, such as no rows', () => {
    expect(make(`${file('gateway.efi', 'image')}=${file('rows', '')}`).status).not.toBe(0)
  })
})

describe('a tag', () => {
  const job = readJob('.github/workflows/release.yml', 'build')
  const checkout = join(work, 'checkout')
  const git = (...args: readonly string[]): string =>
    execFileSync('git', args, { cwd: checkout, encoding: 'utf8' }).trim()
  const commit = (message: string): string => {
    const author = ['-c', 'user.name=a', '-c', 'user.email=a@example.com']
    git(...author, 'commit', '--quiet', '--allow-empty', `--message=${message}`)
    return git('rev-parse', 'HEAD')
  }
  const released = (sha: string, name: string): number => {
    const env = { PATH: process.env['PATH'] ?? '', GITHUB_SHA: sha, GITHUB_REF_NAME: name }
    return runSteps(job, { folder: checkout, env, only: ['Refuse what main does not have'] }).exit
  }

  test('[B3] is released where main has its commit, by the version that its package says', () => {
    mkdirSync(checkout)
    git('init', '--quiet')
    writeFileSync(join(checkout, 'package.json'), '{"version":"1.2.3"}')
    git('add', '.')
    const reviewed = commit('reviewed')
    git('update-ref', 'refs/remotes/origin/main', reviewed)
    const other = commit('by nobody else seen')
    expect([released(reviewed, 'v1.2.3'), released(other, 'v1.2.3'), released(reviewed, 'v1.2.4')]).toEqual([0, 1, 1])
  })
})
