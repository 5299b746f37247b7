import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CountersignError } from '../../../src/errors.ts'
import { decodeSplitConfig, loadSplitConfig, MAX_OPERATIONAL_SIZE } from '../../../src/server/config/index.ts'
import { failureOf, failureOfAsync } from '../../kit/failure-of.ts'

const MEASURED = `
measured:
  host: gw.example.com
  models:
    - id: example/chat
      upstream: engine
  upstreams:
    engine:
      kind: http
      location: local
      baseUrl: http://127.0.0.1:8000
      apiKeyEnv: ENGINE_KEY
`
const OPERATIONAL = `
operational:
  listen: { port: 443 }
  apiKeys: dangerously-none
  storage: { kind: s3, region: eu-west-1, bucket: receipts }
secrets:
  ENGINE_KEY: not-a-real-key
  AWS_ACCESS_KEY_ID: example
`

const decode = (operational: string, measured = MEASURED): ReturnType<typeof decodeSplitConfig> =>
  decodeSplitConfig(
    { measured: { text: measured, file: 'measured.yaml' }, operational: { text: operational, file: 'op.yaml' } },
    {},
  )
function messageOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof CountersignError) return error.message
    throw error
  }
  return 'none'
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-split-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('[M1] joins both halves; the digest is of the measured one alone', () => {
  const one = decode(OPERATIONAL)
  const other = decode(OPERATIONAL.replace('443', '8443'))
  expect(one.config.operational.listen.port).toBe(443)
  expect(one.config.digest).toBe(other.config.digest)
  expect(decode(OPERATIONAL, MEASURED.replace('gw.', 'gw2.')).config.digest).not.toBe(one.config.digest)
  expect(one.secrets).toEqual({ ENGINE_KEY: 'not-a-real-key', AWS_ACCESS_KEY_ID: 'example' })
})

test.each([
  ['the measured half itself', `measured:\n  host: evil.example\n${OPERATIONAL}`],
  ['a measured setting on top', `models: []\n${OPERATIONAL}`],
  ['models below operational', OPERATIONAL.replace('apiKeys', 'models: []\n  apiKeys')],
  ['upstreams below operational', OPERATIONAL.replace('apiKeys', 'upstreams: {}\n  apiKeys')],
  ['prompts below operational', OPERATIONAL.replace('apiKeys', 'prompts: []\n  apiKeys')],
  ['tools below operational', OPERATIONAL.replace('apiKeys', 'tools: []\n  apiKeys')],
  ['limits below operational', OPERATIONAL.replace('apiKeys', 'limits: {}\n  apiKeys')],
  ['the host below operational', OPERATIONAL.replace('apiKeys', 'host: evil.example\n  apiKeys')],
])('[M1] refuses an operational file with %s', (_, text) => {
  expect(failureOf(() => decode(text))).toBe('CONFIG_UNMEASURED')
})

test('[M1] names the file, the line and the setting', () => {
  expect(messageOf(() => decode(OPERATIONAL.replace('apiKeys', 'models: []\n  apiKeys')))).toMatch(
    /^op\.yaml:4:3: operational\.models: is measured/,
  )
})

test('refuses fields that no half knows, in the file that has them', () => {
  expect(messageOf(() => decode(`extra: 1\n${OPERATIONAL}`))).toMatch(/^op\.yaml:1:1: extra: is not known here/)
  expect(messageOf(() => decode(OPERATIONAL.replace('port: 443', 'ports: 443')))).toMatch(/^op\.yaml:3:13: /)
  expect(messageOf(() => decode(OPERATIONAL, `${MEASURED}operational:\n  apiKeys: dangerously-none\n`))).toMatch(
    /^measured\.yaml:13:1: operational: is not known here/,
  )
  expect(messageOf(() => decode(OPERATIONAL, MEASURED.replace('location: local', 'location: near')))).toMatch(
    /^measured\.yaml:10:7: /,
  )
})

test.each([
  'NODE_OPTIONS',
  'LD_PRELOAD',
  'NODE_EXTRA_CA_CERTS',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'PATH',
  'HTTPS_PROXY',
  'COUNTERSIGN_LOG',
  'OTHER_KEY',
])('[M2] refuses a secret under the name %s, which no setting asks for', (name) => {
  expect(failureOf(() => decode(OPERATIONAL.replace('ENGINE_KEY', name)))).toBe('ENV_FORBIDDEN')
})

test('[M2] refuses a secret that brings in code even where the measured half names it', () => {
  const measured = MEASURED.replace('ENGINE_KEY', 'NODE_OPTIONS')
  expect(failureOf(() => decode(OPERATIONAL.replace('ENGINE_KEY', 'NODE_OPTIONS'), measured))).toBe('ENV_FORBIDDEN')
})

test('tells no secret in its messages', () => {
  const text = messageOf(() => decode(OPERATIONAL.replace('not-a-real-key', '"hidden\\nword"')))
  expect(text).toMatch(/^op\.yaml:7:3: secrets\.ENGINE_KEY: must be one line of text$/)
})

test('reads a partition: text, then zeros to its end', async () => {
  const paths = { measured: join(folder, 'm.yaml'), operational: join(folder, 'partition') }
  await writeFile(paths.measured, MEASURED)
  const write = (after: string): Promise<void> => writeFile(paths.operational, `${OPERATIONAL}${after}`)
  await write('\0'.repeat(1000))
  expect((await loadSplitConfig(paths, { env: {} })).config.operational.listen.port).toBe(443)
  await write('\0\0x')
  await expect(loadSplitConfig(paths, { env: {} })).rejects.toThrow('something follows the zeros')
  await write(`#${'x'.repeat(MAX_OPERATIONAL_SIZE)}`)
  await expect(loadSplitConfig(paths, { env: {} })).rejects.toThrow('larger than 65536 octets')
  await writeFile(paths.operational, Uint8Array.of(0xff, 0xfe))
  expect(await failureOfAsync(() => loadSplitConfig(paths, { env: {} }))).toBe('UTF8_INVALID')
  await expect(loadSplitConfig({ ...paths, operational: join(folder, 'none') }, { env: {} })).rejects.toThrow(
    'cannot be read',
  )
})
