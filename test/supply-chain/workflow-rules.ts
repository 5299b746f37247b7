/** Rules that workflows and actions of CI have to keep, and what breaks them. */
import { parse } from 'yaml'

export interface Fault {
  readonly rule:
    | 'pinned'
    | 'version-comment'
    | 'permissions'
    | 'template'
    | 'install-scripts'
    | 'download-and-run'
    | 'untrusted-checkout'
    | 'credentials'
    | 'shell'
    | 'continue-on-error'
    | 'skipped'
    | 'open-matrix'
    | 'shared-token'
  readonly where: string
}

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json }
type JsonObject = { readonly [key: string]: Json }

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const member = (value: Json | undefined, key: string): Json | undefined => (isObject(value) ? value[key] : undefined)
const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '')

/** Every object in the document, with the way to it. */
function* objectsOf(value: Json | undefined, where = ''): Generator<readonly [string, JsonObject]> {
  if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* objectsOf(item, `${where}[${i}]`)
  if (!isObject(value)) return
  yield [where, value]
  for (const [key, item] of Object.entries(value)) yield* objectsOf(item, `${where}.${key}`)
}

/** A commit, a file of the same commit, or an image by its digest. */
const PINNED = /^(?:[\w.-]+\/[\w./-]+@[0-9a-f]{40}|\.\/[\w./-]*|docker:\/\/[^@]+@sha256:[0-9a-f]{64})$/
/** Triggers that run with the rights of the repository on what strangers propose. */
const PRIVILEGED = ['pull_request_target', 'workflow_run', 'issue_comment']

/** Of a command, in a workflow or in a script that one calls. */
export function commandFaults(text: string, where: string): readonly Fault[] {
  const lines = text.replace(/\\\n/g, ' ').split('\n')
  const shell = lines.filter((line) => !/^\s*#/.test(line))
  const faults: Fault[] = []
  for (const line of shell) {
    const installs = /\b(?:npm (?:ci|i|install|add)|yarn|pnpm)\b/.test(line)
    const exact = /\bnpm ci\b/.test(line) && line.includes('--ignore-scripts')
    // What is told to people in quotes installs nothing.
    if (installs && !exact && !/^\s*(?:echo|fail|\[\[)/.test(line)) faults.push({ rule: 'install-scripts', where })
    // It takes what an earlier run left in its cache, or lies beside Node, before it says that there is nothing.
    if (/\bnpx\b/.test(line)) faults.push({ rule: 'install-scripts', where })
    const fetches = /\b(?:curl|wget)\b/.test(line)
    const runs =
      /\|\s*(?:sudo\s+)?(?:\S*\/)?(?:ba|z|da)?sh\b|\|\s*(?:sudo\s+)?(?:node|python3?|perl)\b|(?:sh|source|eval|\.)\s+["']?[<$]\(/.test(
        line,
      )
    if (fetches && runs) faults.push({ rule: 'download-and-run', where })
  }
  return faults
}

function stepFaults(where: string, step: JsonObject, privileged: boolean): readonly Fault[] {
  const faults: Fault[] = []
  if (step['continue-on-error'] !== undefined) faults.push({ rule: 'continue-on-error', where })
  const uses = textOf(step['uses'])
  if (step['uses'] !== undefined && !PINNED.test(uses)) faults.push({ rule: 'pinned', where })
  // `script` is the command of actions/github-script.
  for (const command of [step['run'], member(step['with'], 'script')]) {
    if (textOf(command).includes('${{')) faults.push({ rule: 'template', where })
    faults.push(...commandFaults(textOf(command), where))
  }
  if (!/^actions\/checkout@/.test(uses)) return faults
  const given = step['with']
  const elsewhere = member(given, 'ref') !== undefined || member(given, 'repository') !== undefined
  if (privileged && elsewhere) faults.push({ rule: 'untrusted-checkout', where })
  if (member(given, 'persist-credentials') !== false) faults.push({ rule: 'credentials', where })
  return faults
}

function triggersOf(document: Json): readonly string[] {
  const on = member(document, 'on')
  if (typeof on === 'string') return [on]
  return Array.isArray(on) ? on.map(textOf) : Object.keys(isObject(on) ? on : {})
}

function permissionFaults(document: Json): readonly Fault[] {
  if (member(document, 'jobs') === undefined) return []
  const permissions = member(document, 'permissions')
  const none = isObject(permissions) && Object.keys(permissions).length === 0
  const all = [...objectsOf(member(document, 'jobs'), 'jobs')].filter(
    ([, { permissions: of }]) => typeof of === 'string',
  )
  return [
    ...(none ? [] : [{ rule: 'permissions', where: 'permissions' } as const]),
    ...all.map(([where]) => ({ rule: 'permissions', where }) as const),
  ]
}

const SECRET = /\bsecrets\b|\bgithub\.token\b/

/** What makes a job green that did not do its work, or hands its rights to each of its steps. */
function jobFaults(document: Json): readonly Fault[] {
  const jobs = member(document, 'jobs')
  if (jobs === undefined) return []
  const faults: Fault[] = []
  // The runner's own choice does not see what fails in a pipe.
  if (member(member(member(document, 'defaults'), 'run'), 'shell') !== 'bash')
    faults.push({ rule: 'shell', where: 'defaults' })
  for (const [name, job] of Object.entries(isObject(jobs) ? jobs : {})) {
    const where = `jobs.${name}`
    const condition = member(job, 'if')
    // A job that is skipped counts as passed.
    if (condition !== undefined && condition !== 'always()') faults.push({ rule: 'skipped', where })
    // Of an empty list nothing is run.
    if (JSON.stringify(member(member(job, 'strategy'), 'matrix') ?? {}).includes('${{'))
      faults.push({ rule: 'open-matrix', where })
    if (SECRET.test(JSON.stringify(member(job, 'env') ?? {}))) faults.push({ rule: 'shared-token', where })
  }
  if (SECRET.test(JSON.stringify(member(document, 'env') ?? {}))) faults.push({ rule: 'shared-token', where: 'env' })
  return faults
}

/** @param text of a workflow, or of an action.yml */
export function workflowFaults(text: string): readonly Fault[] {
  const document: Json = parse(text)
  const privileged = triggersOf(document).some((trigger) => PRIVILEGED.includes(trigger))
  const steps = [...objectsOf(document)].flatMap(([where, object]) => stepFaults(where, object, privileged))
  // Nobody can review forty digits: the version that they stand for is beside them.
  const unnamed = text
    .split('\n')
    .filter((line) => /\buses:.*@[0-9a-f]{40}/.test(line) && !/@[0-9a-f]{40} # v\d+(?:\.\d+)*$/.test(line))
    .map((line) => ({ rule: 'version-comment', where: line.trim() }) as const)
  return [...permissionFaults(document), ...jobFaults(document), ...steps, ...unnamed]
}
