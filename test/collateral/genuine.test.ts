/** What AMD and Intel really served, served again: under the built-in roots it is taken, octet for octet. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeHex } from '../../src/core/encoding/bytes.ts'
import { decodePem } from '../../src/core/encoding/pem.ts'
import { decodeTcbInfo } from '../../src/core/tdx/index.ts'
import { createBench, createFakeTime, PCK_CRL, QE, ROOT_CRL, TCB } from './bench.ts'
import { pemOf, serve, serveDocument } from './vendors.ts'

const FOLDER = join('..', 'shared', 'vectors')
const present = existsSync(FOLDER)
if (!present) process.stdout.write('genuine collateral is not here: its tests are skipped\n')

const read = (...path: readonly string[]): Uint8Array => new Uint8Array(readFileSync(join(FOLDER, ...path)))
const text = (...path: readonly string[]): string => new TextDecoder().decode(read(...path))
const bundles = present ? readdirSync(join(FOLDER, 'collateral')).filter((name) => name.startsWith('tdx-')) : []

describe.skipIf(!present)('genuine collateral of Intel', () => {
  it.each(bundles)('%s is taken', async (name) => {
    const part = (file: string) => read('collateral', name, file)
    const pem = (file: string) => text('collateral', name, file)
    const document = (file: string) => ({
      body: part(`${file}.json`),
      signature: decodeHex(pem(`${file}.sig.hex`).trim()),
      issuerChain: decodePem(pem(`${file}_issuer_chain.pem`), 'CERTIFICATE'),
    })
    const [tcbInfo, qeIdentity] = [document('tcb_info'), document('qe_identity')]
    const { fmspc, issueDate } = decodeTcbInfo(tcbInfo.body)
    const { fetcher, vendors } = await createBench([], { time: createFakeTime(issueDate) })
    vendors.on(TCB, serveDocument('tcbInfo', tcbInfo))
    vendors.on(QE, serveDocument('enclaveIdentity', qeIdentity))
    const crlChain = pemOf(...decodePem(pem('pck_crl_issuer_chain.pem'), 'CERTIFICATE'))
    vendors.on(PCK_CRL, serve(part('pck_crl.der'), { 'SGX-PCK-CRL-Issuer-Chain': encodeURIComponent(crlChain) }))
    vendors.on(ROOT_CRL, serve(part('root_ca_crl.der')))
    const { collateral } = await fetcher.fetchTdxCollateral({ fmspc, ca: 'platform' })
    expect(collateral).toEqual({ tcbInfo, qeIdentity, pckCrl: part('pck_crl.der'), rootCaCrl: part('root_ca_crl.der') })
    await vendors.close()
  })
})

describe.skipIf(!present)('genuine chains of AMD', () => {
  it.each([
    ['milan-v3-oak-oc-release', 'Milan'],
    ['genoa-v3-tinfoil-bundle', 'Genoa'],
    ['turin-v5-oak', 'Turin'],
  ] as const)('vouch for %s', async (name, product) => {
    const [ask, ark] = ['ask', 'ark'].map((part) => read('roots', `amd_${part}_${product.toLowerCase()}.der`))
    const { fetcher, vendors } = await createBench([])
    vendors.on(`/vcek/v1/${product}/`, serve(read('sev-snp', name, 'vcek.der')))
    vendors.on(`/vcek/v1/${product}/cert_chain`, serve(pemOf(ask ?? ark ?? read(), ark ?? read())))
    const list = join(FOLDER, 'roots', `amd_crl_${product.toLowerCase()}.der`)
    if (existsSync(list)) vendors.on(`/vcek/v1/${product}/crl`, serve(readFileSync(list)))
    const revocation = existsSync(list) ? 'fetch' : 'skip'
    const report = read('sev-snp', name, 'report.bin')
    const { endorsements } = await fetcher.fetchSnpEndorsements(report, { product, revocation })
    expect(endorsements).toMatchObject({ vcek: read('sev-snp', name, 'vcek.der'), ask, ark })
    await vendors.close()
  })
})
