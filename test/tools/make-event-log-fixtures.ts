/**
 * Makes attestation-fixtures/event-log. Nothing is random: a run without a change writes the same bytes. Tests read the committed data
 * and never run this.
 *
 *   npx esbuild test/tools/make-event-log-fixtures.ts --bundle --platform=node --format=esm --packages=external \
 *     --conditions=countersign-source --outfile=node_modules/.cache/make-event-log-fixtures.mjs
 *   node node_modules/.cache/make-event-log-fixtures.mjs
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sha384 } from '../../src/core/crypto/index.ts'
import { concatBytes, encodeHex } from '../../src/core/encoding/bytes.ts'
import { decodeUtf8, encodeUtf8 } from '../../src/core/encoding/utf8.ts'
import {
  ALG_SHA384,
  type CcelAlgorithm,
  type CcelEvent,
  EV_IPL,
  EV_NO_ACTION,
  type EventLogEvidence,
  encodeCcel,
  encodeEventLog,
  type LoggedEvent,
  SESSION_EVENT_TYPE,
} from '../../src/core/event-log/index.ts'
import {
  action,
  COMPOSE_HASH,
  ccelEvent,
  ccelOf,
  configVariable,
  directBoot,
  dstackBoot,
  encodeDstack,
  encodeEvents,
  GLOBAL_GUID,
  grubBoot,
  KERNEL_CMDLINE,
  logged,
  MODEL_DIGEST,
  registersOf,
  runtime,
  separator,
  sessionEvent,
  withSha256,
} from '../core/event-log/build.ts'

type Fields = Readonly<Record<string, unknown>>

interface Recipe {
  readonly row: string
  readonly name: string
  readonly title: string
  readonly format: EventLogEvidence['format']
  readonly octets: Uint8Array
  /** What the guest measured, whatever the log says. */
  readonly measured: readonly LoggedEvent[]
  readonly policy: Fields
  readonly session?: Fields
  readonly fails?: readonly [code: string, check: string]
}

const FOLDER = join('attestation-fixtures', 'event-log')
const ALL = [0, 1, 2, 3]

const SECURE_BOOT = {
  ...{ register: 0, kind: 'efi-variable', name: `${GLOBAL_GUID}/SecureBoot`, payloads: ['00'] },
  ...{ after: 'unchecked', before: 'boot-separator' },
}
const CALLING = {
  ...{ register: 1, kind: 'efi-action', name: 'Calling EFI Application from Boot Option', payloads: 'unchecked' },
  ...{ after: 'unchecked', before: 'boot-separator' },
}
const EXIT = {
  ...{ register: 1, kind: 'efi-action', name: 'Exit Boot Services Returned with Success', payloads: 'unchecked' },
  ...{ after: 'boot-separator', before: 'unchecked' },
}
const CMDLINE = {
  ...{ register: 2, kind: 'ipl', name: KERNEL_CMDLINE, payloads: 'unchecked' },
  ...{ after: 'unchecked', before: 'unchecked' },
}
const RUNTIME = { register: 3, kind: 'runtime', payloads: 'unchecked', after: 'unchecked', before: 'system-ready' }
const NAMES = ['compose-hash', 'app-id', 'key-provider', 'model-digest'] as const
const PAYLOADS: Fields = {
  'compose-hash': [encodeHex(new Uint8Array(32)), encodeHex(COMPOSE_HASH)],
  'model-digest': [encodeHex(MODEL_DIGEST)],
}
const REQUIRED = NAMES.map((name) => ({ ...RUNTIME, name, payloads: PAYLOADS[name] ?? 'unchecked' }))

const FIRMWARE_POLICY = { replay: ALL, required: [SECURE_BOOT, CALLING, EXIT] }
const DSTACK_POLICY = { replay: ALL, required: REQUIRED }
const REPLAY_POLICY = { replay: ALL, required: 'unchecked' }

const boot = directBoot()
const dstack = dstackBoot(1)
const measuredBoot = logged(boot)

function replaced<T>(list: readonly T[], at: number, ...items: readonly T[]): readonly T[] {
  return [...list.slice(0, at), ...items, ...list.slice(at + 1)]
}

function at(list: readonly LoggedEvent[], name: string): number {
  return list.findIndex((event) => event.name === name)
}

function itemOf<T>(list: readonly T[], index: number): T {
  const item = list[index]
  if (item === undefined) throw new RangeError(`no item ${index}`)
  return item
}

function swapped<T>(list: readonly T[], index: number): readonly T[] {
  return [...list.slice(0, index), itemOf(list, index + 1), itemOf(list, index), ...list.slice(index + 2)]
}

function good(name: string, title: string, rest: Omit<Recipe, 'row' | 'name' | 'title'>): Recipe {
  return { row: 'E1', name, title, ...rest }
}

/** A CCEL that says `events` of a guest that measured `measured`. */
function ccel(
  events: readonly CcelEvent[],
  { measured = events, policy = FIRMWARE_POLICY }: { measured?: readonly CcelEvent[]; policy?: Fields } = {},
): Pick<Recipe, 'format' | 'octets' | 'measured' | 'policy'> {
  return { format: 'ccel', octets: encodeEvents(events), measured: logged(measured), policy }
}

/** Bytes in the place of the CCEL of a guest with direct boot. */
function rawCcel(octets: Uint8Array): Pick<Recipe, 'format' | 'octets' | 'measured' | 'policy'> {
  return { format: 'ccel', octets, measured: measuredBoot, policy: FIRMWARE_POLICY }
}

/** A record whose runtime events say `events` of a guest that measured `measured`. */
function record(
  events: readonly LoggedEvent[],
  { measured = events, policy = DSTACK_POLICY }: { measured?: readonly LoggedEvent[]; policy?: Fields } = {},
): Pick<Recipe, 'format' | 'octets' | 'measured' | 'policy'> {
  const octets = encodeEventLog({ ccel: encodeEvents(boot), events })
  return { format: 'record', octets, measured: [...measuredBoot, ...measured], policy }
}

function rawRecord(octets: Uint8Array): Pick<Recipe, 'format' | 'octets' | 'measured' | 'policy'> {
  return { format: 'record', octets, measured: dstack, policy: DSTACK_POLICY }
}

function withoutText({ register, type, digest }: LoggedEvent): LoggedEvent {
  return { register, type, digest }
}

function bootAt(test: (event: CcelEvent) => boolean): number {
  return boot.findIndex(test)
}

const SEPARATOR_0 = bootAt(({ index, type }) => index === 1 && type === 4)
const SEPARATOR_1 = bootAt(({ index, type }) => index === 2 && type === 4)
const SECURE_BOOT_AT = 2
const CALLING_AT = SEPARATOR_1 - 1
const BOOT_ORDER_AT = bootAt(({ type }) => type === 0x80000002)
const COMPOSE_AT = at(dstack, 'compose-hash')

const GOOD: readonly Recipe[] = [
  good('ccel-direct-boot', 'takes the log of a direct boot', ccel(boot)),
  good('ccel-padded-ff', 'takes a log in an area that is filled up with ones', {
    ...ccel(boot),
    octets: concatBytes(encodeEvents(boot), new Uint8Array(512).fill(0xff)),
  }),
  good('ccel-padded-00', 'takes a log in an area that is filled up with zeros', {
    ...ccel(boot),
    octets: concatBytes(encodeEvents(boot), new Uint8Array(513)),
  }),
  good('ccel-two-algorithms', 'takes a log that has SHA-256 digests too', {
    ...ccel(boot),
    octets: encodeCcel(withSha256(ccelOf(boot))),
  }),
  good(
    'ccel-separator-twice',
    'takes a separator that firmware wrote twice',
    ccel([...boot, separator(1), separator(1)]),
  ),
  good('ccel-no-action', 'does not extend events that are text for the reader alone', {
    ...ccel([ccelEvent(0, EV_NO_ACTION, encodeUtf8('StartupLocality\0\0')), ...boot], { measured: boot }),
  }),
  good('ccel-boot-loader', 'takes the log of a boot loader, whose texts are hashed without their labels', {
    ...ccel(grubBoot(), { policy: { replay: ALL, required: [SECURE_BOOT, CMDLINE] } }),
  }),
  good('ccel-one-register', 'leaves registers alone that policy does not replay', {
    ...ccel(boot, { policy: { replay: [1], required: [EXIT] } }),
    measured: measuredBoot.map((event) => (event.register === 1 ? event : { ...event, digest: sha384() })),
  }),
  good('dstack-v1', "takes dstack's log, digests of version 1", {
    format: 'dstack',
    ...{ octets: encodeDstack([...measuredBoot, ...dstack]), measured: [...measuredBoot, ...dstack] },
    policy: { replay: ALL, required: [SECURE_BOOT, ...REQUIRED] },
  }),
  good('dstack-v2', "takes dstack's log, digests of version 2", {
    format: 'dstack',
    ...{ octets: encodeDstack([...measuredBoot, ...dstackBoot(2)]), measured: [...measuredBoot, ...dstackBoot(2)] },
    policy: DSTACK_POLICY,
  }),
  good('dstack-stripped', "takes dstack's log without what a reader can compute or do without", {
    format: 'dstack',
    ...{ octets: encodeDstack([...measuredBoot, ...dstack], 'stripped'), measured: [...measuredBoot, ...dstack] },
    policy: DSTACK_POLICY,
  }),
  good('dstack-stripped-v2', "takes dstack's log without digests, of version 2", {
    format: 'dstack',
    octets: encodeUtf8(
      decodeUtf8(encodeDstack(dstackBoot(2), 'stripped')).replaceAll('"event_payload"', '"version":2,"event_payload"'),
    ),
    ...{ measured: dstackBoot(2), policy: DSTACK_POLICY },
  }),
  good('record', 'takes the record of an archive', record(dstack)),
  good('record-after-ready', 'takes what an application adds when all that is required stands', {
    ...record([...dstack, runtime('user-event'), withoutText(runtime('private'))]),
  }),
  good('record-nothing-required', 'takes opaque events where nothing is required', {
    ...record(dstack.map(withoutText), { policy: REPLAY_POLICY }),
  }),
]

const session = (epoch: number): string =>
  `{"eat_profile":"urn:countersign:session:1","epoch":${epoch},"simulated":true}`
const SESSIONS: readonly LoggedEvent[] = [0, 1, 2].map((epoch) => sessionEvent(encodeUtf8(session(epoch))))
const [S0, S1, S2] = [itemOf(SESSIONS, 0), itemOf(SESSIONS, 1), itemOf(SESSIONS, 2)]
const SESSION_POLICY = { replay: [3], required: 'unchecked' }

function matched(
  name: string,
  title: string,
  events: readonly LoggedEvent[],
  { epoch, code = 'ok', policy = SESSION_POLICY }: { epoch: number; code?: string; policy?: Fields },
): Recipe {
  const rest = { ...record(events, { policy }), session: { text: session(epoch), epoch, expect: code } }
  return { row: code === 'ok' ? 'E1' : 'E3', name: `session-${name}`, title, ...rest }
}

const hiddenLater = { ...S2, type: EV_IPL, payload: encodeUtf8(`urn:countersign:session:1\0${session(2)}`) }
const SESSION_RECIPES: readonly Recipe[] = [
  matched('epoch-0', 'finds the session of the first epoch', [S0], { epoch: 0 }),
  matched('epoch-2', 'finds the session of the third epoch', SESSIONS, { epoch: 2 }),
  matched(
    'with-text',
    'finds the session where the log has the octets of all',
    SESSIONS.map((_, epoch) => sessionEvent(encodeUtf8(session(epoch)), 'with')),
    { epoch: 2 },
  ),
  matched('among-dstack', 'finds the session behind the events of dstack', [...dstack, S0, runtime('user-event')], {
    epoch: 0,
    policy: { replay: [3], required: REQUIRED },
  }),
  matched('absent', 'does not find a session that was not measured', [S0], { epoch: 1, code: 'EVENT_MISSING' }),
  matched('none', 'does not find a session where none was measured', [], { epoch: 0, code: 'EVENT_MISSING' }),
  matched('too-few', 'does not take a session with too few before it', [S2], { epoch: 2, code: 'EVENT_MISSING' }),
  matched('too-many', 'does not take a session with too many before it', [S1, S2, S0], {
    epoch: 0,
    code: 'EVENT_DUPLICATE',
  }),
  matched('twice', 'does not take a session that was measured twice', [S1, S1], { epoch: 1, code: 'EVENT_DUPLICATE' }),
  matched('not-last', 'does not take a session with a later one behind it', [S0, S1], {
    epoch: 0,
    code: 'EVENT_ORDER',
  }),
  matched(
    'later-opaque',
    'does not take a session with an event behind it that could be a later one',
    [S0, withoutText(runtime('x'))],
    { epoch: 0, code: 'EVENT_ORDER' },
  ),
  matched(
    'later-relabelled',
    'does not take a session with a later one behind it that is called something else',
    [S0, S1, hiddenLater],
    { epoch: 1, code: 'EVENT_ORDER' },
  ),
  matched('relabelled', 'does not take a session that the log calls something else', [{ ...S0, type: EV_IPL }], {
    epoch: 0,
    code: 'EVENT_MISSING',
  }),
  matched('not-replayed', 'does not find a session in a register that was not replayed', [S0], {
    epoch: 0,
    code: 'CHECK_NOT_PERFORMED',
    policy: { replay: [0], required: 'unchecked' },
  }),
]

/** E1: one event of a register dropped, moved, doubled, added. The guest measured the whole. */
const REPLAY: readonly Recipe[] = [
  ...(
    [
      ['rtmr0', 'drop', boot.filter((_, index) => index !== 0)],
      ['rtmr0', 'reorder', swapped(boot, 0)],
      ['rtmr0', 'duplicate', replaced(boot, 0, itemOf(boot, 0), itemOf(boot, 0))],
      ['rtmr0', 'insert', replaced(boot, 0, itemOf(boot, 0), configVariable('Added', new Uint8Array(1)))],
      ['rtmr1', 'drop', replaced(boot, CALLING_AT)],
      ['rtmr1', 'reorder', swapped(boot, CALLING_AT)],
      ['rtmr1', 'insert', [...boot, action(2, 'Added')]],
      ['rtmr2', 'drop', boot.filter((_, index) => index !== SEPARATOR_1 + 1)],
      ['rtmr2', 'reorder', swapped(boot, SEPARATOR_1 + 1)],
    ] as const
  ).map(
    ([register, change, events]): Recipe => ({
      ...{
        row: 'E1',
        name: `replay-${register}-${change}`,
        title: `rejects a log of ${register.toUpperCase()} after the change "${change}" of one event`,
      },
      ...ccel(events, { measured: boot }),
      fails: ['RTMR_REPLAY_MISMATCH', register],
    }),
  ),
  ...(
    [
      ['drop', replaced(dstack, 3)],
      ['reorder', swapped(dstack, 3)],
      ['duplicate', replaced(dstack, 3, itemOf(dstack, 3), itemOf(dstack, 3))],
      ['insert', replaced(dstack, 3, itemOf(dstack, 3), runtime('added'))],
      ['drop-last', dstack.slice(0, -1)],
      ['drop-all', []],
      ['replace', replaced(dstack, COMPOSE_AT, runtime('compose-hash', new Uint8Array(32)))],
    ] as const
  ).map(
    ([change, events]): Recipe => ({
      ...{ row: 'E1', name: `replay-rtmr3-${change}`, title: `rejects a log of RTMR3 after the change "${change}"` },
      ...record(events, { measured: dstack }),
      fails: ['RTMR_REPLAY_MISMATCH', 'rtmr3'],
    }),
  ),
  {
    ...{ row: 'E1', name: 'replay-register-moved', title: 'rejects an event that is moved to another register' },
    ...ccel(replaced(boot, CALLING_AT, { ...itemOf(boot, CALLING_AT), index: 1 }), { measured: boot }),
    fails: ['RTMR_REPLAY_MISMATCH', 'rtmr0'],
  },
  {
    ...{ row: 'E1', name: 'replay-no-action', title: 'rejects an extended event that is called text for the reader' },
    ...ccel(replaced(boot, 0, { ...itemOf(boot, 0), type: EV_NO_ACTION }), { measured: boot }),
    fails: ['RTMR_REPLAY_MISMATCH', 'rtmr0'],
  },
]

const changedText = (index: number, data: Uint8Array): readonly CcelEvent[] =>
  replaced(boot, index, { ...itemOf(boot, index), data })
const changedPayload = (change: Partial<LoggedEvent>): readonly LoggedEvent[] =>
  replaced(dstack, COMPOSE_AT, { ...itemOf(dstack, COMPOSE_AT), ...change })
const TEXT: readonly ['EVENT_DIGEST_MISMATCH', 'event-text'] = ['EVENT_DIGEST_MISMATCH', 'event-text']
const HIDDEN: readonly ['EVENT_DIGEST_MISMATCH', 'nothing-hidden'] = ['EVENT_DIGEST_MISMATCH', 'nothing-hidden']

const evil = runtime('compose-hash', new Uint8Array(32).fill(0x66))
/** Another composition ran, and its application measured what the verifier wants to see. */
const hostile = [...replaced(dstack, COMPOSE_AT, evil), itemOf(dstack, COMPOSE_AT), runtime('system-ready')]
const READY_AT = at(dstack, 'system-ready')
const hide = (change: (event: LoggedEvent) => LoggedEvent): readonly LoggedEvent[] =>
  hostile.map((event, index) => (index === COMPOSE_AT || index === READY_AT ? change(event) : event))
const preimage = ({ name = '', payload = new Uint8Array() }: LoggedEvent): Uint8Array =>
  concatBytes(Uint8Array.of(1, 0, 0, 8), encodeUtf8(`:${name}:`), payload)

const secureBootOn = configVariable('SecureBoot', Uint8Array.of(1)).data
const grubLine = grubBoot().findIndex(({ type, data }) => type === EV_IPL && data[0] === 0x6b)
const rtmr2Action = [...boot, action(3, 'Measured')]

const TEXTS: readonly Recipe[] = [
  {
    row: 'E2',
    name: 'text-rtmr0-variable',
    title: 'rejects a variable of RTMR0 whose content was changed',
    ...ccel(changedText(SECURE_BOOT_AT, secureBootOn)),
    fails: TEXT,
  },
  {
    row: 'E2',
    name: 'text-rtmr0-boot-variable',
    title: 'rejects a boot variable whose content was changed',
    ...ccel(changedText(BOOT_ORDER_AT, itemOf(boot, BOOT_ORDER_AT + 1).data)),
    fails: TEXT,
  },
  {
    row: 'E2',
    name: 'text-rtmr0-separator',
    title: 'rejects a separator of RTMR0 that was changed',
    ...ccel(changedText(SEPARATOR_0, new Uint8Array(4).fill(0xff))),
    fails: TEXT,
  },
  {
    row: 'E2',
    name: 'text-rtmr1-action',
    title: 'rejects an action of RTMR1 whose text was changed',
    ...ccel(changedText(CALLING_AT, encodeUtf8('Calling another EFI application'))),
    fails: TEXT,
  },
  {
    row: 'E2',
    name: 'text-rtmr1-separator',
    title: 'rejects a separator of RTMR1 that was changed',
    ...ccel(changedText(SEPARATOR_1, Uint8Array.of(0, 0, 0, 1))),
    fails: TEXT,
  },
  {
    row: 'E2',
    name: 'text-rtmr2-action',
    title: 'rejects an action of RTMR2 whose text was changed',
    ...ccel(replaced(rtmr2Action, boot.length, { ...itemOf(rtmr2Action, boot.length), data: encodeUtf8('Changed') })),
    fails: TEXT,
  },
  {
    ...{
      row: 'E2',
      name: 'text-rtmr2-loader',
      title: 'does not take a changed text of a boot loader as a claim: its event is opaque',
    },
    ...ccel(
      replaced(grubBoot(), grubLine, {
        ...itemOf(grubBoot(), grubLine),
        digests: [{ algorithm: ALG_SHA384, digest: sha384(encodeUtf8('init=/bin/sh')) }],
      }),
      { policy: { replay: ALL, required: [CMDLINE] } },
    ),
    fails: ['EVENT_MISSING', 'required-present'],
  },
  {
    row: 'E2',
    name: 'text-rtmr3-payload',
    title: 'rejects a runtime event whose payload was changed',
    ...record(changedPayload({ payload: new Uint8Array(32) })),
    fails: TEXT,
  },
  {
    row: 'E2',
    name: 'text-rtmr3-name',
    title: 'rejects a runtime event whose name was changed',
    ...record(changedPayload({ name: 'compose-hasn' })),
    fails: TEXT,
  },
  {
    row: 'E2',
    name: 'text-rtmr3-session',
    title: 'rejects a session event with the octets of another session',
    ...record([{ ...S0, payload: encodeUtf8(session(1)) }], { policy: SESSION_POLICY }),
    fails: TEXT,
  },
  {
    row: 'E2',
    name: 'hidden-text',
    title: 'rejects a log that leaves out the text of the genuine events and shows those of the application',
    ...record(hide(withoutText)),
    fails: HIDDEN,
  },
  {
    row: 'E2',
    name: 'hidden-label',
    title: 'rejects a log that calls the genuine events data of a boot loader',
    ...record(hide((event) => ({ ...withoutText(event), type: EV_IPL, payload: preimage(event) }))),
    fails: HIDDEN,
  },
  {
    ...{ row: 'E2', name: 'hidden-before-ready', title: 'rejects an event without its text right before system-ready' },
    ...record(replaced(dstack, READY_AT, withoutText(runtime('x')), itemOf(dstack, READY_AT))),
    fails: HIDDEN,
  },
  {
    ...{
      row: 'E2',
      name: 'text-separator-error',
      title: 'rejects a separator with an error that does not hash to its digest',
    },
    ...ccel([...boot, ccelEvent(1, 4, Uint8Array.of(1, 0, 0, 0), encodeUtf8('another error'))]),
    fails: TEXT,
  },
  {
    row: 'E2',
    name: 'hidden-session',
    title: 'rejects a log that calls the genuine events sessions',
    ...record(hide((event) => ({ ...withoutText(event), type: SESSION_EVENT_TYPE }))),
    fails: HIDDEN,
  },
  {
    ...{
      row: 'E2',
      name: 'hidden-separator',
      title: 'rejects a variable behind a separator that is called something else',
    },
    ...ccel([
      ...boot
        .map((event) =>
          event.index === 1 && event.type === 4 ? { ...event, type: 10, data: encodeUtf8('ACPI DATA') } : event,
        )
        .map((event, index) => (index === SECURE_BOOT_AT ? configVariable('Other', new Uint8Array(1)) : event)),
      configVariable('SecureBoot', new Uint8Array(1)),
    ]),
    fails: ['EVENT_ORDER', 'required-order'],
  },
]

const PRESENCE: readonly Recipe[] = [
  ...[...NAMES, 'system-ready'].flatMap((name): readonly Recipe[] => [
    {
      ...{ row: 'E3', name: `${name}-missing`, title: `rejects a log without ${name}` },
      ...record(dstack.filter((event) => event.name !== name)),
      fails: ['EVENT_MISSING', 'required-present'],
    },
    {
      ...{ row: 'E3', name: `${name}-twice`, title: `rejects a log with a second ${name} later on` },
      ...record([...dstack, runtime(name, encodeUtf8('again'))]),
      fails: ['EVENT_DUPLICATE', 'required-once'],
    },
  ]),
  {
    row: 'E3',
    name: 'compose-hash-twice-alike',
    title: 'rejects the same event twice in a row',
    ...record(replaced(dstack, COMPOSE_AT, itemOf(dstack, COMPOSE_AT), itemOf(dstack, COMPOSE_AT))),
    fails: ['EVENT_DUPLICATE', 'required-once'],
  },
  {
    row: 'E3',
    name: 'variable-missing',
    title: 'rejects a log without a required variable',
    ...ccel(replaced(boot, SECURE_BOOT_AT)),
    fails: ['EVENT_MISSING', 'required-present'],
  },
  {
    ...{
      row: 'E3',
      name: 'variable-trailing',
      title: 'does not take a variable with octets behind its content as a claim',
    },
    ...ccel(
      replaced(
        boot,
        SECURE_BOOT_AT,
        ccelEvent(1, 0x80000001, concatBytes(itemOf(boot, SECURE_BOOT_AT).data, Uint8Array.of(0))),
      ),
    ),
    fails: ['EVENT_MISSING', 'required-present'],
  },
  {
    ...{
      row: 'E3',
      name: 'variable-unprintable',
      title: 'does not take a variable with a name that is no text as a claim',
    },
    ...ccel(replaced(boot, SECURE_BOOT_AT, configVariable('Secure\u0000Boot', new Uint8Array(1))), {
      policy: { replay: ALL, required: [{ ...SECURE_BOOT, name: `${GLOBAL_GUID}/Secure\u0000Boot` }] },
    }),
    fails: ['EVENT_MISSING', 'required-present'],
  },
  {
    row: 'E3',
    name: 'variable-other-guid',
    title: 'rejects a variable of the right name under another GUID',
    ...ccel(
      replaced(
        boot,
        SECURE_BOOT_AT,
        configVariable('SecureBoot', new Uint8Array(1), 'd719b2cb-3d3a-4596-a3bc-dad00e67656f'),
      ),
    ),
    fails: ['EVENT_MISSING', 'required-present'],
  },
  {
    row: 'E3',
    name: 'separator-missing',
    title: 'rejects a log without the separator that bounds a required event',
    ...ccel(replaced(boot, SEPARATOR_1)),
    fails: ['EVENT_MISSING', 'required-present'],
  },
  {
    row: 'E3',
    name: 'required-elsewhere',
    title: 'rejects a required event in another register',
    ...record(dstack.map((event) => (event.name === 'app-id' ? { ...event, register: 2 } : event))),
    fails: ['EVENT_MISSING', 'required-present'],
  },
  {
    row: 'E3',
    name: 'payload-runtime',
    title: 'rejects a required event with a payload that is not listed',
    ...record(replaced(dstack, COMPOSE_AT, evil)),
    fails: ['MEASUREMENT_MISMATCH', 'required-payload'],
  },
  {
    row: 'E3',
    name: 'payload-variable',
    title: 'rejects Secure Boot in another state than policy lists',
    ...ccel(replaced(boot, SECURE_BOOT_AT, configVariable('SecureBoot', Uint8Array.of(1)))),
    fails: ['MEASUREMENT_MISMATCH', 'required-payload'],
  },
]

const ORDER: readonly ['EVENT_ORDER', 'required-order'] = ['EVENT_ORDER', 'required-order']
const EXIT_AT = boot.length - 1
const PLACES: readonly Recipe[] = [
  {
    row: 'E4',
    name: 'order-after-ready',
    title: 'rejects a required event after system-ready',
    ...record([...replaced(dstack, COMPOSE_AT), itemOf(dstack, COMPOSE_AT)]),
    fails: ORDER,
  },
  {
    row: 'E4',
    name: 'order-next-to-ready',
    title: 'rejects a required event right after system-ready',
    ...record(swapped(dstack, READY_AT - 1)),
    fails: ORDER,
  },
  {
    row: 'E4',
    name: 'order-before-separator',
    title: 'rejects a required event before the boot separator',
    ...ccel([itemOf(boot, EXIT_AT), ...boot.slice(0, -1)]),
    fails: ORDER,
  },
  {
    row: 'E4',
    name: 'order-firmware',
    title: 'rejects a variable of the firmware after the boot separator',
    ...ccel([...replaced(boot, SECURE_BOOT_AT), itemOf(boot, SECURE_BOOT_AT)]),
    fails: ORDER,
  },
]

const MALFORMED: readonly ['EVENT_LOG_MALFORMED', 'log'] = ['EVENT_LOG_MALFORMED', 'log']
const plain = encodeEvents(boot)
/** The log with other octets at one place. */
const patched = (offset: number, ...octets: readonly number[]): Uint8Array => {
  const out = plain.slice()
  out.set(octets, offset)
  return out
}
const FIRST = 32 + 33
const goodRecord = decodeUtf8(encodeEventLog({ events: dstack }))
const edited = (from: string | RegExp, to: string): Uint8Array => {
  const text = goodRecord.replace(from, to)
  if (text === goodRecord) throw new Error(`no ${from} in the record`)
  return encodeUtf8(text)
}
const sha384Twice = { ...itemOf(boot, 0), digests: [...itemOf(boot, 0).digests, ...itemOf(boot, 0).digests] }

const { specId } = ccelOf(boot)
/** A log whose table of algorithms is another. */
const withAlgorithms = (algorithms: readonly CcelAlgorithm[], events: readonly CcelEvent[] = boot): Uint8Array =>
  encodeCcel({ specId: { ...specId, algorithms }, events })
const shortDigests = boot.map((event) => ({
  ...event,
  digests: event.digests.map(({ algorithm, digest }) => ({ algorithm, digest: digest.slice(0, 32) })),
}))
const sha384TwiceOfTwo = withSha256(ccelOf(boot)).events.map((event) => ({
  ...event,
  digests: [...event.digests.slice(1), ...event.digests.slice(1)],
}))
/** A Spec ID event one octet longer than what it holds. */
const longSpecId = concatBytes(plain.slice(0, FIRST), Uint8Array.of(0), plain.slice(FIRST))
longSpecId[28] = 34

const SHAPES: readonly Recipe[] = [
  ...(
    [
      ['digest-size', 'a SHA-384 digest of another size', patched(32 + 30, 0x20)],
      ['digest-size-64', 'a SHA-384 digest of 64 octets', patched(32 + 30, 0x40)],
      ['without-spec-id', 'no Spec ID event', plain.slice(FIRST)],
      ['spec-id-signature', 'another Spec ID signature', patched(32 + 14, 0x32)],
      ['spec-id-type', 'a first event that is extended', patched(4, 0x04)],
      ['spec-id-digest', 'a Spec ID event with a digest', patched(8, 0x01)],
      ['spec-id-without-sha384', 'no SHA-384 in the table of algorithms', patched(32 + 28, 0x0b)],
      ['spec-id-many', 'more algorithms than there are', patched(32 + 24, 0xff, 0xff)],
      ['algorithm-unknown', 'a digest of an algorithm that the table does not have', patched(FIRST + 12, 0x0b)],
      [
        'digest-size-all',
        'SHA-384 digests of 32 octets throughout',
        withAlgorithms([{ algorithm: ALG_SHA384, size: 32 }], shortDigests),
      ],
      [
        'spec-id-algorithm-twice',
        'an algorithm twice in its table',
        withAlgorithms([...specId.algorithms, ...specId.algorithms]),
      ],
      [
        'spec-id-size-0',
        'an algorithm with digests of no octets',
        withAlgorithms([...specId.algorithms, { algorithm: 0x0b, size: 0 }]),
      ],
      [
        'spec-id-size-65',
        'an algorithm with digests of 65 octets',
        withAlgorithms([...specId.algorithms, { algorithm: 0x0b, size: 65 }]),
      ],
      [
        'spec-id-nine',
        'nine algorithms',
        withAlgorithms([
          ...specId.algorithms,
          ...[1, 2, 3, 4, 5, 6, 7, 8].map((algorithm) => ({ algorithm, size: 32 })),
        ]),
      ],
      ['spec-id-trailing', 'octets behind the vendor information', longSpecId],
      [
        'algorithm-twice-of-two',
        'an event with two SHA-384 digests and no other',
        encodeCcel({ ...withSha256(ccelOf(boot)), events: sha384TwiceOfTwo }),
      ],
      ['algorithm-twice', 'an event with two SHA-384 digests', encodeCcel(ccelOf([sha384Twice, ...boot.slice(1)]))],
      [
        'without-digest',
        'an event without a digest',
        encodeCcel(ccelOf([{ ...itemOf(boot, 0), digests: [] }, ...boot.slice(1)])),
      ],
      ['index-0', 'an event of MRTD, which nothing extends', patched(FIRST, 0)],
      ['index-5', 'an event of a register that there is not', patched(FIRST, 5)],
      ['event-size', 'an event that is longer than the log', patched(FIRST + 12 + 50, 0xff, 0xff, 0xff, 0x7f)],
      ['trailing', 'octets after the end', concatBytes(plain, new Uint8Array(4).fill(0xff), Uint8Array.of(1))],
      ['trailing-mixed', 'padding of two kinds', concatBytes(plain, new Uint8Array(8), new Uint8Array(8).fill(0xff))],
      ['truncated', 'a last event that is cut', plain.slice(0, -1)],
      ['empty', 'nothing', new Uint8Array()],
    ] as const
  ).map(
    ([name, what, octets]): Recipe => ({
      ...{ row: 'E1-part', name: `malformed-ccel-${name}`, title: `rejects a log with ${what}` },
      ...rawCcel(octets),
      fails: MALFORMED,
    }),
  ),
  ...(
    [
      ['unknown-key', 'an unknown key', edited('"ccel":null', '"ccel":null,"cel":null')],
      ['not-canonical', 'another spelling of the same', edited('"ccel":null', '"ccel": null')],
      ['without-ccel', 'no word on the CCEL', edited('"ccel":null,', '')],
      ['ccel-number', 'a number for the CCEL', edited('null', '1')],
      ['name-colon', 'a colon in a name', edited('"app-id"', '"app:id"')],
      ['name-long', 'a name of 129 letters', edited('"app-id"', `"${'a'.repeat(129)}"`)],
      ['name-empty', 'an empty name', edited('"app-id"', '""')],
      ['name-alone', 'a name without a payload', edited(/"payload":"[0-9a-f]{40}",/, '')],
      ['payload-alone', 'a runtime event without its name', edited('"name":"app-id",', '')],
      ['digest-short', 'a digest of 47 octets', edited(/"digest":"[0-9a-f]{2}/, '"digest":"')],
      ['digest-upper-case', 'a digest in capitals', edited(/"digest":"[0-9a-f]{2}/, '"digest":"AB')],
      ['register-4', 'a register that there is not', edited('"register":3', '"register":4')],
      ['type-negative', 'a type below zero', edited('"type":134217729', '"type":-1')],
      ['not-an-object', 'a list in the place of the record', encodeUtf8('[]')],
      ['truncated', 'a record that is cut', encodeUtf8(goodRecord.slice(0, -1))],
      ['base64', 'a CCEL in other base64', edited('null', '"AA=="')],
    ] as const
  ).map(
    ([name, what, octets]): Recipe => ({
      ...{ row: 'E1-part', name: `malformed-record-${name}`, title: `rejects a log with ${what}` },
      ...rawRecord(octets),
      fails: MALFORMED,
    }),
  ),
  ...(
    [
      ['object', 'an object in the place of the list', encodeUtf8('{}')],
      [
        'without-digest',
        'a boot event without its digest',
        encodeUtf8('[{"imr":0,"event_type":4,"digest":"","event":"","event_payload":"00000000"}]'),
      ],
      [
        'name-colon',
        'a colon in a name',
        encodeUtf8('[{"imr":3,"event_type":134217729,"digest":"","event":"a:b","event_payload":""}]'),
      ],
      [
        'version',
        'a version that there is not',
        encodeUtf8('[{"imr":3,"event_type":134217729,"digest":"","event":"a","event_payload":"","version":3}]'),
      ],
    ] as const
  ).map(
    ([name, what, octets]): Recipe => ({
      ...{ row: 'E1-part', name: `malformed-dstack-${name}`, title: `rejects a log of dstack with ${what}` },
      ...{ format: 'dstack', octets, measured: dstack, policy: DSTACK_POLICY },
      fails: MALFORMED,
    }),
  ),
]

function folderOf({ name, fails, session: sought }: Recipe): string {
  return fails === undefined && (sought === undefined || sought['expect'] === 'ok') ? name : `${name}-fail`
}

function writeVector(recipe: Recipe): void {
  const { row, title, format, octets, measured, policy, session: sought, fails } = recipe
  const folder = join(FOLDER, folderOf(recipe))
  const file = format === 'ccel' ? 'ccel.bin' : `${format}.json`
  const registers = Object.fromEntries(
    Object.entries(registersOf(measured)).map(([name, value]) => [name, encodeHex(value)]),
  )
  const vector = {
    ...{ row, name: folderOf(recipe), title, log: { format, file }, registers, policy },
    ...(sought && { session: sought }),
    expect: fails === undefined ? { ok: true } : { ok: false, code: fails[0], check: fails[1] },
  }
  mkdirSync(folder)
  writeFileSync(join(folder, 'vector.json'), `${JSON.stringify(vector, undefined, 2)}\n`)
  writeFileSync(join(folder, file), octets)
}

const recipes = [...GOOD, ...SESSION_RECIPES, ...REPLAY, ...TEXTS, ...PRESENCE, ...PLACES, ...SHAPES]
const names = recipes.map(folderOf)
if (new Set(names).size !== names.length) throw new Error('two recipes have one name')
for (const entry of readdirSync(FOLDER, { withFileTypes: true }))
  if (entry.isDirectory()) rmSync(join(FOLDER, entry.name), { recursive: true })
for (const recipe of recipes) writeVector(recipe)
process.stdout.write(`${recipes.length} vectors\n`)
