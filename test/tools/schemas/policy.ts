/** JSON Schema of the policy. */
import { REGISTERS } from '../../../src/core/event-log/logged-event.ts'
import { REQUIRED_KINDS } from '../../../src/core/event-log/policy.ts'
import { NITRO_KINDS } from '../../../src/core/nitro/payload.ts'
import { BINDINGS, GRADES, PLATFORMS } from '../../../src/core/policy.ts'
import { DETERMINISM } from '../../../src/core/receipt/claims.ts'
import { DEPENDENCY_ROLES } from '../../../src/core/receipt/disclosed.ts'
import { DISCLOSURE_NAMES } from '../../../src/core/receipt/disclosures.ts'
import { SNP_SIGNER_KINDS } from '../../../src/core/snp/endorsements.ts'
import { PLATFORM_BITS } from '../../../src/core/snp/platform-info.ts'
import { SNP_PRODUCTS } from '../../../src/core/snp/product.ts'
import { SNP_REPORT_VERSIONS } from '../../../src/core/snp/report.ts'
import { TDX_QUOTE_VERSIONS } from '../../../src/core/tdx/quote.ts'
import { ACCEPTABLE_TCB_STATUSES } from '../../../src/core/tdx/tcb-status.ts'
import { TD_ATTRIBUTE_NAMES } from '../../../src/core/tdx/td-attributes.ts'
import { TD_BODY_TYPES } from '../../../src/core/tdx/td-report.ts'
import {
  choice,
  DIGEST,
  DIGEST_OR_NONE,
  document,
  hexPins,
  integer,
  list,
  object,
  type Schema,
  SIGNER,
  text,
  unchecked,
} from './forms.ts'

const some = (description: string, values: readonly unknown[]): Schema =>
  list(description, choice('One of them.', values))
const demand = (description: string): Schema => choice(description, ['required', 'unchecked'])
const forbidden = (description: string): Schema => choice(description, ['forbidden', 'unchecked'])
const octet = (description: string): Schema => integer(description, { max: 255 })
const svn = (description: string, max: number): Schema => unchecked(integer(description, { max }))

const LEVELS = { bootLoader: octet('Level.'), tee: octet('Level.'), snp: octet('Level.'), microcode: octet('Level.') }
const floors = (description: string): Schema => {
  const products = { Milan: object('Floor.', LEVELS), Genoa: object('Floor.', LEVELS) }
  const turin = object('Floor.', { fmc: octet('Level.'), ...LEVELS })
  return unchecked({ ...object(description, { ...products, Turin: turin }, SNP_PRODUCTS), minProperties: 1 })
}
const firmware = (description: string): Schema =>
  unchecked(object(description, { major: octet('Major.'), minor: octet('Minor.'), build: octet('Build.') }))
const mitigations = (description: string): Schema => unchecked(text(description, /^(?!0{16})[0-9a-f]{16}$/))

const SNP_FORM = object('AMD SEV-SNP.', {
  products: some('Product lines that may answer.', SNP_PRODUCTS),
  deniedProducts: unchecked(some('Product lines that may not.', SNP_PRODUCTS)),
  reportVersions: some('Versions of the report.', SNP_REPORT_VERSIONS),
  signerKinds: some('Kinds of key that may sign.', SNP_SIGNER_KINDS),
  cspIds: unchecked(list('Providers whose VLEKs count.', text('As certificates name it.', /^[ -)+-~]{1,256}$/))),
  chipIds: hexPins('Chips that may answer.', 64),
  deniedChipIds: hexPins('Chips that may not.', 64),
  vmpls: some('Privilege levels that may ask for reports.', [0, 1, 2, 3]),
  migration: choice('Migration agents.', ['forbidden']),
  smt: forbidden('Simultaneous multithreading, by the guest policy.'),
  cxl: forbidden('CXL, by the guest policy.'),
  singleSocket: demand('One socket, by the guest policy.'),
  memAes256Xts: demand('AES-256-XTS, by the guest policy.'),
  raplDisabled: demand('No power metering, by the guest policy.'),
  ciphertextHidingDram: demand('Hidden ciphertext, by the guest policy.'),
  pageSwapDisabled: demand('No page swap, by the guest policy.'),
  minimumAbi: unchecked(object('Least ABI of the guest policy.', { major: octet('Major.'), minor: octet('Minor.') })),
  platformInfo: object('What the platform says of itself.', {
    aliasCheckComplete: demand('Memory was checked for aliases.'),
    ecc: demand('Memory with error correction.'),
    tsme: demand('Transparent encryption.'),
    smt: forbidden('Simultaneous multithreading.'),
    raplDisabled: demand('No power metering.'),
    ciphertextHidingDram: demand('Hidden ciphertext.'),
    allowed: unchecked(some('Bits that may be set.', PLATFORM_BITS)),
    unknownBits: choice('Bits that nobody knows yet.', ['refused', 'reported']),
  }),
  minimumTcb: floors('Least reported TCB of each product that may answer.'),
  minimumLaunchTcb: floors('Least TCB at launch.'),
  minimumCommittedTcb: floors('Least committed TCB.'),
  provisionalFirmware: choice('Firmware that is not committed yet.', ['forbidden', 'allowed']),
  minimumFirmware: firmware('Least firmware.'),
  minimumCommittedFirmware: firmware('Least committed firmware.'),
  minimumLaunchMitigations: mitigations('Mitigations at launch, a mask.'),
  minimumCurrentMitigations: mitigations('Mitigations now, a mask.'),
  minimumGuestSvn: svn('Least security version of the guest.', 2 ** 32 - 1),
  hostData: hexPins('HOST_DATA.', 32),
  idKeyDigests: hexPins('Keys that signed the ID block.', 48),
  authorKeyDigests: hexPins('Keys that signed those.', 48),
  authorKey: demand('An author key.'),
  familyIds: hexPins('Families.', 16),
  imageIds: hexPins('Images.', 16),
  reportIds: hexPins('Report ids.', 32),
  reportIdMas: hexPins('Report ids of migration agents.', 32),
  revocation: demand("Current lists of AMD's revocations."),
})

/** Each product that may answer has its floor. */
const FLOORS_DUE = ['minimumTcb', 'minimumLaunchTcb', 'minimumCommittedTcb'].flatMap((key) =>
  SNP_PRODUCTS.map((product) => ({
    if: {
      properties: { products: { contains: { const: product } }, [key]: { type: 'object' } },
      required: ['products', key],
    },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: { properties: { [key]: { required: [product] } } },
  })),
)
const SNP = { ...SNP_FORM, allOf: FLOORS_DUE }

const levels: Schema = { type: 'array', description: '16 levels.', minItems: 16, maxItems: 16, items: octet('Level.') }
const orNone = (schema: Schema): Schema => ({ anyOf: [{ const: 'none' }, unchecked(schema)] })

const TDX = object('Intel TDX.', {
  quoteVersions: some('Versions of the quote.', TDX_QUOTE_VERSIONS),
  bodyTypes: some('2 is TD 1.0, 3 is TD 1.5.', TD_BODY_TYPES),
  tcb: demand("Intel's TCB info and QE identity decide."),
  tcbStatuses: some("Intel's statuses that are accepted.", ACCEPTABLE_TCB_STATUSES),
  advisories: orNone(list('Advisories that are accepted.', text('Id.', /^[A-Z0-9][A-Z0-9-]{1,63}$/))),
  minimumEvaluationDataNumber: svn('Least evaluation number.', Number.MAX_SAFE_INTEGER),
  revocation: demand("Current lists of Intel's revocations."),
  platformInstanceIds: hexPins('Platform instances that may answer.', 16),
  deniedFmspcs: hexPins('Kinds of platform that may not.', 6),
  minimumQeSvn: svn('Least security version of the quoting enclave.', 0xffff),
  minimumPceSvn: svn('Least security version of the PCE.', 0xffff),
  minimumTeeTcbSvn: unchecked(levels),
  mrSeams: hexPins('Measurements of TDX modules.', 48),
  septVeDisable: demand('SEPT_VE_DISABLE.'),
  allowedAttributes: orNone(some('Attributes that may be set.', TD_ATTRIBUTE_NAMES)),
  tdAttributes: hexPins('TDATTRIBUTES as a whole.', 8),
  xfams: hexPins('XFAM as a whole.', 8),
  serviceTds: { anyOf: [{ const: 'forbidden' }, hexPins('MRSERVICETD.', 48)] },
  mrConfigIds: hexPins('MRCONFIGID.', 48),
  mrOwners: hexPins('MROWNER.', 48),
  mrOwnerConfigs: hexPins('MROWNERCONFIG.', 48),
})

const EVENT_LOG = unchecked(
  object('What the event log of the guest must show.', {
    replay: some('Registers that the log must lead to.', REGISTERS),
    required: unchecked(
      list(
        'Events that must be there, each once.',
        object('An event.', {
          register: choice('Its register.', REGISTERS),
          kind: choice('Its kind.', REQUIRED_KINDS),
          name: { type: 'string', description: 'Its name.', minLength: 1, maxLength: 1024 },
          payloads: unchecked({ type: 'array', minItems: 1, items: text('Lower-case hex.', /^(?:[0-9a-f]{2})*$/) }),
          after: choice('Behind the first separator.', ['boot-separator', 'unchecked']),
          before: choice('Before the separator, or before the application.', [
            'boot-separator',
            'system-ready',
            'unchecked',
          ]),
        }),
      ),
    ),
  }),
)

const PCRS: Schema = {
  type: 'object',
  description: 'Registers beside the measured ones, by number.',
  properties: { others: { const: 'unchecked' } },
  required: ['others'],
  patternProperties: { '^(?:[0-9]|[12][0-9]|3[01])$': list('Values.', text('Lower-case hex.', /^[0-9a-f]{96}$/)) },
  additionalProperties: false,
}

const NITRO = object('AWS Nitro.', {
  document: choice('Which registers a document has.', NITRO_KINDS),
  time: object('How far the document may lie from the time of judgement.', {
    maxAgeSeconds: unchecked(integer('Seconds.', { min: 1, max: 315_360_000 })),
    futureSkewSeconds: integer('Seconds.', { max: 300 }),
  }),
  pcrs: PCRS,
  revocation: choice('AWS asks that lists are not consulted.', ['unchecked']),
})

const DEPENDENCIES: Schema = {
  ...object(
    'What an answer may rely on, by role.',
    Object.fromEntries(
      DEPENDENCY_ROLES.map((role) => [role, list(`Digests of ${role}.`, text('Digest.', DIGEST_OR_NONE))]),
    ),
    DEPENDENCY_ROLES,
  ),
  minProperties: 1,
}

const ENGINE = object('An engine that may answer.', {
  name: { type: 'string', description: 'As receipts claim it.' },
  version: { type: 'string', description: 'As receipts claim it.' },
  determinism: unchecked(choice('As receipts claim it.', DETERMINISM)),
})

const locked = (description: string): Schema => choice(description, ['locked', 'unchecked'])

const SECTIONS = ['$schema', 'snp', 'tdx', 'eventLog', 'nitro']

/** A platform that is listed has its section. */
const DUE = [
  ['snp', ['snp']],
  ['tdx', ['tdx', 'eventLog']],
  ['nitro', ['nitro']],
].map(([platform, required]) => ({
  if: { properties: { platforms: { contains: { const: platform } } }, required: ['platforms'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { required },
}))

const MODELS_NEED_MEASUREMENTS = {
  if: { properties: { models: { const: 'locked' } }, required: ['models'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { properties: { measurements: { const: 'locked' } } },
}

export const POLICY_SCHEMA: Schema = document(
  'urn:countersign:policy:1',
  'Countersign policy: what a verifier demands',
  {
    ...object(
      'Every field is required; to leave a check out is spelled "unchecked".',
      {
        $schema: { type: 'string', description: 'For editors; says nothing.' },
        version: { const: 1 },
        revision: integer('Goes up with each change.'),
        platforms: some('Platforms that may vouch.', PLATFORMS),
        snp: SNP,
        tdx: TDX,
        eventLog: EVENT_LOG,
        nitro: NITRO,
        roots: {
          description: 'Narrows the built-in roots.',
          anyOf: [{ const: 'built-in' }, list('Fingerprints.', text('Of a root.', DIGEST))],
        },
        dangerouslyTrustSimulatedRoots: {
          type: 'array',
          description: 'Roots of simulators.',
          items: text('Fingerprint.', DIGEST),
        },
        origins: unchecked(list('What the origin of a log begins with.', text('Host and /log/.', /^[^\s/+]+\/log\/$/))),
        grade: choice('The least grade that passes.', GRADES),
        live: object("Judging with a nonce of one's own.", {
          maxAgeSeconds: integer('Seconds.', { min: 1, max: 86_400 }),
          channel: unchecked(some('What binds the connection to the session.', BINDINGS)),
        }),
        audit: object('Judging old answers.', {
          time: choice('Who proves the time.', ['witnessed', 'nitro-document', 'unchecked']),
          witnesses: unchecked({
            type: 'array',
            description: 'Lines of a C2SP tlog-policy.',
            minItems: 1,
            items: { type: 'string', pattern: '^[^\\r\\n]*$' },
          }),
        }),
        measurements: locked('Code as the lock has it.'),
        models: locked('Models as the lock has them.'),
        dependencies: unchecked(DEPENDENCIES),
        engines: unchecked({ type: 'array', description: 'Engines that may answer.', minItems: 1, items: ENGINE }),
        upstreams: some('Where the model may run.', ['embedded', 'local', 'remote']),
        disclosures: some('Disclosures that must be at hand.', DISCLOSURE_NAMES),
        transforms: choice('Changes between request and model.', ['replayed', 'unchecked']),
        revocations: unchecked(
          object('Who may revoke.', {
            keys: list(
              'Keys.',
              text('Ed25519, or an uncompressed point of P-256; base64url.', /^(?:[\w-]{43}|B[\w-]{86})$/),
            ),
            maximumAgeSeconds: integer('How old a list may be.', { min: 1 }),
          }),
        ),
        lockApproval: unchecked(
          object('Who may approve the lock.', {
            approvers: list('Identities that build nothing themselves.', object('One.', SIGNER)),
          }),
        ),
      },
      SECTIONS,
    ),
    allOf: [...DUE, MODELS_NEED_MEASUREMENTS],
  },
)
