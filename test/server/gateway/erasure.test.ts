/** Erasing a receipt: its content goes from the disk, its place in history stays, and only its owner hears of it. */
import { copyFile, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { decodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { verifyInclusion } from '../../../src/core/log/index.ts'
import { decodeReceipt, receiptEntry, receiptJti } from '../../../src/core/receipt/receipt.ts'
import { hashApiKey } from '../../../src/server/config/index.ts'
import type { PublishedLog } from '../../../src/server/log/index.ts'
import {
  ask,
  type FixtureOptions,
  type GatewayFixture,
  PLAIN_MODEL,
  receiptOf,
  ridOf,
  startFixture,
} from './gateway-fixture.ts'
import { call, type Reply } from './http-client.ts'

const KEYS = { alice: 'cs_alice', bob: 'cs_bob' } as const
const WITH_KEYS: FixtureOptions = {
  operational: {
    apiKeys: [
      { id: 'a', tenant: 'alice', sha256: hashApiKey(KEYS.alice), models: 'all' },
      { id: 'b', tenant: 'bob', sha256: hashApiKey(KEYS.bob), models: 'all' },
    ],
  },
}
const bearer = (key: string) => ({ authorization: `Bearer ${key}` })
const ALICE = bearer(KEYS.alice)
const BOB = bearer(KEYS.bob)

let fixture: GatewayFixture
afterEach(() => fixture.close())

async function start(options: FixtureOptions = {}): Promise<void> {
  fixture = await startFixture(options)
}

const erase = (rid: string, headers: Readonly<Record<string, string>> = {}): Promise<Reply> =>
  call(`${fixture.url}/v1/receipts/${rid}`, { method: 'DELETE', headers })

const codeOf = ({ text }: Reply): string => JSON.parse(text).error.code

/** A receipt that is quoted already. */
async function issue(
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly rid: string; readonly token: string }> {
  const reply = await fixture.chat(ask(PLAIN_MODEL), { headers: { ...headers, prefer: 'receipt=quoted, wait=20' } })
  return { rid: ridOf(reply), token: receiptOf(reply) }
}

async function provesLeaf(log: Pick<PublishedLog, 'vkey' | 'origin'>, proof: string, token: string): Promise<boolean> {
  const entry = receiptEntry(decodeReceipt(token).issuerJws)
  const { ok } = await verifyInclusion({ proof, entry, vkey: log.vkey, origin: log.origin })
  return ok
}

/** Whether any file of the store holds these octets. */
async function isOnDisk(octets: Uint8Array): Promise<boolean> {
  const names = await readdir(fixture.dataDir, { recursive: true, withFileTypes: true })
  // What is being written is on its way to another name.
  for (const { parentPath, name } of names.filter((each) => each.isFile() && !each.parentPath.includes('~')))
    if ((await readFile(join(parentPath, name))).includes(Buffer.from(octets))) return true
  return false
}

describe('an erased receipt', () => {
  it('is gone from the disk, answers 410, and its leaf is proven still', async () => {
    await start()
    const { rid, token } = await issue()
    const { log } = fixture.gateway
    const jti = decodeBase64Url(receiptJti(decodeBase64Url(rid)))
    const sealed = (await log.readSealed(jti))?.sealed.slice() ?? new Uint8Array(0)
    expect(await isOnDisk(sealed)).toBe(true)
    const before = await fixture.get(`/v1/receipts/${rid}/proof`)
    const { size, root } = await log.checkpoint()

    const erased = await erase(rid)
    expect([erased.status, erased.text]).toEqual([204, ''])
    expect(await isOnDisk(sealed)).toBe(false)
    for (const accept of ['application/eat+jwt', 'application/cmw+json']) {
      const reply = await fixture.get(`/v1/receipts/${rid}`, { accept })
      expect([reply.status, codeOf(reply)]).toEqual([410, 'receipt_erased'])
    }
    const after = await fixture.get(`/v1/receipts/${rid}/proof`)
    expect(after.text).toBe(before.text)
    expect(await provesLeaf(log, after.text, token)).toBe(true)
    expect(await log.rootAt(size)).toEqual(root)
    expect((await erase(rid)).status).toBe(204)
  })

  it('stays erased in the next boot, and one of an earlier boot can be erased', async () => {
    await start()
    const [first, second] = [await issue(), await issue()]
    const { log, dataDir } = { log: fixture.gateway.log, dataDir: fixture.dataDir }
    await erase(first.rid)
    await fixture.stop()
    await start({ dataDir })
    expect((await fixture.get(`/v1/receipts/${first.rid}`)).status).toBe(410)
    expect((await fixture.get(`/v1/receipts/${second.rid}`)).status).toBe(200)
    expect((await erase(second.rid)).status).toBe(204)
    for (const { rid, token } of [first, second]) {
      expect((await fixture.get(`/v1/receipts/${rid}`)).status).toBe(410)
      expect(await provesLeaf(log, (await fixture.get(`/v1/receipts/${rid}/proof`)).text, token)).toBe(true)
    }
  })

  it('leaves the others as they are', async () => {
    await start()
    const [first, second] = [await issue(), await issue()]
    await erase(first.rid)
    expect(decodeReceipt((await fixture.get(`/v1/receipts/${second.rid}`)).text).issuerJws).toBe(
      decodeReceipt(second.token).issuerJws,
    )
  })

  it('may be one that no quote covers yet: its leaf is quoted all the same', async () => {
    await start()
    const reply = await fixture.chat(ask(PLAIN_MODEL))
    expect((await erase(ridOf(reply))).status).toBe(204)
    const proof = await fixture.get(`/v1/receipts/${ridOf(reply)}/proof`, { prefer: 'wait=20' })
    expect(await provesLeaf(fixture.gateway.log, proof.text, receiptOf(reply))).toBe(true)
  })
})

describe('a receipt that is older than receipts are kept', () => {
  it('answers 410 of its own kind, and its leaf is proven still', async () => {
    await start()
    const { rid, token } = await issue()
    const { dataDir } = fixture
    const { log } = fixture.gateway
    await fixture.stop()
    // As the end of retention does: segments of the write-ahead log go, leaves stay.
    await rm(join(dataDir, 'private', log.id, 'wal'), { recursive: true })
    await start({ dataDir })
    const reply = await fixture.get(`/v1/receipts/${rid}`)
    expect([reply.status, codeOf(reply)]).toEqual([410, 'receipt_lapsed'])
    expect(await provesLeaf(log, (await fixture.get(`/v1/receipts/${rid}/proof`)).text, token)).toBe(true)
    expect((await fixture.get(`/v1/receipts/AAAAAAAAAAAAAAAAAAAAAA`)).status).toBe(404)
  })
})

describe('with API keys', () => {
  it('nobody erases what is another’s, or learns that it was there', async () => {
    await start(WITH_KEYS)
    const { rid } = await issue(ALICE)
    const unknown = await erase('AAAAAAAAAAAAAAAAAAAAAA', BOB)
    expect(unknown.status).toBe(404)
    const foreign = await erase(rid, BOB)
    expect([foreign.status, foreign.text]).toEqual([404, unknown.text])
    expect((await erase(rid)).status).toBe(401)
    expect((await fixture.get(`/v1/receipts/${rid}`, ALICE)).status).toBe(200)

    expect((await erase(rid, ALICE)).status).toBe(204)
    for (const path of [`/v1/receipts/${rid}`, `/v1/receipts/${rid}/proof`]) {
      const reply = await fixture.get(path, BOB)
      expect([reply.status, reply.text]).toEqual([404, unknown.text])
    }
    expect((await fixture.get(`/v1/receipts/${rid}`, ALICE)).status).toBe(410)
  })

  it('what is left of it names no tenant, and says nothing under another name', async () => {
    await start(WITH_KEYS)
    const [first, second] = [await issue(ALICE), await issue(ALICE)]
    for (const { rid } of [first, second]) await erase(rid, ALICE)
    const folder = join(fixture.dataDir, 'private', fixture.gateway.log.id, 'gone')
    const pathOf = ({ rid }: { readonly rid: string }): string =>
      join(folder, Buffer.from(decodeBase64Url(receiptJti(decodeBase64Url(rid)))).toString('hex'))
    expect(await isOnDisk(Buffer.from('alice'))).toBe(false)
    await copyFile(pathOf(first), pathOf(second))
    expect((await fixture.get(`/v1/receipts/${first.rid}`, ALICE)).status).toBe(410)
    expect((await fixture.get(`/v1/receipts/${second.rid}`, ALICE)).status).toBe(404)
  })
})
