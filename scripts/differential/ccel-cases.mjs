// What is made of a genuine log: each differs from it in one thing.
import { createHash } from 'node:crypto'
import { encodeEvent, encodeHead, putTogether, SHA256, SHA384, takeApart, u32 } from './ccel-octets.mjs'
import { randomOfCase } from './random.mjs'

const NO_ACTION = 3
const SEPARATOR = 4
const VARIABLE = 0x80000001
const ACTION = 0x80000007
const sha = (name, octets) => createHash(name).update(octets).digest()
const none = Buffer.alloc(0)

function flipped(octets, at = 0) {
  const copy = Buffer.from(octets)
  copy[at] ^= 1
  return copy
}

const measured = (index, type, data) => ({
  ...{ index, type, data },
  digests: [{ algorithm: SHA384, digest: sha('sha384', data) }],
})
const both = (event) => ({
  ...event,
  digests: [{ algorithm: SHA256, digest: sha('sha256', event.data) }, ...event.digests],
})
const only256 = (event) => ({ ...event, digests: [{ algorithm: SHA256, digest: sha('sha256', event.data) }] })
const TWO = { algorithms: [[SHA256, 32], [SHA384, 48]] } // biome-ignore format: as it lies

/** Of the event at `at`: in its place what `change` gives, one or several. */
const changed = (log, at, change) => ({
  ...log,
  events: log.events.flatMap((event, i) => (i === at ? change(event) : [event])),
})
const middle = ({ events }) => events.length >> 1
const first = ({ events }, wanted) => events.findIndex(({ type }) => type === wanted)
const inMiddle = (change) => (log) => changed(log, middle(log), change)
const ofType = (type, change) => (log) => changed(log, first(log, type), change)
const withHead = (lies) => (log) => ({ ...log, head: encodeHead(lies) })
const appended =
  (...more) =>
  (log) => ({ ...log, events: [...log.events, ...more] })
const cutBy = (octets) => (log) => putTogether({ ...log, padding: none }).subarray(0, -octets)

const MADE = {
  'first-event-cut': (log) => ({ ...log, events: log.events.slice(1) }),
  'middle-event-cut': inMiddle(() => []),
  'last-event-cut': (log) => ({ ...log, events: log.events.slice(0, -1) }),
  'no-events': (log) => ({ ...log, events: [] }),
  'order-reversed': (log) => ({ ...log, events: log.events.toReversed() }),
  'event-twice': inMiddle((event) => [event, event]),
  'separator-twice': ofType(SEPARATOR, (event) => [event, event]),
  'separator-of-an-error': ofType(SEPARATOR, ({ index }) => [measured(index, SEPARATOR, u32(1))]),
  'digest-flipped': inMiddle((event) => [
    { ...event, digests: [{ ...event.digests[0], digest: flipped(event.digests[0].digest) }] },
  ]),
  'separator-text-flipped': ofType(SEPARATOR, (event) => [{ ...event, data: flipped(event.data) }]),
  'variable-text-flipped': ofType(VARIABLE, (event) => [{ ...event, data: flipped(event.data) }]),
  'action-text-flipped': ofType(ACTION, (event) => [{ ...event, data: flipped(event.data) }]),
  'type-changed': ofType(ACTION, (event) => [{ ...event, type: 6 }]),
  'type-unknown': inMiddle((event) => [{ ...event, type: 0x12345 }]),
  'no-action-within': inMiddle((event) => [
    measured(event.index, NO_ACTION, Buffer.from('StartupLocality\0\x03')),
    event,
  ]),
  'no-action-at-the-end': appended(measured(1, NO_ACTION, Buffer.from('end'))),
  'no-action-of-no-register': inMiddle((event) => [measured(0, NO_ACTION, Buffer.from('x')), event]),
  'runtime-register': appended(measured(4, 13, Buffer.from('of the guest'))),
  'two-algorithms': (log) => ({ ...log, head: encodeHead(TWO), events: log.events.map(both) }),
  'two-algorithms-one-used': withHead(TWO),
  'other-digest-alone': (log) => changed({ ...log, head: encodeHead(TWO) }, middle(log), (event) => [only256(event)]),
  'algorithm-not-listed': inMiddle((event) => [only256(event)]),
  'algorithm-without-sha384': (log) => ({
    ...log,
    head: encodeHead({ algorithms: [[SHA256, 32]] }),
    events: log.events.map(only256),
  }),
  'algorithm-of-another-size': withHead({ algorithms: [[SHA384, 20]] }),
  'algorithm-listed-twice': withHead({ algorithms: [[SHA384, 48], [SHA384, 48]] }), // biome-ignore format: as it lies
  'algorithm-unknown-listed': withHead({ algorithms: [[SHA384, 48], [0x77, 9]] }), // biome-ignore format: as it lies
  'algorithms-too-many': withHead({
    algorithms: [[SHA384, 48], ...Array.from({ length: 8 }, (_, i) => [0x100 + i, 8])],
  }),
  'algorithms-beyond-the-record': withHead({ count: 0xffff_ffff }),
  'no-digest': inMiddle((event) => [{ ...event, digests: [] }]),
  'digest-twice': inMiddle((event) => [{ ...event, digests: [event.digests[0], event.digests[0]] }]),
  'digests-too-many': inMiddle((event) => [encodeEvent({ ...event, count: 0xffff_ffff })]),
  'size-too-large': inMiddle((event) => [encodeEvent({ ...event, size: 0xffff_ffff })]),
  'size-one-more': (log) =>
    changed({ ...log, padding: none }, log.events.length - 1, (event) => [
      encodeEvent({ ...event, size: event.data.length + 1 }),
    ]),
  'size-one-less': inMiddle((event) => [encodeEvent({ ...event, size: Math.max(event.data.length - 1, 0) })]),
  'index-of-mrtd': inMiddle((event) => [{ ...event, index: 0 }]),
  'index-beyond': inMiddle((event) => [{ ...event, index: 5 }]),
  'index-far-beyond': inMiddle((event) => [{ ...event, index: 0xffff_fffe }]),
  unpadded: (log) => ({ ...log, padding: none }),
  'padded-with-ones': (log) => ({ ...log, padding: Buffer.alloc(4096, 0xff) }),
  'padded-with-zeros': (log) => ({ ...log, padding: Buffer.alloc(4096) }),
  'padded-with-three': (log) => ({ ...log, padding: Buffer.alloc(3, 0xff) }),
  'event-behind-padding': (log) => ({
    ...log,
    padding: Buffer.concat([Buffer.alloc(64, 0xff), encodeEvent(measured(1, 6, Buffer.from('hidden')))]),
  }),
  'cut-in-data': cutBy(1),
  'cut-in-digest': (log) => putTogether({ ...log, padding: none }).subarray(0, -(log.events.at(-1).data.length + 14)),
  'cut-in-head': (log) => log.head.subarray(0, 40),
  empty: () => none,
  'head-alone': (log) => log.head,
  'head-signature': withHead({ signature: 'Spec ID Event02\0' }),
  'head-version': withHead({ major: 1 }),
  'head-type': withHead({ type: SEPARATOR }),
  'head-index': withHead({ index: 9 }),
  'head-index-mrtd': withHead({ index: 0 }),
  'head-digest': withHead({ digest: Buffer.alloc(20, 1) }),
  'head-size': withHead({ size: 0xffff_ffff }),
  'head-vendor': withHead({ vendor: Buffer.from('vendor') }),
  'head-vendor-size': withHead({ vendorSize: 9 }),
  'area-of-a-mebibyte': (log) => ({ ...log, padding: Buffer.alloc(2 ** 20, 0xff) }),
  'events-ten-thousand': appended(...Array.from({ length: 10_001 }, () => measured(3, 13, none))),
}

/** @returns each with its name and octets */
export function madeOf({ name, octets }) {
  const log = takeApart(octets)
  return Object.entries(MADE).map(([made, make]) => {
    const result = make(log)
    return { name: `${name}, ${made}`, octets: Buffer.isBuffer(result) ? result : putTogether(result) }
  })
}

/** One to three octets of a log changed, in what comes before the padding and a little of it. */
export function changedByChance(logs, { seed, index }) {
  const r = randomOfCase(seed, index)
  const { name, octets } = r.pick(logs)
  const { padding } = takeApart(octets)
  const log = Buffer.from(octets)
  const places = Array.from({ length: r.between(1, 3) }, () => r.below(log.length - Math.max(padding.length - 16, 0)))
  for (const place of places) log[place] = r.chance(0.5) ? r.below(256) : log[place] ^ (1 << r.below(8))
  return { name: `${name}, octets ${places.join(' ')} changed`, octets: log }
}
