import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { type ApiKeyConfig, createApiKey, findApiKey, hashApiKey } from '../../../src/server/config/index.ts'

const entry = (id: string, key: string): ApiKeyConfig => ({ id, tenant: 't', sha256: hashApiKey(key), models: 'all' })

describe('API keys', () => {
  it('are cs_ and 32 random octets, kept as a digest', () => {
    const { key, sha256 } = createApiKey((size) => new Uint8Array(size).fill(0xff))
    expect(key).toBe(`cs_${'_'.repeat(42)}8`)
    expect(sha256).toBe(createHash('sha256').update(key).digest('hex'))
    expect(hashApiKey(key)).toBe(sha256)
  })

  it('are not made of too little randomness', () => {
    expect(() => createApiKey(() => new Uint8Array(16))).toThrow(expect.objectContaining({ code: 'ERR_USAGE' }))
  })

  it('are found by the whole key alone', () => {
    const keys = [entry('a', 'cs_one'), entry('b', 'cs_two'), entry('c', 'grüße')]
    expect(findApiKey(keys, 'cs_one')?.id).toBe('a')
    expect(findApiKey(keys, 'cs_two')?.id).toBe('b')
    expect(findApiKey(keys, 'grüße')?.id).toBe('c')
    for (const wrong of ['', 'cs_', 'cs_on', 'cs_one ', 'cs_onE', hashApiKey('cs_one'), 'x'.repeat(10_000)])
      expect(findApiKey(keys, wrong)).toBeUndefined()
    expect(findApiKey([], 'cs_one')).toBeUndefined()
  })

  it('longer than any that makes sense are not hashed', () => {
    const long = 'x'.repeat(513)
    expect(findApiKey([entry('a', long)], long)).toBeUndefined()
  })
})
