/** What one field of the configuration demands of another. The shape is already right. @module */
import { isIP } from 'node:net'
import { checkBaseUrl } from './base-url.ts'
import { checkEmbeddings } from './embeddings-checks.ts'
import type { ConfigIssue, ConfigPath } from './issue.ts'
import { checkParameters } from './parameters-checks.ts'
import { checkTools } from './tools-checks.ts'
import type { MeasuredConfig, OperationalConfig } from './types.ts'

/** Every fault that only shows when fields are laid beside each other. Empty: none. */
export function crossCheck(measured: MeasuredConfig, operational: OperationalConfig): readonly ConfigIssue[] {
  return [
    ...checkModels(measured),
    ...checkWeights(measured),
    ...checkPinnable(measured),
    ...checkPrompts(measured),
    ...checkParameters(measured),
    ...duplicates(
      (measured.collections ?? []).map(({ id }) => id),
      (i) => ['measured', 'collections', i, 'id'],
      'is the id of an earlier collection: choose another',
    ),
    ...checkEmbeddings(measured),
    ...checkUpstreams(measured),
    ...checkKeys(measured, operational),
    ...checkTls(measured, operational),
    ...checkMemory(measured, operational),
    ...checkTools(measured),
  ]
}

function checkModels({ models, upstreams }: MeasuredConfig): readonly ConfigIssue[] {
  const issues = duplicates(
    models.map(({ id }) => id),
    (i) => ['measured', 'models', i, 'id'],
    'is the id of an earlier model: choose another',
  )
  const missing = models.flatMap(({ upstream }, i): ConfigIssue[] =>
    Object.hasOwn(upstreams, upstream)
      ? []
      : [
          {
            path: ['measured', 'models', i, 'upstream'],
            message: `names no upstream: write one of ${Object.keys(upstreams).join(', ') || '(none is configured)'}`,
          },
        ],
  )
  return [...issues, ...missing]
}

/** What the gateway measures must lie where it runs, and only one of gateway and operator may say what it comes to. */
function checkWeights({ models, upstreams }: MeasuredConfig): readonly ConfigIssue[] {
  return models.flatMap(({ upstream: key, digest, weights }, i): ConfigIssue[] => {
    if (weights === undefined) return []
    const path: ConfigPath = ['measured', 'models', i, 'weights']
    const upstream = Object.hasOwn(upstreams, key) ? upstreams[key] : undefined
    const remote = 'measures a folder of this machine, and this model runs on another one: remove weights'
    return [
      ...(upstream?.kind === 'http' && upstream.location === 'remote' ? [{ path, message: remote }] : []),
      ...(digest === 'none' ? [] : [{ path, message: 'is measured: remove digest, or pin it as weights.root' }]),
    ]
  })
}

/** Receipts and locks know a model by its `name`: none can pin weights and admit any under one. @see modelsFault */
function checkPinnable({ models, upstreams }: MeasuredConfig): readonly ConfigIssue[] {
  // The embedded model is measured without being asked to.
  const isEmbedded = (key: string): boolean => Object.hasOwn(upstreams, key) && upstreams[key]?.kind === 'embedded'
  const isMeasured = ({ digest, upstream, weights }: MeasuredConfig['models'][number]): boolean =>
    weights !== undefined || digest !== 'none' || isEmbedded(upstream)
  const measured = new Set(models.filter(isMeasured).map(({ name }) => name))
  const message =
    'is a name under which another entry measures its weights, so no lock can pin both: measure these too, or choose another name'
  return models.flatMap((model, i): ConfigIssue[] =>
    !isMeasured(model) && measured.has(model.name) ? [{ path: ['measured', 'models', i, 'name'], message }] : [],
  )
}

function checkPrompts({ prompts = [], models }: MeasuredConfig): readonly ConfigIssue[] {
  const versions = prompts.map(({ id, version }) => `${id} ${version}`)
  const unknown = models.flatMap(({ prompt }, i): ConfigIssue[] =>
    prompt === undefined || versions.includes(`${prompt.id} ${prompt.version}`)
      ? []
      : [{ path: ['measured', 'models', i, 'prompt'], message: 'names no prompt and version of measured.prompts' }],
  )
  return [
    ...duplicates(
      versions,
      (i) => ['measured', 'prompts', i, 'version'],
      'is an earlier version of this prompt: choose another',
    ),
    ...unknown,
  ]
}

function checkUpstreams({ upstreams }: MeasuredConfig): readonly ConfigIssue[] {
  return Object.entries(upstreams).flatMap(([name, upstream]): ConfigIssue[] => {
    if (upstream.kind === 'embedded') return []
    const path: ConfigPath = ['measured', 'upstreams', name]
    const fault = checkBaseUrl(upstream.baseUrl, upstream.location)
    const issues: ConfigIssue[] = fault === undefined ? [] : [{ path: [...path, 'baseUrl'], message: fault }]
    // Those names belong to the table in environment.ts, where an unknown one is refused.
    if (upstream.apiKeyEnv?.startsWith('COUNTERSIGN_'))
      issues.push({ path: [...path, 'apiKeyEnv'], message: 'must not begin with COUNTERSIGN_: choose another name' })
    return issues
  })
}

/** The challenge that is answered proves control of a name. */
function checkTls({ host }: MeasuredConfig, { tls }: OperationalConfig): readonly ConfigIssue[] {
  if (tls.kind !== 'acme' || isIP(host.replace(/:[0-9]+$/, '')) === 0) return []
  const message = 'needs a DNS name in measured.host: write self-signed, or name the host'
  return [{ path: ['operational', 'tls', 'kind'], message }]
}

/** What is remembered is sealed under the key of whoever said it: without keys there is nothing that the host does not have. */
function checkMemory({ memory }: MeasuredConfig, { apiKeys }: OperationalConfig): readonly ConfigIssue[] {
  if (memory === undefined || apiKeys !== 'dangerously-none') return []
  const message =
    'needs API keys to seal what is remembered: write a list into operational.apiKeys (countersign keys add makes one), or remove memory'
  return [{ path: ['measured', 'memory'], message }]
}

function checkKeys({ models }: MeasuredConfig, { apiKeys }: OperationalConfig): readonly ConfigIssue[] {
  if (apiKeys === 'dangerously-none') return []
  const ids = new Set(models.map(({ id }) => id))
  const at =
    (field: string) =>
    (i: number): ConfigPath => ['operational', 'apiKeys', i, field]
  const unknown = apiKeys.flatMap(({ models: allowed }, i): ConfigIssue[] =>
    allowed === 'all'
      ? []
      : allowed.flatMap((id, j) =>
          ids.has(id) ? [] : [{ path: [...at('models')(i), j], message: 'names no model of measured.models' }],
        ),
  )
  return [
    ...duplicates(
      apiKeys.map(({ id }) => id),
      at('id'),
      'is the id of an earlier key: choose another',
    ),
    ...duplicates(
      apiKeys.map(({ sha256 }) => sha256),
      at('sha256'),
      'is the digest of an earlier key: make a key of its own',
    ),
    ...unknown,
  ]
}

function duplicates(
  values: readonly string[],
  at: (index: number) => ConfigPath,
  message: string,
): readonly ConfigIssue[] {
  return values.flatMap((value, i) => (values.indexOf(value) < i ? [{ path: at(i), message }] : []))
}
