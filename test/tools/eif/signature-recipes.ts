/** Signed images, and what can be wrong with a signature: one thing in each. */
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import type { CborValue } from '../../../src/core/encoding/cbor.ts'
import { encodeCbor } from '../../../src/core/encoding/cbor-encode.ts'
import type { FailureCode } from '../../../src/core/failure-codes.ts'
import {
  SECTION,
  SECTION_HEADER_SIZE,
  type SignatureTemplate,
  sectionAt,
  signRegister,
  writeEif,
} from '../../core/measurement/eif/write-eif.ts'
import {
  APPLICATION,
  CMDLINE,
  type EifRecipe,
  KERNEL,
  METADATA,
  otherSigner,
  PLAIN,
  pcr0Of,
  RAMDISK,
  signed,
  signer,
  text,
  withSection,
} from './recipe.ts'
import { createSigner } from './signers.ts'

const OFFSET = sectionAt(PLAIN, PLAIN.sections.length) + SECTION_HEADER_SIZE
const pcr0 = pcr0Of(PLAIN)
const envelope = signRegister({ ...signer, pcr0 })
const es256 = createSigner('P-256')

type Bad = readonly [name: string, title: string, code: FailureCode, content: Uint8Array]

const fromContent = ([name, title, code, content]: Bad): EifRecipe => ({
  name: `signature-${name}`,
  title,
  image: writeEif(withSection(PLAIN, { type: SECTION.signature, content })),
  fails: { code, offset: OFFSET },
})

const pairOf = (certificate: CborValue, signature: CborValue): Map<string, CborValue> =>
  new Map([
    ['signing_certificate', certificate],
    ['signature', signature],
  ])
const PAIR = pairOf(text(signer.certificate), envelope)
const contentOf = (changes: Partial<SignatureTemplate>): Uint8Array =>
  signed(PLAIN, changes).sections.at(-1)?.content ?? new Uint8Array()
const withEnvelope = (changed: Uint8Array): Uint8Array => encodeCbor([pairOf(text(signer.certificate), changed)])
const flipped = envelope.map((octet, i) => (i === envelope.length - 1 ? octet ^ 1 : octet))
const unprotected = concatBytes(envelope.subarray(0, 6), Uint8Array.of(0xa1, 0x01, 0x26), envelope.subarray(7))
const short = concatBytes(envelope.subarray(0, envelope.length - 98), Uint8Array.of(0x58, 95), envelope.subarray(-95))

const GOOD: readonly EifRecipe[] = [
  { name: 'signed', title: 'measures an image that is signed, octets as integers', image: writeEif(signed(PLAIN)) },
  {
    name: 'signed-bytes',
    title: 'measures an image that is signed, octets as byte strings',
    image: writeEif(signed(PLAIN, { form: 'bytes' })),
  },
  {
    name: 'signed-es256',
    title: 'measures an image that is signed with ES256',
    image: writeEif(signed(PLAIN, { ...es256, alg: -7 })),
  },
  {
    name: 'signed-version-3',
    title: 'measures an image of version 3 that is signed',
    image: writeEif({ ...signed({ sections: [KERNEL, CMDLINE, RAMDISK, APPLICATION] }), version: 3 }),
  },
  {
    name: 'signed-text-around',
    title: 'measures an image whose certificate has text around it',
    image: writeEif(signed(PLAIN, { certificate: `Certificate of the builder\n${signer.certificate}\n` })),
  },
]

const BAD: readonly Bad[] = [
  [
    'other-key',
    'refuses a signature by another key than the certificate’s',
    'COSE_BAD_SIGNATURE',
    contentOf({ key: otherSigner.key }),
  ],
  [
    'other-image',
    'refuses a genuine signature over another image',
    'EIF_FORMAT',
    contentOf({ pcr0: pcr0Of({ sections: [KERNEL, CMDLINE, METADATA, RAMDISK] }) }),
  ],
  ['other-register', 'refuses a genuine signature over another register', 'EIF_FORMAT', contentOf({ index: 8 })],
  ['changed', 'refuses a signature of which one bit changed', 'COSE_BAD_SIGNATURE', withEnvelope(flipped)],
  [
    'zero',
    'refuses a signature of zeros',
    'SIG_MALFORMED',
    withEnvelope(envelope.map((octet, i) => (i >= envelope.length - 96 ? 0 : octet))),
  ],
  ['length', 'refuses a signature of another length', 'SIG_MALFORMED', withEnvelope(short)],
  ['alg-key', 'refuses an algorithm that is not the key’s', 'COSE_ALG', contentOf({ ...es256, alg: -35 })],
  ['alg-unknown', 'refuses an algorithm that is not known', 'COSE_ALG', contentOf({ alg: -8 })],
  ['unprotected', 'refuses parameters that nobody signed', 'COSE_ALG', withEnvelope(unprotected)],
  ['two', 'refuses two signatures', 'EIF_FORMAT', encodeCbor([PAIR, PAIR])],
  ['none', 'refuses an empty list of signatures', 'EIF_FORMAT', encodeCbor([])],
  ['no-list', 'refuses a signature outside of a list', 'EIF_FORMAT', encodeCbor(PAIR)],
  ['more', 'refuses a member that is not known', 'EIF_FORMAT', encodeCbor([new Map([...PAIR, ['more', 1]])])],
  ['less', 'refuses a signature without a certificate', 'EIF_FORMAT', encodeCbor([new Map([['signature', envelope]])])],
  ['octets', 'refuses an octet above 255', 'EIF_FORMAT', encodeCbor([pairOf(text(signer.certificate), [256])])],
  ['text', 'refuses a certificate that is text', 'EIF_FORMAT', encodeCbor([pairOf(signer.certificate, envelope)])],
  ['trailing', 'refuses octets behind the list', 'PARSE_TRAILING', concatBytes(encodeCbor([PAIR]), Uint8Array.of(0))],
  [
    'indefinite',
    'refuses a list of indefinite length',
    'CBOR_NOT_CANONICAL',
    concatBytes(Uint8Array.of(0x9f), encodeCbor(PAIR), Uint8Array.of(0xff)),
  ],
  [
    'two-certificates',
    'refuses two certificates: which one is in PCR8 would depend on the reader',
    'EIF_FORMAT',
    contentOf({ certificate: signer.certificate + otherSigner.certificate }),
  ],
  ['no-certificate', 'refuses a certificate that is no PEM', 'PEM_INVALID', contentOf({ certificate: 'none' })],
  [
    'bad-certificate',
    'refuses a PEM that is no certificate',
    'X509_MALFORMED',
    contentOf({ certificate: '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n' }),
  ],
  ['no-cose', 'refuses an envelope that is no COSE_Sign1', 'COSE_SHAPE', withEnvelope(encodeCbor(['?']))],
]

export const SIGNATURE_RECIPES: readonly EifRecipe[] = [...GOOD, ...BAD.map(fromContent)]
