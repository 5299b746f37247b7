/**
 * Runs the commands of a composite action, or of a job of a workflow, as GitHub's runner does: each in a shell of its own, what is given in
 * the environment, outputs and the summary in files. Steps that use other actions are not run. Not the runner: no `if`, no containers. @module
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'

type Texts = Readonly<Record<string, string>>

interface Step {
  readonly id?: string
  readonly name?: string
  readonly uses?: string
  readonly run?: string
  readonly shell?: string
  readonly env?: Texts
}

export interface Steps {
  readonly steps: readonly Step[]
  /** Of the workflow or job; the shell where a step names none. */
  readonly shell: string | undefined
  readonly env: Texts
  /** Of an action, by its default. */
  readonly inputs: Texts
  readonly outputs: Texts
}

export interface Around {
  /** Where the checkout is. */
  readonly folder: string
  readonly env?: Texts
  readonly inputs?: Texts
  /** Which of the steps, by name; the default: all. */
  readonly only?: readonly string[]
}

export interface Ran {
  readonly exit: number
  /** Of those that ran, the last of which failed where the exit code is not 0. */
  readonly names: readonly string[]
  readonly out: string
  readonly outputs: Texts
  readonly summary: string
}

/** @param file an action.yml */
export function readAction(file: string): Steps {
  const { inputs, outputs, runs } = parse(readFileSync(file, 'utf8'))
  const valuesOf = (of: object, member: string): Texts =>
    Object.fromEntries(Object.entries(of).map(([name, one]) => [name, one[member]]))
  return {
    steps: runs.steps,
    shell: undefined,
    env: {},
    inputs: valuesOf(inputs, 'default'),
    outputs: valuesOf(outputs, 'value'),
  }
}

export function readJob(file: string, job: string): Steps {
  const { defaults, jobs } = parse(readFileSync(file, 'utf8'))
  const { steps, env = {} } = jobs[job]
  return { steps, shell: defaults?.run?.shell, env, inputs: {}, outputs: {} }
}

/** As the runner starts them: without a shell named, what fails in a pipe is not seen. */
function shellOf(name: string | undefined, file: string): readonly string[] {
  if (name !== undefined && name !== 'bash') throw new Error(`no shell ${name} here`)
  return name === undefined ? ['-e', file] : ['--noprofile', '--norc', '-eo', 'pipefail', file]
}

function filled(text: string, values: ReadonlyMap<string, string>): string {
  return text.replace(/\$\{\{ (.*?) \}\}/g, (_, name: string) => {
    // Of a step that was not reached, nothing.
    const value = values.get(name) ?? (name.startsWith('steps.') ? '' : undefined)
    if (value === undefined) throw new Error(`nothing is known of ${name}`)
    return value
  })
}

/** What a step added to the file: `NAME=VALUE`, one a line. */
function outputsOf(file: string): readonly (readonly [string, string])[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.filter((line) => line !== '').map((line) => [line.replace(/=.*/, ''), line.replace(/^[^=]*=/, '')])
}

export function runSteps(given: Steps, { folder, env = {}, inputs = {}, only }: Around): Ran {
  const work = mkdtempSync(join(tmpdir(), 'countersign-steps-'))
  const file = (name: string, content: string): string => {
    writeFileSync(join(work, name), content)
    return join(work, name)
  }
  const values = new Map([['github.token', 'token of this run']])
  for (const [name, value] of Object.entries({ ...given.inputs, ...inputs })) values.set(`inputs.${name}`, value)
  const summary = file('summary', '')
  const around = { PATH: process.env['PATH'] ?? '', HOME: work, GITHUB_WORKSPACE: folder, GITHUB_STEP_SUMMARY: summary }
  const names: string[] = []
  const written: string[] = []
  let exit = 0
  try {
    for (const { id = '', name = '', run, shell = given.shell, env: own = {} } of given.steps) {
      if (run === undefined || only?.includes(name) === false) continue
      names.push(name)
      const output = file('output', '')
      const texts = Object.entries({ ...given.env, ...own }).map(([key, text]) => [key, filled(text, values)])
      const { status, stdout, stderr } = spawnSync('bash', shellOf(shell, file('run', filled(run, new Map()))), {
        cwd: folder,
        encoding: 'utf8',
        env: { ...around, ...env, ...Object.fromEntries(texts), GITHUB_OUTPUT: output },
      })
      written.push(stdout, stderr)
      for (const [key, value] of outputsOf(output)) values.set(`steps.${id}.outputs.${key}`, value)
      exit = status ?? -1
      if (exit !== 0) break
    }
    const outputs = Object.entries(given.outputs).map(([key, text]) => [key, filled(text, values)])
    return {
      exit,
      names,
      out: written.join(''),
      outputs: Object.fromEntries(outputs),
      summary: readFileSync(summary, 'utf8'),
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
