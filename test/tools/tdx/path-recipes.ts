/** Fixtures about certificates: the PCK chain's form and path, and the SGX extension of the PCK certificate. */
import { concatBytes } from '../../../src/core/encoding/bytes.ts'
import { DER_BOOLEAN, DER_INTEGER } from '../../../src/core/encoding/der.ts'
import {
  bitString,
  encodeDer,
  integerOctets,
  objectIdentifier,
  octetString,
  sequence,
  unsigned,
} from '../../../src/simulator/der-writer.ts'
import {
  algorithmOf,
  type CertificateTemplate,
  caConstraints,
  createSimulatedTdx,
  createSimulatedTdxPki,
  keyUsage,
  type NameTemplate,
  type Shape,
  type SimulatedTdx,
} from '../../../src/simulator/index.ts'
import { encodePckChain } from '../../../src/simulator/tdx.ts'
import { simulatedIntelName } from '../../../src/simulator/tdx-pki.ts'
import { encodeSgxExtension, OID_SGX, SIMULATED_PLATFORM, tcbEntries } from '../../../src/simulator/tdx-platform.ts'
import {
  AT,
  accepts,
  adding,
  type Changes,
  entry,
  filled,
  flip,
  later,
  put,
  REPORT_DATA,
  type Recipe,
  rejects,
  replacing,
  without,
  withoutEntry,
} from './recipe.ts'

const OID_KEY_USAGE = '2.5.29.15'
const OID_BASIC_CONSTRAINTS = '2.5.29.19'
const UNKNOWN = { oid: '1.2.3.4', critical: true, value: octetString(Uint8Array.of(1)) }
const ENUMERATED = 0x0a

const pck = (shape: Shape): Changes => ({ pck: shape })
const ca = (shape: Shape): Changes => ({ certificates: { platformCa: shape } })
const set =
  (change: Partial<CertificateTemplate>): Shape =>
  (template) => ({ ...template, ...change })
const sgx = (value: Uint8Array): Changes => pck(replacing({ oid: OID_SGX, value }))
const ecKey = (point: Uint8Array): Uint8Array =>
  sequence(sequence(objectIdentifier('1.2.840.10045.2.1'), objectIdentifier('1.2.840.10045.3.1.7')), bitString(point))
const both = (algorithm: Uint8Array): Shape => set({ innerAlgorithm: algorithm, outerAlgorithm: algorithm })

/** Certificates of the chain in the quote, altered after all was signed. */
const chain = (change: (chain: readonly Uint8Array[]) => readonly Uint8Array[]): Changes => ({
  tamper: (files, tdx) => {
    const { certificates } = tdx.pki
    const innerData = encodePckChain(change([tdx.pck, certificates.platformCa, certificates.root]))
    return { ...files, quote: tdx.quote(REPORT_DATA, {}, { signed: (parts) => ({ ...parts, innerData }) }) }
  },
})
const nth = (index: number, change: (der: Uint8Array) => Uint8Array): Changes =>
  chain((all) => all.map((der, at) => (at === index ? change(der) : der)))
const lastFlipped = (der: Uint8Array): Uint8Array => flip(der, der.length - 1)

const tcb = (change: (entries: ReturnType<typeof tcbEntries>) => ReturnType<typeof tcbEntries>): Changes =>
  entry('2', encodeSgxExtension(change(tcbEntries(SIMULATED_PLATFORM))))
const tcbEntry = (arc: string, value: Uint8Array): Changes =>
  tcb((entries) => entries.map((old) => (old[0] === arc ? [arc, value] : old)))
const ARCS = Array.from({ length: 18 }, (_, index) => `2.${index + 1}`)

// Intel's very names, as an attacker would take them: nothing in them tells a forged root.
const intelNamed: Shape = (template) => {
  const named = (name: NameTemplate): NameTemplate =>
    name.map(([oid, text]) => [oid, text.includes('SIMULATED') ? 'Intel Corporation' : text])
  return { ...template, issuer: named(template.issuer), subject: named(template.subject) }
}
const forge = (): SimulatedTdx => {
  const clock = (): Date => AT
  const pki = createSimulatedTdxPki({ clock, shapes: { root: intelNamed, platformCa: intelNamed } })
  return createSimulatedTdx({ pki, clock, shape: intelNamed })
}
const forged = forge()
const forgedAgain = forge()

export const PATH_RECIPES: readonly Recipe[] = [
  ...rejects(
    'X1',
    'X509_UNTRUSTED_ROOT',
    [
      'root-other',
      'a chain under a self-made root with the names of Intel',
      { tamper: (files) => ({ ...files, quote: forged.quote(REPORT_DATA) }) },
    ],
    [
      'root-swapped',
      'a root of the name of the pinned one and another key',
      {
        tamper: (files) => ({
          ...files,
          quote: forged.quote(
            REPORT_DATA,
            {},
            {
              signed: (parts) => ({
                ...parts,
                innerData: encodePckChain([
                  forged.pck,
                  forged.pki.certificates.platformCa,
                  forgedAgain.pki.certificates.root,
                ]),
              }),
            },
          ),
        }),
        simulatedRoots: [forged.rootFingerprint],
      },
    ],
  ),
  ...rejects(
    'X2',
    'X509_BAD_SIGNATURE',
    ['pck-signature', 'a PCK certificate whose signature was changed', nth(0, lastFlipped)],
    ['ca-signature', 'a Platform CA whose signature was changed', nth(1, lastFlipped)],
  ),
  ...rejects(
    'X3',
    'X509_CHAIN_BROKEN',
    [
      'pck-other-name',
      'a certificate that the Platform CA issued for another purpose',
      pck(set({ subject: simulatedIntelName('Other Certificate') })),
    ],
    [
      'pck-two-names',
      'a PCK certificate with a second common name',
      pck((template) => ({ ...template, subject: [...template.subject, ['2.5.4.3', 'Other']] })),
    ],
    [
      'ca-other-name',
      'a PCK certificate that another CA under the root issued',
      {
        certificates: { platformCa: set({ subject: simulatedIntelName('Other CA') }) },
        pck: set({ issuer: simulatedIntelName('Other CA') }),
      },
    ],
    [
      'ca-other-key',
      'a PCK certificate that another Platform CA of the same name issued',
      {
        tamper: (files, tdx, other) => ({
          ...files,
          quote: other.quote(
            REPORT_DATA,
            {},
            {
              signed: (parts) => ({
                ...parts,
                innerData: encodePckChain([other.pck, tdx.pki.certificates.platformCa, tdx.pki.certificates.root]),
              }),
            },
          ),
        }),
      },
    ],
    [
      'pck-issuer-name',
      'a PCK certificate that names the Processor CA under the Platform CA',
      pck(set({ issuer: simulatedIntelName('PCK Processor CA') })),
    ],
    [
      'ca-issuer-name',
      'a Platform CA that names another issuer',
      ca(set({ issuer: simulatedIntelName('Other Root CA') })),
    ],
    [
      'chain-swapped',
      "leaf and CA in each other's place",
      chain(([leaf = filled(0, 0), issuer = filled(0, 0), root = filled(0, 0)]) => [issuer, leaf, root]),
    ],
    [
      'chain-without-ca',
      'a chain without its CA',
      chain(([leaf = filled(0, 0), , root = filled(0, 0)]) => [leaf, root]),
    ],
    ['chain-without-root', 'a chain without its root', chain((all) => all.slice(0, 2))],
    [
      'chain-signing',
      'the TCB signing certificate in the place of the CA',
      {
        tamper: (files, tdx) => ({
          ...files,
          quote: tdx.quote(
            REPORT_DATA,
            {},
            {
              signed: (parts) => ({
                ...parts,
                innerData: encodePckChain([tdx.pck, tdx.pki.certificates.tcbSigning, tdx.pki.certificates.root]),
              }),
            },
          ),
        }),
      },
    ],
  ),
  ...rejects('X19', 'X509_LIMIT', [
    'chain-of-four',
    'a chain of four certificates',
    chain((all) => [...all, ...all.slice(2)]),
  ]),
  ...rejects(
    'X4',
    'X509_NOT_CA',
    [
      'ca-not-ca',
      'a Platform CA whose basic constraints name no CA',
      ca(replacing({ oid: OID_BASIC_CONSTRAINTS, critical: true, value: sequence() })),
    ],
    ['ca-without-constraints', 'a Platform CA without basic constraints', ca(without(OID_BASIC_CONSTRAINTS))],
  ),
  ...rejects('X5', 'X509_PATHLEN', [
    'pck-path-length',
    'a path length on a PCK certificate',
    pck(replacing({ oid: OID_BASIC_CONSTRAINTS, critical: true, value: sequence(unsigned(0)) })),
  ]),
  ...rejects(
    'X6',
    'X509_KEY_USAGE',
    ['ca-key-usage', 'a Platform CA that may not sign certificates', ca(replacing(keyUsage(0x02)))],
    ['pck-cert-sign', 'a PCK certificate that may sign certificates', pck(replacing(keyUsage(0x84)))],
    ['pck-no-signature', 'a PCK certificate that may not sign data', pck(replacing(keyUsage(0x20)))],
    ['pck-without-key-usage', 'a PCK certificate without key usage', pck(without(OID_KEY_USAGE))],
  ),
  ...rejects('X7', 'X509_CA_AS_LEAF', [
    'pck-ca',
    'a CA in the place of the PCK certificate',
    pck(replacing(caConstraints())),
  ]),
  ...rejects(
    'X8',
    'X509_UNKNOWN_CRITICAL',
    ['pck-critical', 'an unknown critical extension in the PCK certificate', pck(adding(UNKNOWN))],
    ['ca-critical', 'an unknown critical extension in the Platform CA', ca(adding(UNKNOWN))],
  ),
  ...rejects(
    'X9',
    'X509_MALFORMED',
    [
      'pck-extension-twice',
      'an SGX extension that stands there twice',
      pck(adding({ oid: OID_SGX, value: sequence() })),
    ],
    ['pck-version-1', 'a PCK certificate of version 1', pck(set({ version: 1 }))],
    ['pck-serial-zero', 'serial number zero', pck(set({ serial: Uint8Array.of(0) }))],
    ['pck-serial-negative', 'a negative serial number', pck(set({ serial: Uint8Array.of(0x80, 1) }))],
  ),
  ...rejects('X10', 'X509_ALG_MISMATCH', [
    'pck-algorithm-inner',
    'two signature algorithms in one certificate',
    pck(set({ innerAlgorithm: algorithmOf('ES384') })),
  ]),
  ...rejects(
    'X11',
    'X509_ALG_FORBIDDEN',
    ['pck-es384', 'a PCK certificate signed with another hash', pck(set({ scheme: 'ES384' }))],
    ['pck-sha1', 'a PCK certificate signed with SHA-1', pck(both(sequence(objectIdentifier('1.2.840.10045.4.1'))))],
    [
      'pck-null-parameters',
      'parameters on an ECDSA algorithm',
      pck(both(sequence(objectIdentifier('1.2.840.10045.4.3.2'), encodeDer(5)))),
    ],
  ),
  ...rejects(
    'X12',
    'X509_BAD_KEY',
    [
      'pck-off-curve',
      'a PCK key that is no point of the curve',
      pck((template) => ({ ...template, spki: flip(template.spki, template.spki.length - 1) })),
    ],
    ['pck-infinity', 'a PCK key at infinity', pck(set({ spki: ecKey(Uint8Array.of(0)) }))],
    [
      'pck-compressed',
      'a compressed PCK key',
      pck((template) => ({ ...template, spki: ecKey(concatBytes(Uint8Array.of(2), template.spki.slice(-64, -32))) })),
    ],
  ),
  ...rejects(
    'X13',
    'X509_EXPIRED',
    ['pck-expired', 'a PCK certificate a second past its end', pck(set({ notAfter: later(0, -1) }))],
    ['ca-expired', 'a Platform CA a second past its end', ca(set({ notAfter: later(0, -1) }))],
  ),
  ...rejects(
    'X13',
    'X509_NOT_YET_VALID',
    ['pck-future', 'a PCK certificate a second before its begin', pck(set({ notBefore: later(0, 1) }))],
    ['ca-future', 'a Platform CA a second before its begin', ca(set({ notBefore: later(0, 1) }))],
  ),
  accepts('X13', 'pck-last-second', 'a PCK certificate in its last second', pck(set({ notAfter: AT }))),
  accepts('X13', 'pck-first-second', 'a PCK certificate in its first second', pck(set({ notBefore: AT }))),
  ...rejects(
    'T26',
    'PCK_EXTENSION',
    ['pck-without-extension', 'a PCK certificate without the SGX extension', pck(without(OID_SGX))],
    ['pck-extension-empty', 'an empty SGX extension', sgx(sequence())],
    ['pck-extension-not-der', 'an SGX extension that is no DER', sgx(filled(16, 0xff))],
    [
      'pck-extension-trailing',
      'octets behind the SGX extension',
      pck((template) => ({
        ...template,
        extensions: template.extensions.map((old) =>
          old.oid === OID_SGX ? { ...old, value: concatBytes(old.value, filled(1, 0)) } : old,
        ),
      })),
    ],
    ...['1', '2', '3', '4', '5'].map(
      (arc) => [`pck-without-field-${arc}`, `an SGX extension without field ${arc}`, withoutEntry(arc)] as const,
    ),
    ...ARCS.map(
      (arc) =>
        [
          `pck-without-field-${arc.replace('.', '-')}`,
          `an SGX extension without field ${arc}`,
          tcb((entries) => entries.filter(([name]) => name !== arc)),
        ] as const,
    ),
    ['pck-ppid-short', 'a PPID of 15 octets', entry('1', octetString(filled(15, 1)))],
    ['pck-component-range', 'a component beyond an octet', tcbEntry('2.1', unsigned(256))],
    ['pck-component-negative', 'a negative component', tcbEntry('2.1', integerOctets(Uint8Array.of(0xff)))],
    ['pck-component-padded', 'a component with a needless zero', tcbEntry('2.1', integerOctets(Uint8Array.of(0, 3)))],
    ['pck-component-octets', 'a component that is no integer', tcbEntry('2.1', octetString(Uint8Array.of(3)))],
    [
      'pck-component-twice',
      'a component that stands there twice',
      tcb((entries) => [...entries, ['2.1', unsigned(3)]]),
    ],
    ['pck-pce-svn-range', 'a PCESVN of three octets', tcbEntry('2.17', unsigned(0x10000))],
    [
      'pck-cpu-svn-short',
      'a CPUSVN of 15 octets',
      tcbEntry('2.18', octetString(SIMULATED_PLATFORM.cpuSvn.slice(0, 15))),
    ],
    [
      'pck-cpu-svn-other',
      'a CPUSVN that contradicts the components',
      tcbEntry('2.18', octetString(put(SIMULATED_PLATFORM.cpuSvn, 15, 1))),
    ],
    [
      'pck-tcb-unknown',
      'a field of the TCB that does not exist',
      tcb((entries) => [...entries, ['2.19', unsigned(1)]]),
    ],
    ['pck-pce-id-long', 'a PCE-ID of three octets', entry('3', octetString(filled(3, 0)))],
    ['pck-fmspc-short', 'an FMSPC of five octets', entry('4', octetString(SIMULATED_PLATFORM.fmspc.slice(0, 5)))],
    ['pck-fmspc-text', 'an FMSPC that is no OCTET STRING', entry('4', encodeDer(0x0c, SIMULATED_PLATFORM.fmspc))],
    ['pck-sgx-type', 'an unknown SGX type', entry('5', encodeDer(ENUMERATED, Uint8Array.of(3)))],
    ['pck-sgx-type-integer', 'an SGX type that is an INTEGER', entry('5', encodeDer(DER_INTEGER, Uint8Array.of(1)))],
    ['pck-instance-short', 'a platform instance of 15 octets', entry('6', octetString(filled(15, 1)))],
    [
      'pck-configuration',
      'a configuration that is not boolean',
      entry('7', encodeSgxExtension([['7.1', encodeDer(DER_BOOLEAN, Uint8Array.of(1))]])),
    ],
    [
      'pck-field-of-three',
      'a field with two values',
      entry('4', octetString(SIMULATED_PLATFORM.fmspc), octetString(SIMULATED_PLATFORM.fmspc)),
    ],
    ['pck-field-without-value', 'a field without a value', entry('4')],
    [
      'pck-field-twice',
      'an FMSPC that stands there twice',
      { sgxEntries: (entries) => [...entries, ['4', octetString(SIMULATED_PLATFORM.fmspc)]] },
    ],
    ['pck-field-unknown', 'a field that does not exist', { sgxEntries: (entries) => [...entries, ['8', unsigned(1)]] }],
  ),
  accepts('T26', 'pck-levels-highest', 'the highest levels that there can be', {
    platform: { cpuSvn: filled(16, 0xff), pceSvn: 0xffff },
  }),
]
