import { describe, expect, it } from 'vitest'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { CountersignError } from '../../../src/errors.ts'
import {
  configJsonSchema,
  createDefaultConfig,
  decodeConfig,
  ENVIRONMENT_SETTINGS,
  exampleConfig,
  loadConfig,
} from '../../../src/server/config/index.ts'

/** The smallest file, with lines to put in place of its own. */
function file(change: Readonly<Record<string, string>> = {}): string {
  const lines = {
    host: '  host: gw.example.com',
    models: '  models: [{ id: m, upstream: u }]',
    upstreams: '  upstreams: { u: { kind: http, location: local, baseUrl: "http://127.0.0.1:8000" } }',
    measured: '',
    apiKeys: '  apiKeys: dangerously-none',
    operational: '',
    ...change,
  }
  return [
    'measured:',
    lines.host,
    lines.models,
    lines.upstreams,
    lines.measured,
    'operational:',
    lines.apiKeys,
    lines.operational,
    '',
  ].join('\n')
}

function faultOf(text: string, env: Readonly<Record<string, string>> = {}): string {
  try {
    decodeConfig(text, { env, file: 'c.yaml' })
  } catch (error) {
    if (error instanceof CountersignError && error.code === 'ERR_CONFIG') return error.message
    throw error
  }
  return 'none'
}

const KEY = 'sha256: "1111111111111111111111111111111111111111111111111111111111111111"'

describe('a configuration file', () => {
  it('takes weights to measure, and what the operator says of the engine', () => {
    const { measured } = decodeConfig(
      file({
        models: '  models: [{ id: m, upstream: u, weights: { directory: /models/m } }]',
        upstreams:
          '  upstreams: { u: { kind: http, location: local, baseUrl: "http://127.0.0.1:1", engine: { name: vllm, version: 0.9.1, determinism: best-effort } } }',
      }),
      { env: {} },
    )
    expect(measured.models[0]?.weights).toEqual({ directory: '/models/m' })
    expect(measured.upstreams['u']).toMatchObject({
      engine: { name: 'vllm', version: '0.9.1', determinism: 'best-effort' },
    })
  })

  it('takes memory, of a month and 256 KiB where it does not say', () => {
    const apiKeys = `  apiKeys: [{ id: a, tenant: t, ${KEY}, models: all }]`
    const memoryOf = (text: string) =>
      decodeConfig(file({ measured: `  memory: ${text}`, apiKeys }), { env: {} }).measured.memory
    expect(memoryOf('{}')).toEqual({ retentionDays: 30, maxBytes: 262_144 })
    expect(memoryOf('{ maxTurns: 8, retentionDays: 1 }')).toEqual({ retentionDays: 1, maxBytes: 262_144, maxTurns: 8 })
  })

  it('gets its defaults', () => {
    const { measured, operational } = decodeConfig(file(), { env: {} })
    expect(measured).toEqual({
      host: 'gw.example.com',
      models: [{ id: 'm', upstream: 'u', name: 'm', digest: 'none' }],
      upstreams: {
        u: {
          kind: 'http',
          location: 'local',
          baseUrl: 'http://127.0.0.1:8000',
          timeouts: { connectMs: 5_000, firstByteMs: 120_000, idleMs: 60_000, totalMs: 900_000 },
        },
      },
      limits: { bodyBytes: 8_388_608, blockBytes: 1_048_576, answerBytes: 67_108_864 },
    })
    expect(operational).toEqual({
      listen: { host: '127.0.0.1', port: 8787 },
      tls: { kind: 'none' },
      dataDir: './countersign-data',
      apiKeys: 'dangerously-none',
      quoting: { intervalMs: 1_000, deadlineMs: 2_000, statementLifeSeconds: 10_800, batchSize: 1_000 },
      quoter: 'auto',
      collateral: 'vendors',
      storage: { kind: 'file' },
      lineage: 'main',
      witnesses: 'none',
      retentionDays: 'forever',
      scrubHours: 24,
      maxWaitSeconds: 30,
      log: 'json',
    })
  })

  it('has the digest of its measured part after defaults, whatever its spelling', () => {
    const { digest } = decodeConfig(file(), { env: {} })
    const canonical =
      '{"host":"gw.example.com","limits":{"answerBytes":67108864,"blockBytes":1048576,"bodyBytes":8388608},' +
      '"models":[{"digest":"none","id":"m","name":"m","upstream":"u"}],"upstreams":{"u":{"baseUrl":"http://127.0.0.1:8000",' +
      '"kind":"http","location":"local","timeouts":{"connectMs":5000,"firstByteMs":120000,"idleMs":60000,"totalMs":900000}}}}'
    expect(digest).toBe(digestUri(new TextEncoder().encode(canonical)))
    const spelled = file({
      models: '  models:\n    - {upstream: "u", name: m, id: m, digest: none} # the same',
      operational: '  log: none',
    })
    expect(decodeConfig(spelled, { env: { COUNTERSIGN_LISTEN_PORT: '1' } }).digest).toBe(digest)
    expect(decodeConfig(file({ host: '  host: gw2.example.com' }), { env: {} }).digest).not.toBe(digest)
    expect(decodeConfig(file({ measured: '  limits: { bodyBytes: 8388609 }' }), { env: {} }).digest).not.toBe(digest)
  })

  it('of the demo and of the documentation decodes', () => {
    const { measured, operational } = createDefaultConfig()
    expect([measured.host, operational.apiKeys, operational.listen.host]).toEqual([
      'localhost',
      'dangerously-none',
      '127.0.0.1',
    ])
    expect(measured.upstreams).toEqual({ embedded: { kind: 'embedded' } })
    const example = decodeConfig(exampleConfig, { env: {} })
    expect(example.measured.models.map(({ id, name }) => [id, name])).toEqual([
      ['example/chat-8b', 'chat-8b'],
      ['countersign-demo-2m', 'countersign-demo-2m'],
    ])
  })

  it('is described by the JSON Schema that is shipped', async () => {
    const schema = { $id: 'urn:countersign:config:1', title: 'Countersign gateway configuration' }
    await expect(`${JSON.stringify({ ...schema, ...Object(configJsonSchema()) }, null, 2)}\n`).toMatchFileSnapshot(
      '../../../schemas/countersign.config.schema.json',
    )
  })

  it('that cannot be read is an error of the configuration', async () => {
    await expect(loadConfig('/nowhere/countersign.yaml', { env: {} })).rejects.toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG', message: expect.stringContaining('/nowhere/countersign.yaml') }),
    )
  })
})

describe('a configuration is refused, with its place and what to do, for', () => {
  it.each([
    ['an empty file', '', 'c.yaml:1:1: the document: must be a section with fields'],
    ['a doubled key', 'measured: 1\nmeasured: 2', 'c.yaml:2:1: this key is here twice: keep one'],
    ['an anchor', 'a: &x 1', 'c.yaml:1:7: anchors'],
    ['an alias', 'a: *x', 'c.yaml:1:4: aliases'],
    ['a bomb of aliases', 'a: &a [x]\nb: &b [*a,*a]\nc: [*b,*b]', 'c.yaml:1:7: anchors'],
    ['a tag', 'a: !!binary aGk=', 'tags (!name) are refused'],
    ['a tag of its own', 'a: !env HOME', 'c.yaml:1:4: tags'],
    ['a merge key', 'a: { "<<": { b: 1 } }', 'c.yaml:1:6: this key is refused'],
    ['a key that reaches prototypes', '__proto__: 1', 'c.yaml:1:1: this key is refused'],
    ['a key that is no text', '1: 2', 'c.yaml:1:1: a key must be text'],
    ['a key that is a list', '[a]: 2', 'c.yaml:1:1: a key must be text'],
    ['two documents', 'a: 1\n---\nb: 1', 'a second document begins here'],
    ['deep nesting', `a: ${'['.repeat(5_000)}`, 'nested deeper than 32'],
    [
      'deep indentation',
      Array.from({ length: 60 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      'nested deeper than 32',
    ],
    ['broken syntax', 'a: [1', 'not well-formed YAML'],
    ['a tab', 'a:\n\tb: 1', 'not well-formed YAML'],
    ['a huge file', `a: ${'x'.repeat(300_000)}`, 'larger than 262144'],
    [
      'an unknown field',
      file({ measured: '  model: m' }),
      'c.yaml:5:3: measured.model: is not a known field: remove it, or write one of host, models',
    ],
    [
      'an unknown field in a list',
      file({ models: '  models:\n    - id: m\n      upstream: u\n      weight: 1' }),
      'c.yaml:6:7: measured.models[0].weight: is not a known field',
    ],
    [
      'a measured field among operational ones',
      file({ operational: '  limits: {}' }),
      'c.yaml:8:3: operational.limits: is not a known field',
    ],
    [
      'an unknown field of an upstream',
      file({ upstreams: '  upstreams: { u: { kind: embedded, baseUrl: x } }' }),
      'c.yaml:4:37: measured.upstreams.u.baseUrl: is not a known field',
    ],
    ['a missing field', file({ host: '' }), 'c.yaml:1:1: measured.host: is missing: add it'],
    [
      'a missing list of keys',
      file({ apiKeys: '  log: none' }),
      'operational.apiKeys: is missing: add a list or the word dangerously-none',
    ],
    ['an empty list of keys', file({ apiKeys: '  apiKeys: []' }), 'operational.apiKeys: must not be empty'],
    [
      'memory without keys to seal it with',
      file({ measured: '  memory: {}' }),
      'c.yaml:5:3: measured.memory: needs API keys to seal what is remembered: write a list into operational.apiKeys',
    ],
    [
      'memory for no day',
      file({ measured: '  memory: { retentionDays: 0 }' }),
      'memory.retentionDays: must be at least 1',
    ],
    ['memory of no size', file({ measured: '  memory: { maxBytes: 1 }' }), 'memory.maxBytes: must be at least 1024'],
    [
      'memory with a field of another API',
      file({ measured: '  memory: { ttl: 1 }' }),
      'measured.memory.ttl: is not a known field: remove it, or write one of retentionDays, maxBytes, maxTurns',
    ],
    ['another word for no keys', file({ apiKeys: '  apiKeys: none' }), 'must be a list or the word dangerously-none'],
    [
      'a key in clear',
      file({ apiKeys: '  apiKeys: [{ id: a, tenant: t, sha256: cs_secret, models: all }]' }),
      'operational.apiKeys[0].sha256: must be 64 lower-case hexadecimal digits',
    ],
    [
      'a key for no model',
      file({ apiKeys: `  apiKeys: [{ id: a, tenant: t, ${KEY}, models: [] }]` }),
      'operational.apiKeys[0].models: must not be empty',
    ],
    [
      'a key for an unknown model',
      file({ apiKeys: `  apiKeys: [{ id: a, tenant: t, ${KEY}, models: [m, x] }]` }),
      'operational.apiKeys[0].models[1]: names no model',
    ],
    [
      'two keys of one id',
      file({
        apiKeys: `  apiKeys: [{ id: a, tenant: t, ${KEY}, models: all }, { id: a, tenant: t, ${KEY.replace(/1/g, '2')}, models: all }]`,
      }),
      'operational.apiKeys[1].id: is the id of an earlier key',
    ],
    [
      'one key twice',
      file({
        apiKeys: `  apiKeys: [{ id: a, tenant: t, ${KEY}, models: all }, { id: b, tenant: t, ${KEY}, models: all }]`,
      }),
      'operational.apiKeys[1].sha256: is the digest of an earlier key',
    ],
    ['no models', file({ models: '  models: []' }), 'measured.models: must not be empty'],
    [
      'two models of one id',
      file({ models: '  models: [{ id: m, upstream: u }, { id: m, upstream: u }]' }),
      'measured.models[1].id: is the id of an earlier model',
    ],
    [
      'a model of no upstream',
      file({ models: '  models: [{ id: m, upstream: v }]' }),
      'measured.models[0].upstream: names no upstream: write one of u',
    ],
    ['a model of a prototype', file({ models: '  models: [{ id: m, upstream: toString }]' }), 'names no upstream'],
    [
      'a model id with a space',
      file({ models: '  models: [{ id: "a b", upstream: u }]' }),
      'measured.models[0].id: must begin with',
    ],
    [
      'a digest that is none',
      file({ models: '  models: [{ id: m, upstream: u, digest: abc }]' }),
      'measured.models[0].digest: must be `none` or sha256:',
    ],
    ['a host with a path', file({ host: '  host: gw.example.com/x' }), 'measured.host: must be a lower-case host name'],
    ['a host in capitals', file({ host: '  host: GW.example.com' }), 'measured.host: must be'],
    [
      'weights on another machine',
      file({
        models: '  models: [{ id: m, upstream: u, weights: { directory: /models/m } }]',
        upstreams: '  upstreams: { u: { kind: http, location: remote, baseUrl: "https://api.example.com" } }',
      }),
      'measured.models[0].weights: measures a folder of this machine, and this model runs on another one: remove weights',
    ],
    [
      'weights that are measured and asserted',
      file({
        models: `  models: [{ id: m, upstream: u, digest: "sha256:${'1'.repeat(64)}", weights: { directory: /models/m } }]`,
      }),
      'measured.models[0].weights: is measured: remove digest, or pin it as weights.root',
    ],
    [
      'a name with measured weights and with any',
      file({
        models: `  models: [{ id: m, upstream: u, digest: "sha256:${'1'.repeat(64)}" }, { id: n, name: m, upstream: u }]`,
      }),
      'measured.models[1].name: is a name under which another entry measures its weights, so no lock can pin both',
    ],
    [
      'the name of the embedded model, with any weights',
      file({
        models: '  models: [{ id: m, upstream: e }, { id: n, name: m, upstream: u }]',
        upstreams:
          '  upstreams: { e: { kind: embedded }, u: { kind: http, location: local, baseUrl: "http://127.0.0.1:1" } }',
      }),
      'measured.models[1].name: is a name under which another entry measures its weights',
    ],
    [
      'a root that is no digest',
      file({ models: '  models: [{ id: m, upstream: u, weights: { directory: /models/m, root: latest } }]' }),
      'measured.models[0].weights.root: must be sha256:',
    ],
    [
      'a field of weights',
      file({ models: '  models: [{ id: m, upstream: u, weights: { folder: /models/m } }]' }),
      'measured.models[0].weights.folder: is not a known field: remove it, or write one of directory, root',
    ],
    [
      'a publisher by a trusted root whose digest is not given',
      file({
        models:
          '  models: [{ id: m, upstream: u, weights: { directory: /m, publisher: { kind: sigstore, identity: a, issuer: b, trustedRootFile: c } } }]',
      }),
      'measured.models[0].weights.publisher.trustedRootDigest: is missing: add it',
    ],
    [
      'a publisher by the name of a file with a key',
      file({
        models:
          '  models: [{ id: m, upstream: u, weights: { directory: /m, publisher: { kind: key, publicKey: key.pem } } }]',
      }),
      'measured.models[0].weights.publisher.publicKey: must be a public key in PEM',
    ],
    [
      'a determinism of an engine',
      file({
        upstreams:
          '  upstreams: { u: { kind: http, location: local, baseUrl: "http://127.0.0.1:1", engine: { name: vllm, version: "1", determinism: perfect } } }',
      }),
      'measured.upstreams.u.engine.determinism: must be one of bit-exact, batch-invariant, best-effort',
    ],
    [
      'an engine without a version',
      file({
        upstreams:
          '  upstreams: { u: { kind: http, location: local, baseUrl: "http://127.0.0.1:1", engine: { name: vllm, determinism: best-effort } } }',
      }),
      'measured.upstreams.u.engine.version: is missing: add it',
    ],
    [
      'a kind of upstream',
      file({ upstreams: '  upstreams: { u: { kind: grpc } }' }),
      'measured.upstreams.u.kind: must be one of embedded, http',
    ],
    [
      'a kind of TLS',
      file({ operational: '  tls: { kind: on }' }),
      'operational.tls.kind: must be one of none, self-signed, acme',
    ],
    [
      'a certificate directory without TLS of its own',
      file({ operational: '  tls: { kind: acme, directoryUrl: "http://ca.example", contact: "mailto:a@b" }' }),
      'operational.tls.directoryUrl: must be an https address',
    ],
    ...['10.0.0.1', '10.0.0.1:8443'].map((host): [string, string, string] => [
      `a public certificate for the address ${host}`,
      file({
        host: `  host: ${host}`,
        operational: '  tls: { kind: acme, directoryUrl: "https://ca.example", contact: "mailto:a@b" }',
      }),
      'operational.tls.kind: needs a DNS name in measured.host',
    ]),
    [
      'a timeout of zero',
      file({
        upstreams:
          '  upstreams: { u: { kind: http, location: local, baseUrl: "http://localhost", timeouts: { idleMs: 0 } } }',
      }),
      'measured.upstreams.u.timeouts.idleMs: must be at least 1',
    ],
    [
      'a token in place of its variable',
      file({
        upstreams:
          '  upstreams: { u: { kind: http, location: local, baseUrl: "http://localhost", apiKeyEnv: sk-secret } }',
      }),
      'apiKeyEnv: must be the name of an environment variable',
    ],
    [
      'a token in a variable of ours',
      file({
        upstreams:
          '  upstreams: { u: { kind: http, location: local, baseUrl: "http://localhost", apiKeyEnv: COUNTERSIGN_KEY } }',
      }),
      'apiKeyEnv: must not begin with COUNTERSIGN_',
    ],
    [
      'a port that is text',
      file({ operational: '  listen: { port: "80" }' }),
      'c.yaml:8:13: operational.listen.port: must be a whole number',
    ],
    [
      'a port with a fraction',
      file({ operational: '  listen: { port: 80.5 }' }),
      'operational.listen.port: must be a whole number',
    ],
    [
      'a port out of range',
      file({ operational: '  listen: { port: 65536 }' }),
      'operational.listen.port: must be at most 65535',
    ],
    ['a number beyond all', file({ measured: '  limits: { bodyBytes: .inf }' }), 'measured.limits.bodyBytes: must be'],
    ['a kind of log', file({ operational: '  log: text' }), 'operational.log: must be one of json, none'],
    [
      'a statement that lives too long',
      file({ operational: '  quoting: { statementLifeSeconds: 86401 }' }),
      'statementLifeSeconds: must be at most 86400',
    ],
    [
      'a kind of storage',
      file({ operational: '  storage: { kind: tape }' }),
      'operational.storage.kind: must be one of file, s3',
    ],
    ['a store without its bucket', file({ operational: '  storage: { kind: s3, region: eu }' }), 'bucket: is missing'],
    [
      'a prefix that is no folder',
      file({ operational: '  storage: { kind: s3, region: eu, bucket: logs, prefix: a }' }),
      'operational.storage.prefix: must be empty or end in /',
    ],
    [
      'a name of a lineage',
      file({ operational: '  lineage: ../x' }),
      'operational.lineage: must be a short lower-case',
    ],
    [
      'witnesses by a word',
      file({ operational: '  witnesses: all' }),
      'operational.witnesses: must be a section with fields or the word none',
    ],
    [
      'an unknown field of the witnesses',
      file({ operational: '  witnesses: { policyFile: w.txt, token: secret }' }),
      'operational.witnesses.token: is not a known field',
    ],
    [
      'a token in clear',
      file({ operational: '  witnesses: { policyFile: w.txt, enrolmentTokenEnv: "s3cret!" }' }),
      'enrolmentTokenEnv: must be the name of an environment variable, or none',
    ],
    [
      'retention by another word',
      file({ operational: '  retentionDays: never' }),
      'operational.retentionDays: must be a whole number or the word forever',
    ],
    ['no retention at all', file({ operational: '  retentionDays: 0' }), 'retentionDays: must be at least 1'],
    ['a batch of none', file({ operational: '  quoting: { batchSize: 0 }' }), 'batchSize: must be at least 1'],
    ['null for a section', file({ operational: '  quoting:' }), 'operational.quoting: must be a section with fields'],
  ])('%s', (_, text, expected) => {
    const fault = faultOf(text)
    expect(fault).toContain(expected)
    expect(fault).not.toMatch(/secret/)
  })

  it('all that is wrong, one line each', () => {
    const fault = faultOf(file({ host: '  host: 5', operational: '  log: 1\n  x: 1' })).split('\n')
    expect(fault).toHaveLength(3)
    for (const line of fault) expect(line).toMatch(/^c\.yaml:\d+:\d+: [a-z.]+: /)
  })
})

describe('a base URL', () => {
  const faultOfUrl = (url: string, location: 'local' | 'remote'): string =>
    faultOf(
      file({ upstreams: `  upstreams: { u: { kind: http, location: ${location}, baseUrl: ${JSON.stringify(url)} } }` }),
    )

  it.each([
    ['http://127.0.0.1:8000', 'local'],
    ['http://localhost:8000/', 'local'],
    ['http://[::1]:8000', 'local'],
    ['http://vllm:8000', 'local'],
    ['https://localhost', 'local'],
    ['https://api.example.com', 'remote'],
    ['https://api.example.com/openai/deployments', 'remote'],
    ['http://127.0.0.1:9000', 'remote'],
  ] as const)('%s is fine for %s', (url, location) => {
    expect(faultOfUrl(url, location)).toBe('none')
  })

  it.each([
    ['127.0.0.1:8000', 'local', 'must be'],
    ['ftp://localhost', 'local', 'must begin with http'],
    ['file:///etc/passwd', 'local', 'must begin with http'],
    ['http://user:secret@localhost', 'local', 'must hold no user or password'],
    ['http://localhost/?a=secret', 'local', 'must hold no query'],
    ['http://localhost/#', 'local', 'must hold no query'],
    ['http://localhost?', 'local', 'must hold no query'],
    ['http://localhost:8000/v1', 'local', 'must not end in /v1'],
    ['http://localhost:8000/v1/', 'local', 'must not end in /v1'],
    ['http://localhost:80', 'local', 'normal form'],
    ['HTTP://localhost', 'local', 'normal form'],
    ['http://2130706433', 'local', 'normal form'],
    ['http://0x7f.1', 'local', 'normal form'],
    ['http://localhost/a/../b', 'local', 'normal form'],
    ['http://localhost/a b', 'local', 'normal form'],
    ['http:\\\\localhost', 'local', 'normal form'],
    ['http://localhost/%2e%2e', 'local', 'normal form'],
    ['http://localhost/a%20b', 'local', 'plain path'],
    ['http://localhost//b', 'local', 'plain path'],
    ['http://10.0.0.1:8000', 'local', 'names another machine'],
    ['http://169.254.169.254', 'local', 'names another machine'],
    ['http://api.example.com', 'local', 'names another machine'],
    ['http://[::ffff:127.0.0.1]', 'local', 'normal form'],
    ['http://api.example.com', 'remote', 'must begin with https://'],
    ['http://vllm:8000', 'remote', 'must begin with https://'],
  ] as const)('%s is refused for %s', (url, location, expected) => {
    const fault = faultOfUrl(url, location)
    expect(fault).toContain('measured.upstreams.u.baseUrl: ')
    expect(fault).toContain(expected)
    expect(fault).not.toContain('secret')
  })
})

describe('the environment', () => {
  it('overrides each operational setting of its table', () => {
    const env = {
      COUNTERSIGN_LISTEN_HOST: '0.0.0.0',
      COUNTERSIGN_LISTEN_PORT: '0',
      COUNTERSIGN_DATA_DIR: '/data',
      COUNTERSIGN_LOG: 'none',
      COUNTERSIGN_QUOTING_INTERVAL_MS: '10000',
      COUNTERSIGN_QUOTING_DEADLINE_MS: '3000',
      COUNTERSIGN_STATEMENT_LIFE_SECONDS: '3600',
      COUNTERSIGN_QUOTING_BATCH_SIZE: '16',
      COUNTERSIGN_QUOTER: 'nsm',
      COUNTERSIGN_LINEAGE: 'blue',
      COUNTERSIGN_SCRUB_HOURS: '0',
      COUNTERSIGN_MAX_WAIT_SECONDS: '5',
    }
    expect(Object.keys(env)).toEqual(ENVIRONMENT_SETTINGS.map(({ variable }) => variable))
    const { operational } = decodeConfig(file({ operational: '  log: json\n  listen: { port: 5 }' }), { env })
    expect(operational).toEqual({
      listen: { host: '0.0.0.0', port: 0 },
      tls: { kind: 'none' },
      dataDir: '/data',
      apiKeys: 'dangerously-none',
      quoting: { intervalMs: 10_000, deadlineMs: 3_000, statementLifeSeconds: 3_600, batchSize: 16 },
      quoter: 'nsm',
      collateral: 'vendors',
      storage: { kind: 'file' },
      lineage: 'blue',
      witnesses: 'none',
      retentionDays: 'forever',
      scrubHours: 0,
      maxWaitSeconds: 5,
      log: 'none',
    })
  })

  it('reaches no measured setting', () => {
    for (const { path } of ENVIRONMENT_SETTINGS) expect(path[0]).toBe('operational')
  })

  it.each([
    ['COUNTERSIGN_HOST', 'x', 'environment variable COUNTERSIGN_HOST is not known'],
    ['COUNTERSIGN_MODELS', '', 'environment variable COUNTERSIGN_MODELS is not known'],
    ['COUNTERSIGN_API_KEYS', 'secret', 'environment variable COUNTERSIGN_API_KEYS is not known'],
    ['COUNTERSIGN_LISTEN_PORT', 'http', 'environment variable COUNTERSIGN_LISTEN_PORT: must be a whole number'],
    ['COUNTERSIGN_LISTEN_PORT', '', 'environment variable COUNTERSIGN_LISTEN_PORT: must be a whole number'],
    ['COUNTERSIGN_LISTEN_PORT', '0x50', 'must be a whole number in decimal digits'],
    ['COUNTERSIGN_LISTEN_PORT', '65536', 'environment variable COUNTERSIGN_LISTEN_PORT: must be at most 65535'],
    ['COUNTERSIGN_DATA_DIR', '', 'environment variable COUNTERSIGN_DATA_DIR: must be at least 1'],
    ['COUNTERSIGN_LOG', 'secret', 'environment variable COUNTERSIGN_LOG: must be one of json, none'],
  ])('with %s=%j is refused', (variable, value, expected) => {
    const fault = faultOf(file(), { [variable]: value })
    expect(fault).toContain(expected)
    expect(fault).not.toContain('secret')
  })

  it('of others is left alone', () => {
    expect(faultOf(file(), { PATH: '/bin', COUNTERSIGNX: '1' })).toBe('none')
  })
})
