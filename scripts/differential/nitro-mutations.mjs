// Mutations of Nitro documents: of finished octets, of the payload and the envelope before they are signed, of certificates, of the time.
import { flipBit, join, OCTET_CHANGES, put } from './octets.mjs'
import { later, SHAPES } from './shapes.mjs'

const head = (major, size) =>
  size < 24
    ? Uint8Array.of((major << 5) | size)
    : size < 256
      ? Uint8Array.of((major << 5) | 24, size)
      : Uint8Array.of((major << 5) | 25, size >> 8, size & 255)
const bytes = (octets) => join(head(2, octets.length), octets)
const text = (value) => join(head(3, value.length), Buffer.from(value, 'utf8'))
const list = (...items) => join(head(4, items.length), ...items)
const map = (...pairs) => join(head(5, pairs.length), ...pairs.flat())
const hex = (value) => new Uint8Array(Buffer.from(value, 'hex'))
const NULL = hex('f6')
const zeros = (size) => new Uint8Array(size)

const altered = (change) => (r) => ({ tamper: (document) => change(document, r) })
/** Positions of a simulated or genuine document: header, payload, signature (98 octets with its head). */
const inPart = (name, change) =>
  altered((document, r) => {
    const end = document.length - 98
    const [from, to] = { header: [0, 7], payload: [7, end], signature: [end, document.length] }[name]
    return join(document.slice(0, from), change(document.slice(from, to), r), document.slice(to))
  })

const ORDER = BigInt(
  '0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
)
function negated(item) {
  const s = BigInt(`0x${Buffer.from(item.slice(50)).toString('hex')}`)
  return join(item.slice(0, 50), Buffer.from((ORDER - s).toString(16).padStart(96, '0'), 'hex'))
}

/** Of any document: nothing is signed anew. */
export const NITRO_OCTET_MUTATIONS = [
  ...OCTET_CHANGES.map(([name, change]) => [`document-${name}`, altered(change)]),
  ...['header', 'payload', 'signature'].flatMap((part) =>
    OCTET_CHANGES.map(([name, change]) => [`${part}-${name}`, inPart(part, change)]),
  ),
  ['signature-negated', inPart('signature', negated)],
  ['signature-zero', inPart('signature', (item) => join(item.slice(0, 2), zeros(96)))],
  ['document-tag', altered((document, r) => join(hex(r.pick(['d2', 'd1', 'd862', 'd8d2', 'd212'])), document))],
  ['envelope-wide', altered((document) => join(hex('9804'), document.slice(1)))],
  ['envelope-indefinite', altered((document) => join(hex('9f'), document.slice(1), hex('ff')))],
  ['envelope-five', altered((document) => join(hex('85'), document.slice(1), NULL))],
  ['envelope-three', altered((document) => join(hex('83'), document.slice(1, -98)))],
  ['unprotected-key-id', altered((document) => join(document.slice(0, 6), hex('a1044101'), document.slice(7)))],
  ['unprotected-algorithm', altered((document) => join(document.slice(0, 6), hex('a10126'), document.slice(7)))],
  ['payload-wide', altered((document) => join(document.slice(0, 7), hex('5a0000'), document.slice(8)))],
]

const header =
  (...values) =>
  (r) => ({ unsigned: (parts) => ({ ...parts, protectedHeader: hex(r.pick(values)) }) })
const payload = (change) => (r) => ({ unsigned: (parts) => ({ ...parts, payload: change(parts.payload, r) }) })
const entries = (change) => (r) => ({ entries: (all) => change(all, r) })
const value = (name, ...values) =>
  entries((all, r) => all.map((old) => (old.name === name ? { ...old, value: r.pick(values) } : old)))
const edited = (name, change) =>
  entries((all, r) => all.map((old) => (old.name === name ? { ...old, value: change(old.value, r) } : old)))
const adding = (name, ...values) => entries((all, r) => [...all, { name, key: text(name), value: r.pick(values) }])
const before = (name, item) => entries((all) => [{ name, key: text(name), value: item }, ...all])
const fields = (make) => (r, world) => ({ fields: make(r, world) })
const bundle = (change) => fields((r, { nitro, ...rest }) => ({ ...nitro.chain(), ...change(nitro.chain(), r, rest) }))
const registers = (change) => fields((r, { pcrs }) => ({ pcrs: change(new Map(pcrs), r) }))
const KEYS = ['module_id', 'digest', 'timestamp', 'pcrs', 'certificate', 'cabundle', 'public_key', 'user_data', 'nonce']
const LEVELS = ['regional', 'zonal', 'instance', 'leaf']

const ENVELOPE = [
  ['none', () => ({})],
  ['tagged', () => ({ tagged: true })],
  ['definite', () => ({ payloadMap: 'definite' })],
  ['header-algorithm', header('a10126', 'a10127', 'a1013823', 'a1011823', 'a101f6', 'a0', '', 'a1043822', '3822')],
  ['header-text', header('a101654553333834', 'a101646e6f6e65')],
  ['header-wide', header('a101390022', 'b8010138 22'.replace(' ', ''), 'bf013822ff')],
  ['header-twice', header('a20138220126', 'a20126013822')],
  ['header-critical', header('a2013822028101')],
  ['header-more', header('a2013822044101')],
  ['header-trailing', header('a101382200')],
  ['payload-trailing', payload((octets, r) => join(octets, r.octets(r.between(1, 8))))],
  ['payload-empty', payload(() => zeros(0))],
  ['payload-tagged', payload((octets) => join(hex('d818'), octets))],
  ['payload-any', payload((octets, r) => flipBit(octets, r.below(octets.length * 8)))],
  ['signed-other-header', () => ({ toSign: (parts) => ({ ...parts, protectedHeader: hex('a101390022') }) })],
  [
    'signed-other-payload',
    () => ({ toSign: (parts) => ({ ...parts, payload: join(hex('a9'), parts.payload.slice(1, -1)) }) }),
  ],
]
const ENTRIES = [
  ...KEYS.map((name) => [`without-${name}`, entries((all) => all.filter((entry) => entry.name !== name))]),
  ...KEYS.map((name) => [`twice-${name}`, entries((all) => [...all, all.find((entry) => entry.name === name)])]),
  ...KEYS.map((name) => [`null-${name}`, value(name, NULL)]),
  ...KEYS.map((name) => [
    `type-${name}`,
    value(
      name,
      hex('01'),
      hex('20'),
      text('x'),
      bytes(zeros(4)),
      list(),
      map(),
      hex('f5'),
      hex('f7'),
      hex('fb3ff0000000000000'),
    ),
  ]),
  ['twice-other-module', before('module_id', text('i-0000000000000000-enc0000000000000'))],
  ['twice-other-registers', before('pcrs', map([hex('00'), bytes(zeros(48).fill(9))]))],
  ['twice-other-user-data', before('user_data', bytes(zeros(8)))],
  ['unknown-key', adding('extra', NULL, hex('01'), bytes(zeros(3)))],
  ['nitrotpm-registers', adding('nitrotpm_pcrs', map([hex('04'), bytes(zeros(48).fill(1))]))],
  ['digest-other', value('digest', text('SHA256'), text('SHA512'), text('sha384'), text(''))],
  ['digest-wide', value('digest', join(hex('7806'), Buffer.from('SHA384')))],
  ['digest-indefinite', value('digest', join(hex('7f'), text('SHA384'), hex('ff')))],
  ['timestamp-zero', value('timestamp', hex('00'))],
  ['timestamp-wide', value('timestamp', hex('1b00000000000003e8'))],
  ['timestamp-huge', value('timestamp', hex('1bffffffffffffffff'), hex('1b001fffffffffffff'))],
  ['timestamp-float', value('timestamp', hex('fb427a1fbd88000000'))],
  ['registers-wide', edited('pcrs', (item) => join(hex('b810'), item.slice(1)))],
  ['registers-indefinite', edited('pcrs', (item) => join(hex('bf'), item.slice(1), hex('ff')))],
  ['certificate-indefinite', edited('certificate', (item) => join(hex('5f'), item, hex('ff')))],
  ['bundle-indefinite', edited('cabundle', (item) => join(hex('9f'), item.slice(1), hex('ff')))],
  ['keys-reversed', entries((all) => [...all].reverse())],
  ['keys-shuffled', entries((all, r) => r.shuffled(all))],
]
const FIELDS = [
  [
    'module-other',
    fields((r) => ({ moduleId: r.pick(['i-0fedcba987654321f-enc0123456789abcdef', 'x', '', 'i-0123456789abcdef0']) })),
  ],
  ['public-key', fields((r) => ({ publicKey: r.octets(r.pick([0, 1, 1024, 1025, 2000])) }))],
  ['user-data', fields((r) => ({ userData: r.octets(r.pick([0, 1, 512, 513, 1024, 3000])) }))],
  ['nonce', fields((r) => ({ nonce: r.octets(r.pick([0, 1, 512, 513, 1024])) }))],
  [
    'time-stamped-late',
    fields((r, { at }) => ({ timestamp: at.getTime() + r.pick([299_000, 300_000, 301_000, 86_400_000]) })),
  ],
  ['time-stamped-early', fields((r, { at }) => ({ timestamp: at.getTime() - r.pick([1000, 3_600_000, 86_400_000]) }))],
  ['register-size', registers((all, r) => all.set(r.below(16), r.octets(r.pick([0, 32, 47, 49, 64]))))],
  ['register-index', registers((all, r) => all.set(r.pick([-1, 32, 33, 255]), r.octets(48)))],
  ['register-user', registers((all, r) => all.set(r.between(16, 31), r.octets(48)))],
  ['register-missing', registers((all, r) => new Map([...all].filter(([index]) => index !== r.below(3))))],
  ['registers-none', registers(() => new Map())],
  ['registers-many', registers(() => new Map(Array.from({ length: 33 }, (_, index) => [index, zeros(48).fill(1)])))],
  ['debug', registers((all) => all.set(0, zeros(48)).set(1, zeros(48)).set(2, zeros(48)))],
  ['debug-one-register', registers((all, r) => all.set(r.below(3), zeros(48)))],
  ['bundle-shuffled', bundle(({ cabundle: [root, ...rest] }, r) => ({ cabundle: [root, ...r.shuffled(rest)] }))],
  ['bundle-root-last', bundle(({ cabundle: [root, ...rest] }) => ({ cabundle: [...rest, root] }))],
  [
    'bundle-without',
    bundle(({ cabundle }, r) => {
      const gone = r.between(1, 3)
      return { cabundle: cabundle.filter((_, at) => at !== gone) }
    }),
  ],
  ['bundle-without-root', bundle(({ cabundle }) => ({ cabundle: cabundle.slice(1) }))],
  ['bundle-twice', bundle(({ cabundle }, r) => ({ cabundle: [...cabundle, r.pick(cabundle)] }))],
  [
    'bundle-stranger',
    bundle(({ cabundle }, r, { other }) => ({ cabundle: [...cabundle, r.pick(other.chain().cabundle)] })),
  ],
  [
    'bundle-other-root',
    bundle(({ cabundle }, _, { other }) => ({ cabundle: [other.chain().cabundle[0], ...cabundle.slice(1)] })),
  ],
  [
    'bundle-root-before-other',
    bundle(({ cabundle: [root] }, _, { other }) => ({
      certificate: other.chain().certificate,
      cabundle: [root, ...other.chain().cabundle.slice(1)],
    })),
  ],
  [
    'bundle-root-and-other-chain',
    bundle(({ cabundle: [root] }, _, { other }) => ({
      certificate: other.chain().certificate,
      cabundle: [root, ...other.chain().cabundle],
    })),
  ],
  ['bundle-leaf-inside', bundle(({ certificate, cabundle }) => ({ cabundle: [...cabundle, certificate] }))],
  ['bundle-empty', bundle(() => ({ cabundle: [] }))],
  ['certificate-of-instance', bundle(({ cabundle }) => ({ certificate: cabundle[3], cabundle: cabundle.slice(0, 3) }))],
  [
    'certificate-flip',
    bundle(({ certificate }, r) => ({ certificate: flipBit(certificate, r.below(certificate.length * 8)) })),
  ],
  ['certificate-trailing', bundle(({ certificate }) => ({ certificate: join(certificate, zeros(1)) }))],
  [
    'bundle-flip',
    bundle(({ cabundle }, r) => {
      const at = r.below(4)
      return {
        cabundle: cabundle.map((item, index) => (index === at ? flipBit(item, r.below(item.length * 8)) : item)),
      }
    }),
  ],
  [
    'bundle-signature',
    bundle(({ cabundle }, r) => {
      const at = r.between(1, 3)
      return {
        cabundle: cabundle.map((item, index) => (index === at ? put(item, item.length - 1, item.at(-1) ^ 1) : item)),
      }
    }),
  ],
]
const CERTIFICATES = LEVELS.flatMap((level) =>
  SHAPES.map(([name, shape]) => [
    `${level}-${name}`,
    (_, { at }) => ({ certificateShapes: { [level]: (template) => shape(template, at) } }),
  ]),
)
const HOUR = 3_600_000
const offset =
  (...ms) =>
  (r, { at }) => ({ at: later(at, r.pick(ms)) })

/** Of simulated documents: signed anew. [name, (random, world) => changes]; world is `{ at, nitro, other, pcrs }`. */
export const NITRO_FIELD_MUTATIONS = [
  ...ENVELOPE,
  ...ENTRIES,
  ...FIELDS,
  ...CERTIFICATES,
  ['other-pki', () => ({ ofOther: true })],
  ['later', offset(HOUR, 3 * HOUR - 1000, 3 * HOUR, 3 * HOUR + 1000, 24 * HOUR, 30 * 24 * HOUR)],
  ['earlier', offset(-1000, -3000, -4000, -HOUR, -24 * HOUR)],
  ['fraction', offset(1, 999, 3 * HOUR + 500)],
]
