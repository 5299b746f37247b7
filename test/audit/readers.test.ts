/** Readers of logs: what a gateway or a folder gives is bounded, and what is out of form is refused. */
import { describe, expect, it } from 'vitest'
import { createFolderReader, createHttpReader } from '../../src/audit/index.ts'
import { encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import { CountersignError } from '../../src/errors.ts'

const ID = `${'A'.repeat(42)}A`
const URL_BASE = 'https://gw.example.com'

/** A fetch that answers from a table and notes what it was asked. */
function table(answers: Readonly<Record<string, Response>>): {
  readonly fetch: typeof globalThis.fetch
  readonly asked: (readonly [string, RequestInit | undefined])[]
} {
  const asked: (readonly [string, RequestInit | undefined])[] = []
  return {
    asked,
    fetch: async (input, init) => {
      asked.push([String(input), init])
      return answers[String(input)] ?? new Response('', { status: 404 })
    },
  }
}

function refusalOf(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}

describe('a reader over HTTP', () => {
  it('reads below the address of a gateway, and follows no redirection', async () => {
    const { fetch, asked } = table({ [`${URL_BASE}/log/${ID}/checkpoint`]: new Response('note') })
    const reader = createHttpReader(`${URL_BASE}/v1/`, { fetch })
    expect(await reader.read(ID, 'checkpoint')).toEqual(encodeUtf8('note'))
    expect(asked[0]?.[1]).toMatchObject({ redirect: 'error', credentials: 'omit' })
    expect(await reader.read(ID, 'genesis')).toBeUndefined()
  })

  it.each([
    ['http://gw.example.com', 'plain HTTP to another machine'],
    ['ftp://gw.example.com', 'another scheme'],
    ['https://user@gw.example.com', 'a user'],
    ['https://gw.example.com/?a=b', 'a query'],
    ['gw.example.com', 'no scheme'],
  ])('refuses %s: %s', (address) => {
    const error = refusalOf(() => createHttpReader(address, table({})))
    expect(error).toBeInstanceOf(CountersignError)
    expect(error).toMatchObject({ code: 'ERR_USAGE' })
  })

  it('reads plain HTTP on this machine', async () => {
    const { fetch } = table({ 'http://127.0.0.1:8080/log': new Response(`{"host":"a.example","logs":["${ID}"]}`) })
    const reader = createHttpReader('http://127.0.0.1:8080', { fetch })
    expect(await reader.logs()).toEqual({ host: 'a.example', ids: [ID] })
  })

  it('stops at the limit of a file, whatever its length is said to be', async () => {
    const large = new Response(new Uint8Array(131_073), { headers: { 'content-length': '10' } })
    const { fetch } = table({ [`${URL_BASE}/log/${ID}/checkpoint`]: large })
    const reading = createHttpReader(URL_BASE, { fetch }).read(ID, 'checkpoint')
    await expect(reading).rejects.toMatchObject({ failure: 'EVIDENCE_TOO_LARGE' })
  })

  it.each([500, 429, 301])('is not performed where the gateway answers %i', async (status) => {
    const { fetch } = table({ [`${URL_BASE}/log/${ID}/checkpoint`]: new Response('', { status }) })
    const reading = createHttpReader(URL_BASE, { fetch }).read(ID, 'checkpoint')
    await expect(reading).rejects.toMatchObject({ code: 'ERR_NETWORK' })
  })

  it('is not performed where nothing answers in time', async () => {
    const fetch: typeof globalThis.fetch = (_, init) =>
      new Promise((_resolve, reject) => {
        init?.signal?.addEventListener('abort', () => reject(new Error('aborted')))
      })
    const reading = createHttpReader(URL_BASE, { fetch, timeoutMs: 1 }).logs()
    await expect(reading).rejects.toMatchObject({ code: 'ERR_NETWORK' })
  })

  it.each([
    ['{"host":"a.example","logs":["x"]}', 'an id that is no key'],
    [`{"host":"a.example","logs":["${ID}","${ID}"]}`, 'a log twice'],
    [`{"host":"A b","logs":[]}`, 'a host out of form'],
    ['{"logs":[]}', 'no host'],
    ['[]', 'no object'],
  ])('refuses the list of logs %s: %s', async (body) => {
    const { fetch } = table({ [`${URL_BASE}/log`]: new Response(body) })
    await expect(createHttpReader(URL_BASE, { fetch }).logs()).rejects.toMatchObject({ code: 'ERR_MALFORMED' })
  })

  it.each(['[2,1]', '[1,1]', '[-1]', '["1"]', '[1.5]', '{}'])('refuses the list of records %s', async (body) => {
    const { fetch } = table({ [`${URL_BASE}/log/${ID}/evidence`]: new Response(body) })
    const reading = createHttpReader(URL_BASE, { fetch }).evidenceSizes(ID)
    await expect(reading).rejects.toMatchObject({ code: 'ERR_MALFORMED' })
  })
})

describe('a reader of a folder', () => {
  const names: Readonly<Record<string, readonly string[]>> = {
    log: [`${ID}/`, 'other/', 'file'],
    [`log/${ID}/evidence`]: ['10', '9', '009', 'x'],
  }
  const store = {
    list: async (folder: string) => names[folder] ?? [],
    read: async (name: string) => (name === `log/${ID}/genesis` ? encodeUtf8('{}') : undefined),
  }
  const reader = createFolderReader(store, { readEvidence: async (_, size) => encodeUtf8(`record ${size}`) })

  it('lists logs and sizes, and passes over everything else', async () => {
    expect(await reader.logs()).toEqual({ host: undefined, ids: [ID] })
    expect(await reader.evidenceSizes(ID)).toEqual([9, 10])
    expect(await reader.witnessedSizes(ID)).toEqual([])
  })

  it('gives files as they lie there, and records as a gateway serves them', async () => {
    expect(await reader.read(ID, 'genesis')).toEqual(encodeUtf8('{}'))
    expect(await reader.read(ID, 'checkpoint')).toBeUndefined()
    expect(await reader.read(ID, 'evidence/9')).toEqual(encodeUtf8('record 9'))
  })
})
