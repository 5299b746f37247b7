/** JSON Schemas of the lock and of a list of revocations. */
import {
  choice,
  DIGEST,
  DIGEST_OR_NONE,
  document,
  INSTANT,
  integer,
  list,
  measured,
  object,
  type Schema,
  SIGNER,
  text,
} from './forms.ts'

const MODEL = object('A model of the row.', {
  name: text('As receipts name it.', /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,255}$/),
  digest: text('Of its weights; none where nobody measured them.', DIGEST_OR_NONE),
})

const ROW = measured('A tuple: it matches as a whole or not at all.', {
  shape: text('Which machine launches so, for people; - where a live gateway was pinned.', /^[ -~]{1,120}$/),
  status: choice('Rows active and next count; a revoked row never does.', ['active', 'next', 'revoked']),
  notAfter: {
    description: 'Last instant at which the row counts.',
    anyOf: [{ const: 'none' }, { type: 'string', pattern: INSTANT.source }],
  },
  config: text('Digest of the measured configuration.', DIGEST),
  models: { type: 'array', description: 'What may answer.', items: MODEL },
  provenance: {
    description: 'Who built it.',
    anyOf: [
      { const: 'none' },
      object('Named by a Sigstore bundle.', {
        ...SIGNER,
        bundle: text('Digest of the bundle.', DIGEST),
        subject: text('Digest of what the bundle is about.', DIGEST),
      }),
    ],
  },
})

export const LOCK_SCHEMA: Schema = document(
  'urn:countersign:lock:1',
  'Countersign lock: reference values',
  object(
    'Written by countersign pin.',
    {
      $schema: { type: 'string', description: 'For editors; says nothing.' },
      version: { const: 1 },
      revision: integer('Goes up with each change.'),
      minimumPolicyRevision: integer('The least revision of a policy that may be used with it.'),
      rows: list('Reference values.', ROW),
    },
    ['$schema'],
  ),
)

const REASON = text('Shown in the verdict.', /^[ -~]{1,200}$/)
const listed = (description: string, items: Schema): Schema => ({ type: 'array', description, items })
const CHIP = (platform: string, id: RegExp): Schema =>
  object(`A machine of ${platform}.`, { platform: { const: platform }, id: text('Its id.', id), reason: REASON })

export const REVOCATIONS_SCHEMA: Schema = document(
  'urn:countersign:revocations:1',
  'Countersign revocations: the payload that is signed',
  object('What may no longer be trusted.', {
    version: { const: 1 },
    number: integer('Goes up with each list.'),
    issuedAt: text('UTC, whole seconds.', INSTANT),
    expiresAt: text('UTC, whole seconds.', INSTANT),
    boots: listed('Sessions.', object('A session.', { session: text('As receipts name it.', DIGEST), reason: REASON })),
    chips: listed('Machines.', {
      oneOf: [
        CHIP('snp', /^[0-9a-f]{128}$/),
        CHIP('tdx', /^[0-9a-f]{32}$/),
        CHIP('nitro', /^i-[0-9a-f]{17}(?:-enc[0-9a-f]{16})?$/),
      ],
    }),
    measurements: listed('Code.', measured('A build.', { reason: REASON })),
    models: listed('Weights.', object('A model.', { digest: text('Of its weights.', DIGEST), reason: REASON })),
  }),
)
