// Mutations of TCB info and QE identity that the simulated Intel then signs: of their JSON, and of their text.

const STATUSES = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
]
const PARTS = ['UpToDate', 'OutOfDate', 'Revoked']
const info = (change) => (r) => ({ tcbInfo: (json) => where(json, change, r) })
const identity = (change) => (r) => ({ qeIdentity: (json) => where(json, change, r) })
const infoText = (change) => (r) => ({ tcbInfoText: (text) => change(text, r) })
const identityText = (change) => (r) => ({ qeIdentityText: (text) => change(text, r) })
const changed = (value, change) => {
  const copy = structuredClone(value)
  change(copy)
  return copy
}
/** After other changes there may be nothing left to change. */
const where = (json, change, r) => {
  try {
    return change(json, r)
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) return json
    throw error
  }
}
const shifted = (date, seconds) => new Date(Date.parse(date) + seconds * 1000).toISOString().replace('.000Z', 'Z')
const DAY = 86_400
const hexFlipped = (hex, r) => {
  const at = r.below(hex.length)
  return `${hex.slice(0, at)}${(Number.parseInt(hex[at], 16) ^ (1 << r.below(4))).toString(16)}${hex.slice(at + 1)}`
}
const reordered = (json) => Object.fromEntries(Object.entries(json).reverse())
const moved = (svn, r) => Math.max(0, Math.min(255, svn + r.pick([-3, -1, 1, 2])))

/** Levels of a platform, of which documents have any number in any order. */
const LEVELS = [
  [
    'level-status',
    (json, r) => changed(json, (copy) => Object.assign(r.pick(copy.tcbLevels), { tcbStatus: r.pick(STATUSES) })),
  ],
  [
    'level-best-status',
    (json, r) =>
      changed(json, (copy) =>
        Object.assign(copy.tcbLevels[0], { tcbStatus: r.pick(STATUSES), advisoryIDs: ['INTEL-SA-00001'] }),
      ),
  ],
  [
    'level-all-statuses',
    (json, r) =>
      changed(json, (copy) => copy.tcbLevels.map((level) => Object.assign(level, { tcbStatus: r.pick(STATUSES) }))),
  ],
  ['level-sgx-component', (json, r) => changed(json, (copy) => move(r.pick(copy.tcbLevels).tcb.sgxtcbcomponents, r))],
  ['level-tdx-component', (json, r) => changed(json, (copy) => move(r.pick(copy.tcbLevels).tcb.tdxtcbcomponents, r))],
  [
    'level-tdx-first',
    (json, r) =>
      changed(json, (copy) => Object.assign(copy.tcbLevels[0].tcb.tdxtcbcomponents[r.below(3)], { svn: r.below(8) })),
  ],
  [
    'level-pce-svn',
    (json, r) => changed(json, (copy) => Object.assign(r.pick(copy.tcbLevels).tcb, { pcesvn: r.below(18) })),
  ],
  ['level-shuffle', (json, r) => ({ ...json, tcbLevels: r.shuffled(json.tcbLevels) })],
  ['level-reverse', (json) => ({ ...json, tcbLevels: [...json.tcbLevels].reverse() })],
  ['level-remove', (json, r) => changed(json, (copy) => copy.tcbLevels.splice(r.below(copy.tcbLevels.length), 1))],
  ['level-none', (json) => ({ ...json, tcbLevels: [] })],
  [
    'level-twice',
    (json, r) =>
      changed(json, (copy) =>
        copy.tcbLevels.push({ ...structuredClone(r.pick(copy.tcbLevels)), tcbStatus: r.pick(STATUSES) }),
      ),
  ],
  ['level-zero-above', (json, r) => changed(json, (copy) => copy.tcbLevels.unshift(zeroLevel(copy, r.pick(STATUSES))))],
  ['level-between', (json, r) => changed(json, (copy) => copy.tcbLevels.splice(1, 0, between(copy, r)))],
  [
    'level-unknown-status',
    (json, r) =>
      changed(json, (copy) =>
        Object.assign(r.pick(copy.tcbLevels), {
          tcbStatus: r.pick(['', 'uptodate', 'Good', 'TDRelaunchAdvised', 'toString']),
        }),
      ),
  ],
  [
    'level-fifteen',
    (json, r) =>
      changed(json, (copy) =>
        r.pick([copy.tcbLevels[0].tcb.sgxtcbcomponents, copy.tcbLevels[0].tcb.tdxtcbcomponents]).pop(),
      ),
  ],
  [
    'level-seventeen',
    (json, r) =>
      changed(json, (copy) =>
        r.pick([copy.tcbLevels[0].tcb.sgxtcbcomponents, copy.tcbLevels[0].tcb.tdxtcbcomponents]).push({ svn: 0 }),
      ),
  ],
  ['level-without-tdx', (json) => changed(json, (copy) => delete copy.tcbLevels[0].tcb.tdxtcbcomponents)],
  [
    'level-svn-odd',
    (json, r) =>
      changed(json, (copy) =>
        Object.assign(r.pick(copy.tcbLevels[0].tcb.sgxtcbcomponents), {
          svn: r.pick([-1, 256, 0.5, '0', null, true, []]),
        }),
      ),
  ],
  [
    'level-pce-svn-odd',
    (json, r) =>
      changed(json, (copy) => Object.assign(copy.tcbLevels[0].tcb, { pcesvn: r.pick([-1, 65536, 1.5, '5', null]) })),
  ],
  ['level-without-pce-svn', (json) => changed(json, (copy) => delete copy.tcbLevels[0].tcb.pcesvn)],
  [
    'level-advisories',
    (json, r) =>
      changed(json, (copy) =>
        copy.tcbLevels.map((level) => Object.assign(level, { advisoryIDs: [`INTEL-SA-0${r.between(1000, 9999)}`] })),
      ),
  ],
  [
    'level-advisories-odd',
    (json, r) =>
      changed(json, (copy) =>
        Object.assign(copy.tcbLevels[0], { advisoryIDs: r.pick(['INTEL-SA-00001', [1], [null], {}]) }),
      ),
  ],
  [
    'level-date',
    (json, r) =>
      changed(json, (copy) =>
        Object.assign(copy.tcbLevels[0], { tcbDate: r.pick(['2026-05-14', 'yesterday', '', '2999-01-01T00:00:00Z']) }),
      ),
  ],
]
/** The module's identities, which only one of the two verifiers reads. */
const MODULES = [
  [
    'module-status',
    (json, r) =>
      changed(json, (copy) =>
        Object.assign(r.pick(anyModule(copy, r)), { tcbStatus: r.pick(PARTS), advisoryIDs: ['INTEL-SA-00002'] }),
      ),
  ],
  [
    'module-best-status',
    (json, r) =>
      changed(json, (copy) =>
        Object.assign(copy.tdxModuleIdentities[1].tcbLevels[0], {
          tcbStatus: r.pick(PARTS),
          advisoryIDs: ['INTEL-SA-00003'],
        }),
      ),
  ],
  [
    'module-svn',
    (json, r) => changed(json, (copy) => Object.assign(r.pick(anyModule(copy, r)).tcb, { isvsvn: r.between(0, 9) })),
  ],
  [
    'module-levels-none',
    (json) => changed(json, (copy) => Object.assign(copy.tdxModuleIdentities[1], { tcbLevels: [] })),
  ],
  [
    'module-levels-shuffle',
    (json, r) =>
      changed(json, (copy) =>
        Object.assign(copy.tdxModuleIdentities[1], { tcbLevels: r.shuffled(copy.tdxModuleIdentities[1].tcbLevels) }),
      ),
  ],
  [
    'module-id',
    (json, r) =>
      changed(json, (copy) =>
        Object.assign(r.pick(copy.tdxModuleIdentities), {
          id: r.pick(['TDX_02', 'TDX_1', 'tdx_01', 'TDX_01', 'TDX_03', 'SGX_01']),
        }),
      ),
  ],
  [
    'module-signer',
    (json, r) =>
      changed(json, (copy) => Object.assign(copy.tdxModuleIdentities[1], { mrsigner: hexFlipped('0'.repeat(96), r) })),
  ],
  [
    'module-attributes',
    (json, r) =>
      changed(json, (copy) =>
        Object.assign(copy.tdxModuleIdentities[1], { attributes: hexFlipped('0'.repeat(16), r) }),
      ),
  ],
  [
    'module-mask',
    (json, r) =>
      changed(json, (copy) =>
        Object.assign(copy.tdxModuleIdentities[1], { attributesMask: hexFlipped('F'.repeat(16), r) }),
      ),
  ],
  ['module-remove', (json, r) => changed(json, (copy) => copy.tdxModuleIdentities.splice(r.below(2), 1))],
  ['module-none', (json) => changed(json, (copy) => delete copy.tdxModuleIdentities)],
  [
    'module-0-signer',
    (json, r) => changed(json, (copy) => Object.assign(copy.tdxModule, { mrsigner: hexFlipped('0'.repeat(96), r) })),
  ],
  ['module-0-none', (json) => changed(json, (copy) => delete copy.tdxModule)],
]
const IDENTITY = [
  [
    'qe-level-status',
    (json, r) =>
      changed(json, (copy) =>
        Object.assign(r.pick(copy.tcbLevels), { tcbStatus: r.pick(PARTS), advisoryIDs: ['INTEL-SA-00004'] }),
      ),
  ],
  [
    'qe-level-status-odd',
    (json, r) =>
      changed(json, (copy) =>
        Object.assign(copy.tcbLevels[0], { tcbStatus: r.pick(['SWHardeningNeeded', 'ConfigurationNeeded', 'good']) }),
      ),
  ],
  [
    'qe-level-svn',
    (json, r) => changed(json, (copy) => Object.assign(r.pick(copy.tcbLevels).tcb, { isvsvn: r.between(0, 9) })),
  ],
  ['qe-level-shuffle', (json, r) => ({ ...json, tcbLevels: r.shuffled(json.tcbLevels) })],
  ['qe-level-remove', (json, r) => changed(json, (copy) => copy.tcbLevels.splice(r.below(3), 1))],
  ['qe-level-none', (json) => ({ ...json, tcbLevels: [] })],
  ['qe-misc-select', (json, r) => ({ ...json, miscselect: hexFlipped(json.miscselect, r) })],
  ['qe-misc-select-mask', (json, r) => ({ ...json, miscselectMask: hexFlipped(json.miscselectMask, r) })],
  ['qe-attributes', (json, r) => ({ ...json, attributes: hexFlipped(json.attributes, r) })],
  ['qe-attributes-mask', (json, r) => ({ ...json, attributesMask: hexFlipped(json.attributesMask, r) })],
  [
    'qe-attributes-short',
    (json, r) => ({
      ...json,
      ...r.pick([
        { attributes: '' },
        { attributesMask: '' },
        { attributes: json.attributes.slice(0, 8) },
        { attributesMask: json.attributesMask.slice(0, 8) },
      ]),
    }),
  ],
  ['qe-misc-select-short', (json) => ({ ...json, miscselectMask: json.miscselectMask.slice(0, 2) })],
  ['qe-mr-signer', (json, r) => ({ ...json, mrsigner: hexFlipped(json.mrsigner, r) })],
  ['qe-mr-signer-longer', (json) => ({ ...json, mrsigner: `${json.mrsigner}zz` })],
  ['qe-isv-prod-id', (json, r) => ({ ...json, isvprodid: r.pick([0, 1, 3, '2', null, 2.5]) })],
]
/** What both documents have. */
const HEADS = [
  ['id', (json, r) => ({ ...json, id: r.pick(['SGX', 'QE', 'QVE', 'TDX', 'TD_QE', 'tdx', '', null]) })],
  ['version', (json, r) => ({ ...json, version: r.pick([0, 1, 2, 3, 4, '3', 3.5, null]) })],
  [
    'issue-date',
    (json, r) => ({
      ...json,
      issueDate: shifted(json.issueDate, r.pick([DAY - 1, DAY, DAY + 1, 2 * DAY, -400 * DAY])),
    }),
  ],
  [
    'next-update',
    (json, r) => ({
      ...json,
      nextUpdate: shifted(json.nextUpdate, r.pick([-29 * DAY - 1, -29 * DAY, -29 * DAY + 1, -30 * DAY, 400 * DAY])),
    }),
  ],
  [
    'dates-odd',
    (json, r) => ({
      ...json,
      ...r.pick([
        { issueDate: 'soon' },
        { nextUpdate: 'never' },
        { issueDate: '' },
        { nextUpdate: '2030-01-01' },
        { nextUpdate: 'Jan 1 2030 GMT' },
        { issueDate: '2026-11-01T00:00:00+00:00' },
        { nextUpdate: 1e15 },
      ]),
    }),
  ],
  ['without-dates', (json, r) => changed(json, (copy) => delete copy[r.pick(['issueDate', 'nextUpdate'])])],
  ['dates-swapped', (json) => ({ ...json, issueDate: json.nextUpdate, nextUpdate: json.issueDate })],
  ['evaluation-number', (json, r) => ({ ...json, tcbEvaluationDataNumber: r.pick([0, 1, 18, 20, 1000]) })],
  ['evaluation-number-odd', (json, r) => ({ ...json, tcbEvaluationDataNumber: r.pick([-1, 1.5, '19', null, []]) })],
  ['evaluation-number-none', (json) => changed(json, (copy) => delete copy.tcbEvaluationDataNumber)],
  ['unknown-key', (json) => ({ ...json, extra: 1 })],
  ['keys-reversed', reordered],
  ['not-object', (_, r) => r.pick([[], 1, null, 'x'])],
]
const OWN_HEADS = [
  [
    'fmspc',
    (json, r) => ({
      ...json,
      fmspc: r.pick([
        hexFlipped(json.fmspc, r),
        json.fmspc.slice(2),
        `${json.fmspc}00`,
        `${json.fmspc}xx`,
        json.fmspc.toLowerCase(),
      ]),
    }),
  ],
  ['pce-id', (json, r) => ({ ...json, pceId: r.pick(['0001', '0100', 'ffff', '', '00']) })],
  ['pce-id-none', (json) => changed(json, (copy) => delete copy.pceId)],
  ['tcb-type', (json, r) => ({ ...json, tcbType: r.pick([1, 2, '0', null]) })],
]
/** JSON as text: what two readers may read in two ways. */
const TEXTS = [
  [
    'duplicate-key',
    (text, r) =>
      text.replace(
        /^\{/,
        `{${r.pick(['"nextUpdate":"2040-01-01T00:00:00Z"', '"issueDate":"2020-01-01T00:00:00Z"', '"id":"QE"', '"version":9', '"tcbLevels":[]'])},`,
      ),
  ],
  [
    'duplicate-status',
    (text, r) => text.replaceAll('"tcbStatus":"', `"tcbStatus":"${r.pick(STATUSES)}","tcbStatus":"`),
  ],
  ['duplicate-svn', (text) => text.replaceAll('{"svn":', '{"svn":255,"svn":')],
  ['blanks', (text) => text.replaceAll(',', ', ')],
  ['blank-before', (text, r) => `${r.pick([' ', '\n', '\t'])}${text}`],
  ['blank-after', (text, r) => `${text}${r.pick([' ', '\n', '\r\n'])}`],
  ['trailing', (text, r) => `${text}${r.pick(['{}', ',', 'x', '\0'])}`],
  ['byte-order-mark', (text) => `\ufeff${text}`],
  ['escape', (text) => text.replace('"UpToDate"', '"\\u0055pToDate"')],
  ['exponent', (text) => text.replace(/"version":(\d)/, '"version":$1e0')],
  ['fraction', (text) => text.replace(/"version":(\d)/, '"version":$1.0')],
  ['minus-zero', (text) => text.replace('"svn":0', '"svn":-0').replace('"isvprodid":2', '"isvprodid":2.0')],
  ['prototype-key', (text) => text.replace(/^\{/, '{"__proto__":{"tcbLevels":[]},')],
  ['truncated', (text, r) => text.slice(0, r.below(text.length))],
  [
    'character',
    (text, r) => {
      const at = r.below(text.length)
      return `${text.slice(0, at)}${String.fromCharCode(r.between(32, 126))}${text.slice(at + 1)}`
    },
  ],
]

const prefixed = (prefix, list, wrap) => list.map(([name, change]) => [`${prefix}-${name}`, wrap(change)])

/** [name, (random) => changes] */
export const DOCUMENT_MUTATIONS = [
  ...prefixed('tcb-info', [...LEVELS, ...MODULES, ...HEADS, ...OWN_HEADS], info),
  ...prefixed('qe-identity', [...IDENTITY, ...HEADS], identity),
  ...prefixed('tcb-info-text', TEXTS, infoText),
  ...prefixed('qe-identity-text', TEXTS, identityText),
]

function move(components, r) {
  const component = r.pick(components)
  component.svn = moved(component.svn, r)
}

const anyModule = (json, r) => r.pick(json.tdxModuleIdentities).tcbLevels

function zeroLevel({ tcbLevels: [first] }, tcbStatus) {
  const zeros = (components) => components.map(() => ({ svn: 0 }))
  const { sgxtcbcomponents, tdxtcbcomponents } = first.tcb
  return {
    ...first,
    tcb: { sgxtcbcomponents: zeros(sgxtcbcomponents), pcesvn: 0, tdxtcbcomponents: zeros(tdxtcbcomponents) },
    tcbStatus,
  }
}

function between({ tcbLevels: [first] }, r) {
  const level = structuredClone(first)
  for (const component of level.tcb.tdxtcbcomponents.slice(0, 3))
    component.svn = Math.max(0, component.svn - r.below(3))
  level.tcbStatus = r.pick(STATUSES)
  return level
}
