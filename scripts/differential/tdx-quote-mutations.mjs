// Mutations of TDX quotes: of finished octets, region by region, and of fields that the simulator then signs.
import { createHash } from 'node:crypto'
import { flipBit, join, OCTET_CHANGES, put } from './octets.mjs'

const HEADER = [
  ['version', 0, 2],
  ['key-type', 2, 2],
  ['tee-type', 4, 4],
  ['header-reserved', 8, 4],
  ['qe-vendor', 12, 16],
  ['user-data', 28, 20],
]
const BODY = [
  ['tee-tcb-svn', 0, 16],
  ['mr-seam', 16, 48],
  ['mr-signer-seam', 64, 48],
  ['seam-attributes', 112, 8],
  ['td-attributes', 120, 8],
  ['xfam', 128, 8],
  ['mr-td', 136, 48],
  ['mr-config-id', 184, 48],
  ['mr-owner', 232, 48],
  ['mr-owner-config', 280, 48],
  ['rt-mr', 328, 192],
  ['report-data', 520, 64],
]
const TD_15 = [
  ['tee-tcb-svn-2', 584, 16],
  ['mr-service-td', 600, 48],
]
const SIGNATURE_DATA = [
  ['auth-size', 0, 4],
  ['signature', 4, 64],
  ['attestation-key', 68, 64],
  ['outer-type', 132, 2],
  ['outer-size', 134, 4],
  ['qe-report', 138, 384],
  ['qe-signature', 522, 64],
  ['qe-auth-size', 586, 2],
  ['qe-auth-data', 588, 32],
  ['inner-type', 620, 2],
  ['inner-size', 622, 4],
]
const QE_REPORT = [
  ['cpu-svn', 0, 16],
  ['misc-select', 16, 4],
  ['reserved-1', 20, 28],
  ['attributes', 48, 16],
  ['mr-enclave', 64, 32],
  ['reserved-2', 96, 32],
  ['mr-signer', 128, 32],
  ['reserved-3', 160, 96],
  ['isv-prod-id', 256, 2],
  ['isv-svn', 258, 2],
  ['reserved-4', 260, 60],
  ['report-data-hash', 320, 32],
  ['report-data-tail', 352, 32],
]

/** [name, offset, size] of everything in a quote. */
export function regionsOf(quote) {
  const version = quote[0]
  const bodyType = version === 5 ? quote[48] : 2
  const start = version === 5 ? 54 : 48
  const signed = start + (bodyType === 3 ? 648 : 584)
  const at = (base, regions) => regions.map(([name, offset, size]) => [name, base + offset, size])
  const chain = signed + 626
  return [
    ...HEADER,
    ...(version === 5
      ? [
          ['body-type', 48, 2],
          ['body-size', 50, 4],
        ]
      : []),
    ...at(start, bodyType === 3 ? [...BODY, ...TD_15] : BODY),
    ...at(signed, SIGNATURE_DATA),
    ['pck-chain', chain, quote.length - chain],
  ]
}

/** Changes finished octets and leaves the signatures as they were. */
const altered = (change) => ({ tamper: (files) => ({ ...files, quote: change(files.quote) }) })
/** Changes the pieces before they are signed, or when they are. */
const resigned = (change) => ({ unsigned: (parts) => ({ ...parts, ...change(parts) }) })
const reassembled = (change) => ({ signed: (parts) => ({ ...parts, ...change(parts) }) })

const inRegion = (name, change) => (r) =>
  altered((quote) => {
    const [, at, size] = regionsOf(quote).find(([region]) => region === name) ?? ['', 0, 48]
    return join(quote.slice(0, at), change(quote.slice(at, at + size), r), quote.slice(at + size))
  })
const u32 = (value) => {
  const out = Buffer.alloc(4)
  out.writeUInt32LE(value >>> 0)
  return new Uint8Array(out)
}
const REGIONS = [...HEADER, ['body-type'], ['body-size'], ...BODY, ...TD_15, ...SIGNATURE_DATA, ['pck-chain']].map(
  ([name]) => name,
)
const flip = (bytes, r) => flipBit(bytes, r.below(bytes.length * 8))
const SIZES = ['body-size', 'auth-size', 'outer-size', 'inner-size']

/** Of any quote, genuine ones too: nothing is signed anew. */
export const QUOTE_OCTET_MUTATIONS = [
  ...REGIONS.map((name) => [`quote-flip-${name}`, inRegion(name, flip)]),
  ...OCTET_CHANGES.map(([name, change]) => [`quote-${name}`, (r) => altered((quote) => change(quote, r))]),
  ...OCTET_CHANGES.map(([name, change]) => [`quote-chain-${name}`, inRegion('pck-chain', change)]),
  ...SIZES.flatMap((name) => [
    [
      `quote-${name}-near`,
      inRegion(name, (bytes, r) => u32(Buffer.from(bytes).readUInt32LE() + r.pick([-64, -2, -1, 1, 2, 64]))),
    ],
    [`quote-${name}-any`, inRegion(name, (_, r) => r.octets(4))],
  ]),
  ['quote-padding-zeros', (r) => altered((quote) => join(quote, new Uint8Array(r.between(1, 4000))))],
  ['quote-padding-late', (r) => altered((quote) => join(quote, new Uint8Array(r.between(1, 500)), r.octets(1)))],
  ['quote-signature-zero', inRegion('signature', (bytes) => new Uint8Array(bytes.length))],
  ['quote-signature-negated', inRegion('signature', negated)],
  ['quote-qe-signature-negated', inRegion('qe-signature', negated)],
]

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** (r, n - s): as good a signature as (r, s). */
function negated(signature) {
  const s = BigInt(`0x${Buffer.from(signature.slice(32)).toString('hex')}`)
  return join(signature.slice(0, 32), Buffer.from((ORDER - s).toString(16).padStart(64, '0'), 'hex'))
}

const V5 = { version: 5, bodyType: 2 }
const TD15 = { version: 5, bodyType: 3 }
const svns = (r) => [
  r.between(0, 7),
  r.pick([0, 0, 1, 1, 1, 2, 3, 255]),
  r.between(0, 5),
  ...Array.from({ length: 13 }, () => (r.chance(0.05) ? 1 : 0)),
]
const bits = (r, at) => (1n << BigInt(r.pick(at))) | (r.chance(0.3) ? 0n : 1n << 28n)
const text = (parts) => Buffer.from(parts.innerData).toString('latin1')
const chainText = (change) =>
  reassembled((parts) => ({ innerData: new Uint8Array(Buffer.from(change(text(parts)), 'latin1')) }))
const blocks = (pem) => pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/g) ?? []
const qeReport = (change) => (r) => resigned((parts) => ({ qeReport: change(parts.qeReport, r) }))
const fields = (make) => (r) => ({ fields: make(r) })

/** Of simulated quotes: signed anew, so that only the meaning is another. */
export const QUOTE_FIELD_MUTATIONS = [
  ['field-none', () => ({})],
  ['field-v5', fields(() => V5)],
  ['field-td15', fields(() => TD15)],
  ['field-tee-tcb-svn', fields((r) => ({ teeTcbSvn: Uint8Array.from(svns(r)) }))],
  ['field-tee-tcb-svn-v5', fields((r) => ({ ...V5, teeTcbSvn: Uint8Array.from(svns(r)) }))],
  ['field-tee-tcb-svn-2', fields((r) => ({ ...TD15, teeTcbSvn2: Uint8Array.from(svns(r)) }))],
  [
    'field-tee-tcb-svn-both',
    fields((r) => ({ ...TD15, teeTcbSvn: Uint8Array.from(svns(r)), teeTcbSvn2: Uint8Array.from(svns(r)) })),
  ],
  [
    'field-module-0',
    fields((r) => ({ teeTcbSvn: Uint8Array.from([r.between(2, 7), 0, r.between(1, 4), ...new Array(13).fill(0)]) })),
  ],
  [
    'field-td-attributes',
    fields((r) => ({ tdAttributes: bits(r, [0, 1, 4, 5, 6, 7, 8, 16, 26, 27, 28, 29, 30, 31, 32, 40, 61, 62, 63]) })),
  ],
  ['field-td-attributes-none', fields(() => ({ tdAttributes: 0n }))],
  ['field-td-attributes-any', fields((r) => ({ tdAttributes: Buffer.from(r.octets(8)).readBigUInt64LE() & ~0xffn }))],
  ['field-xfam-bit', fields((r) => ({ xfam: 0x602e7n ^ (1n << BigInt(r.below(64))) }))],
  ['field-xfam-base', fields((r) => ({ xfam: BigInt(r.between(0, 3)) }))],
  ['field-mr-signer-seam', fields((r) => ({ mrSignerSeam: put(new Uint8Array(48), r.below(48), r.between(1, 255)) }))],
  ['field-seam-attributes', fields((r) => ({ seamAttributes: 1n << BigInt(r.below(64)) }))],
  ['field-service-td', fields((r) => ({ ...TD15, mrServiceTd: r.octets(48) }))],
  [
    'field-registers',
    fields((r) => ({
      mrTd: r.octets(48),
      mrConfigId: r.octets(48),
      mrOwner: r.octets(48),
      mrOwnerConfig: r.octets(48),
      rtMr3: r.octets(48),
    })),
  ],
  ['field-version', fields((r) => ({ version: r.pick([0, 1, 2, 3, 6, 260]) }))],
  ['field-body-type', fields((r) => ({ version: 5, bodyType: r.pick([0, 1, 4, 5, 256]) }))],
  ['field-key-type', fields((r) => ({ attestationKeyType: r.pick([0, 1, 3, 4]) }))],
  ['field-tee-type', fields((r) => ({ teeType: r.pick([0, 1, 0x80, 0x82, 0x81000000]) }))],
  ['field-qe-vendor', fields((r) => ({ qeVendorId: r.octets(16) }))],
  ['field-user-data', fields((r) => ({ userData: r.octets(20) }))],
  ['field-padding', fields((r) => ({ padding: r.between(1, 5000) }))],
  [
    'field-body-size',
    (r) => ({
      fields: V5,
      ...resigned(({ signed }) => ({ signed: put(signed, 50, ...u32(r.pick([0, 583, 585, 648, 65535]))) })),
    }),
  ],
  ['field-header-reserved', (r) => resigned(({ signed }) => ({ signed: put(signed, 8, ...r.octets(4)) }))],
  ['field-qe-misc-select', fields((r) => ({ qeMiscSelect: (1 << r.below(32)) >>> 0 }))],
  [
    'field-qe-attributes',
    fields((r) => ({ qeAttributes: flip(Uint8Array.from(Buffer.from('1500000000000000e700000000000000', 'hex')), r) })),
  ],
  [
    'field-qe-debug',
    fields(() => ({ qeAttributes: Uint8Array.from(Buffer.from('1700000000000000e700000000000000', 'hex')) })),
  ],
  ['field-qe-mr-signer', fields((r) => ({ qeMrSigner: r.octets(32) }))],
  ['field-qe-mr-enclave', fields((r) => ({ qeMrEnclave: r.octets(32) }))],
  ['field-qe-isv-prod-id', fields((r) => ({ qeIsvProdId: r.pick([0, 1, 3, 0x102]) }))],
  ['field-qe-isv-svn', fields((r) => ({ qeIsvSvn: r.between(0, 7) }))],
  ['field-qe-auth-data-size', fields((r) => ({ qeAuthData: r.octets(r.pick([0, 1, 16, 31, 33, 64, 100])) }))],
  ['field-qe-auth-data', fields((r) => ({ qeAuthData: r.octets(32) }))],
  ['field-qe-auth-data-zero-tail', fields((r) => ({ qeAuthData: r.octets(r.between(0, 31)) }))],
  ...QE_REPORT.map(([name, at, size]) => [
    `field-qe-report-${name}`,
    qeReport((report, r) => put(report, at + r.below(size), r.between(1, 255))),
  ]),
  ['field-key-of-another', (r) => reassembled(({ attestationKey }) => ({ attestationKey: flip(attestationKey, r) }))],
  ['field-key-off-curve', (r) => vouched((key) => flip(key, r))],
  ['field-key-zero', () => vouched((key) => new Uint8Array(key.length))],
  ['field-outer-type', (r) => reassembled(() => ({ outerType: r.pick([0, 1, 2, 3, 4, 5, 7]) }))],
  ['field-inner-type', (r) => reassembled(() => ({ innerType: r.pick([0, 1, 2, 3, 4, 6, 7]) }))],
  ['chain-text-before', () => chainText((pem) => `platform\n${pem}`)],
  ['chain-text-between', () => chainText((pem) => blocks(pem).join('next\n'))],
  ['chain-text-after', () => chainText((pem) => `${pem.replace(/\0+$/, '')}end\n`)],
  ['chain-nuls', (r) => chainText((pem) => `${pem.replace(/\0+$/, '')}${'\0'.repeat(r.pick([0, 2, 3, 8]))}`)],
  ['chain-crlf', () => chainText((pem) => pem.replaceAll('\n', '\r\n'))],
  ['chain-one-line', () => chainText((pem) => pem.replace(/([A-Za-z0-9+/=])\n(?=[A-Za-z0-9+/=])/g, '$1'))],
  ['chain-padding', () => chainText((pem) => pem.replace(/=*\n-----END/, '==\n-----END'))],
  ['chain-order', (r) => chainText((pem) => r.shuffled(blocks(pem)).join(''))],
  ['chain-without-root', () => chainText((pem) => blocks(pem).slice(0, 2).join(''))],
  [
    'chain-without-ca',
    () =>
      chainText((pem) =>
        blocks(pem)
          .filter((_, i) => i !== 1)
          .join(''),
      ),
  ],
  ['chain-leaf-only', () => chainText((pem) => blocks(pem)[0])],
  ['chain-root-twice', () => chainText((pem) => [...blocks(pem), blocks(pem)[2]].join(''))],
  ['chain-empty', () => chainText(() => '')],
]

/** Another attestation key, which the quoting enclave vouches for. */
function vouched(change) {
  return resigned(({ attestationKey: old, qeAuthData, qeReport: report }) => {
    const attestationKey = change(old)
    const hash = createHash('sha256').update(attestationKey).update(qeAuthData).digest()
    return { attestationKey, qeReport: put(report, 320, ...hash) }
  })
}
