/** What CI runs, for this project and in the examples for its users: pinned, without rights that it does not need, without injection. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { commandFaults, workflowFaults } from './workflow-rules.ts'

/** A template of the runner, spelled so that it is none of JavaScript's. */
const template = (expression: string): string => `\${{ ${expression} }}`
const CHECKOUT = 'actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8'
const GOOD = `on:
  pull_request:
permissions: {}
defaults:
  run:
    shell: bash
jobs:
  build:
    runs-on: ubuntu-24.04
    permissions:
      contents: read
    steps:
      - uses: ${CHECKOUT} # v5.0.0
        with:
          persist-credentials: false
      - run: npm ci --ignore-scripts
      - run: echo "$TITLE"
        env:
          TITLE: \${{ github.event.pull_request.title }}
`

describe('the checker', () => {
  test('[B3] finds nothing in a workflow that keeps every rule', () => {
    expect(workflowFaults(GOOD)).toEqual([])
  })

  test.each<[string, string, string, string]>([
    ['an action by a tag', 'pinned', `${CHECKOUT} # v5.0.0`, 'actions/checkout@v5'],
    ['an action by a branch', 'pinned', `${CHECKOUT} # v5.0.0`, 'actions/checkout@main'],
    ['an action by an abbreviated commit', 'pinned', `${CHECKOUT} # v5.0.0`, 'actions/checkout@08c6903'],
    ['an image by a tag', 'pinned', `${CHECKOUT} # v5.0.0`, 'docker://alpine:3'],
    ['a commit without its version', 'version-comment', ' # v5.0.0', ''],
    ['no word on permissions', 'permissions', 'permissions: {}\n', ''],
    ['permissions for every job', 'permissions', 'permissions: {}', 'permissions:\n  contents: write'],
    ['all permissions at once', 'permissions', 'permissions:\n      contents: read', 'permissions: write-all'],
    ['a template in a command', 'template', 'echo "$TITLE"', `echo "${template('github.event.pull_request.title')}"`],
    ['install scripts', 'install-scripts', 'npm ci --ignore-scripts', 'npm ci'],
    [
      'an install without a lock',
      'install-scripts',
      'npm ci --ignore-scripts',
      'npm install --ignore-scripts left-pad',
    ],
    ['a package that is run as it comes', 'install-scripts', 'echo "$TITLE"', 'npx cowsay'],
    ['a download into a shell', 'download-and-run', 'echo "$TITLE"', 'curl -fsSL https://example.com/x | sudo bash'],
    ['a download that a shell reads', 'download-and-run', 'echo "$TITLE"', 'bash <(wget -qO- https://example.com/x)'],
    ['a package that only may be installed', 'install-scripts', 'echo "$TITLE"', 'npx --no-install cowsay'],
    ['a shell that misses what fails in a pipe', 'shell', 'shell: bash', 'shell: sh'],
    [
      'a step that may fail',
      'continue-on-error',
      'persist-credentials: false',
      'persist-credentials: false\n        continue-on-error: true',
    ],
    ['a job that may fail', 'continue-on-error', 'runs-on', 'continue-on-error: true\n    runs-on'],
    [
      'a job that may be skipped',
      'skipped',
      'runs-on',
      'if: github.event.pull_request.head.repo.fork == false\n    runs-on',
    ],
    [
      'a matrix that may be empty',
      'open-matrix',
      'runs-on',
      `strategy:\n      matrix:\n        node: ${template('fromJSON(vars.NODES)')}\n    runs-on`,
    ],
    [
      'a token for each step of a job',
      'shared-token',
      'runs-on',
      `env:\n      TOKEN: ${template('github.token')}\n    runs-on`,
    ],
    [
      'a secret for each job',
      'shared-token',
      'permissions: {}',
      `permissions: {}\nenv:\n  KEY: ${template('secrets.KEY')}`,
    ],
    ['credentials that stay', 'credentials', 'persist-credentials: false', 'fetch-depth: 0'],
  ])('[B3] finds %s', (_name, rule, from, to) => {
    expect(GOOD).toContain(from)
    expect(workflowFaults(GOOD.replace(from, to)).map((fault) => fault.rule)).toEqual([rule])
  })

  test.each(['pull_request_target', 'workflow_run', 'issue_comment'])(
    '[B3] finds a checkout of what a stranger proposes under %s',
    (trigger) => {
      const text = GOOD.replace('pull_request:', `${trigger}:`)
      const head = text.replace('with:\n', `with:\n          ref: ${template('github.event.pull_request.head.sha')}\n`)
      expect(workflowFaults(head).map(({ rule }) => rule)).toEqual(['untrusted-checkout'])
      expect(workflowFaults(text)).toEqual([])
    },
  )

  test('[B3] reads the script of actions/github-script as a command', () => {
    const text = GOOD.replace(
      'run: echo "$TITLE"',
      `with:\n          script: core.info("${template('github.head_ref')}")`,
    )
    expect(workflowFaults(text).map(({ rule }) => rule)).toEqual(['template'])
  })
})

describe('what is here', () => {
  const folders = ['.github/workflows', 'docs/examples/ci']
  const files = ['action.yml', ...folders.flatMap((folder) => readdirSync(folder).map((name) => `${folder}/${name}`))]

  test('is all of it', () => {
    expect(files).toEqual(
      expect.arrayContaining(['action.yml', '.github/workflows/ci.yml', '.github/workflows/release.yml']),
    )
    expect(readdirSync('.github')).toEqual(['workflows'])
  })

  test.each(files)('[B3] %s keeps every rule', (file) => {
    expect(workflowFaults(readFileSync(file, 'utf8'))).toEqual([])
  })

  test.each(['action/check.sh', '.ci/run'])('[B3] %s neither downloads what it runs nor installs', (file) => {
    expect(commandFaults(readFileSync(file, 'utf8'), file)).toEqual([])
  })

  test('[B3] no script here lets npx fetch what is not installed', () => {
    const scripts = readdirSync('scripts').filter((name) => name.endsWith('.mjs'))
    const texts = scripts.map((name) => readFileSync(`scripts/${name}`, 'utf8'))
    const counts = texts.map((text) => ["'npx'", "'--no-install'"].map((word) => text.split(word).length - 1))
    expect(counts.flat().some((count) => count > 0)).toBe(true)
    for (const [i, [called, told]] of counts.entries()) expect([scripts[i], told]).toEqual([scripts[i], called])
  })

  test('[B3] a job that compares runs whatever became of the one that builds', () => {
    const { jobs } = parse(readFileSync('docs/examples/ci/check.yml', 'utf8'))
    expect([jobs.check.needs, jobs.check.if]).toEqual(['build', 'always()'])
  })

  test('the action gives every input to the script by the environment, and the script reads each', () => {
    const { inputs, runs } = parse(readFileSync('action.yml', 'utf8'))
    const script = readFileSync('action/check.sh', 'utf8')
    const { env } = runs.steps.find(({ id }: { readonly id?: string }) => id === 'check')
    const names = Object.keys(inputs).map((name) => [`COUNTERSIGN_${name.toUpperCase().replaceAll('-', '_')}`, name])
    const given = names.map(([variable, name]) => [variable, `\${{ inputs.${name} }}`])
    // These two are for whoever runs the script, and come from nowhere else.
    expect(env).toEqual({ COUNTERSIGN_CLI: '', COUNTERSIGN_SUMMARY: '', ...Object.fromEntries(given) })
    for (const [variable] of names) expect(script).toContain(`\${${variable}:-`)
    // And refuses it where it is empty.
    const [, refused = ''] = /^for name in ((?:.*\\\n)*.*); do$/m.exec(script) ?? []
    expect(refused.split(/[\s\\]+/).map((name) => `COUNTERSIGN_${name}`)).toEqual(names.map(([variable]) => variable))
    for (const { default: value } of Object.values<{ readonly default: string }>(inputs))
      expect(value.trim()).not.toBe('')
  })
})

describe('dependencies', () => {
  test('[B3] no script of a package runs when it is installed, and none of this one', () => {
    expect(readFileSync('.npmrc', 'utf8').split('\n')).toContain('ignore-scripts=true')
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare', 'prepublish'])
      expect(scripts).not.toHaveProperty(name)
  })

  test('[B3] each is pinned by its digest, and comes from the registry', () => {
    expect(existsSync('npm-shrinkwrap.json')).toBe(false)
    const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
    const locked = Object.entries<Readonly<Record<string, string>>>(packages).filter(([path]) => path !== '')
    expect(locked.length).toBeGreaterThan(100)
    expect(locked.filter(([, { integrity }]) => !/^sha512-[\w+/]{86}==$/.test(integrity ?? ''))).toEqual([])
    expect(locked.filter(([, { resolved = '' }]) => /^(?:git|http:|file:)/.test(resolved))).toEqual([])
  })
})
