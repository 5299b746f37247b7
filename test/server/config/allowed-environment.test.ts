import { expect, test } from 'vitest'
import { checkEnvironment, type EnvironmentRules } from '../../../src/server/config/index.ts'
import { failureOf } from '../../kit/failure-of.ts'

const judge = (env: Record<string, string>, rules: EnvironmentRules, named: readonly string[] = []): string =>
  failureOf(() => checkEnvironment(env, { rules, named }))

const CODE = [
  'NODE_OPTIONS',
  'NODE_PATH',
  'LD_PRELOAD',
  'LD_AUDIT',
  'DYLD_INSERT_LIBRARIES',
  'OPENSSL_CONF',
  'GCONV_PATH',
]
const TRUST = [
  'NODE_EXTRA_CA_CERTS',
  'NODE_TLS_REJECT_UNAUTHORIZED',
  'SSL_CERT_FILE',
  'https_proxy',
  'HTTP_PROXY',
  'LD_LIBRARY_PATH',
]

test.each(CODE)('[M2] refuses %s on every machine, because it brings in code', (name) => {
  for (const rules of ['sealed', 'hardware', 'trial'] as const)
    expect(judge({ HOME: '/', [name]: '/x' }, rules)).toBe('ENV_FORBIDDEN')
})

test.each(TRUST)('[M2] refuses %s on hardware, because it decides whom the gateway believes', (name) => {
  for (const rules of ['sealed', 'hardware'] as const) expect(judge({ [name]: '/x' }, rules)).toBe('ENV_FORBIDDEN')
})

test.each(['PATH', 'SHELL', 'NODE_ENV', 'ANYTHING', 'COUNTERSIGN_UNKNOWN', 'node_options'])(
  '[M2] refuses %s in an image, because it is not on the list',
  (name) => {
    expect(judge({ [name]: 'x' }, 'sealed')).toBe('ENV_FORBIDDEN')
  },
)

test('takes the list, settings with a variable, and names that the configuration gives', () => {
  const env = { HOME: '/', TZ: 'UTC', LANG: 'C', COUNTERSIGN_LISTEN_PORT: '1', AWS_SESSION_TOKEN: 'x', ENGINE_KEY: 'x' }
  expect(judge(env, 'sealed', ['ENGINE_KEY'])).toBe('none')
  expect(judge(env, 'sealed')).toBe('ENV_FORBIDDEN')
  expect(judge({ PATH: '/usr/bin', SHELL: '/bin/sh', NODE_ENV: 'production' }, 'hardware')).toBe('none')
})

test('[M2] refuses what brings in code even where the configuration names it', () => {
  expect(judge({ NODE_OPTIONS: '--require=/x.js' }, 'sealed', ['NODE_OPTIONS'])).toBe('ENV_FORBIDDEN')
})

test('takes sizes of the heap in a trial alone', () => {
  const sizes = { NODE_OPTIONS: '--max-old-space-size=4096 --max-semi-space-size=64' }
  expect(judge(sizes, 'trial')).toBe('none')
  expect(judge(sizes, 'hardware')).toBe('ENV_FORBIDDEN')
  expect(judge({ NODE_OPTIONS: '--max-old-space-size=4096 --require=/x.js' }, 'trial')).toBe('ENV_FORBIDDEN')
  expect(judge({ NODE_OPTIONS: '--require=/x.js' }, 'trial')).toBe('ENV_FORBIDDEN')
})

test('names variables and never tells their values', () => {
  expect(() => checkEnvironment({ SECRET_THING: 'canary', A: 'canary' }, { rules: 'sealed' })).toThrow(
    /^the environment holds A, SECRET_THING: start the gateway without$/,
  )
})
