// The peer for TDX: the package @phala/dcap-qvl, in the form in which it takes quotes and collateral, and what it said.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { QuoteVerifier } = require('@phala/dcap-qvl')
const { Quote } = require('@phala/dcap-qvl/src/quote')
const utils = require('@phala/dcap-qvl/src/utils')

export const TDX_PEER = { name: '@phala/dcap-qvl', version: require('@phala/dcap-qvl/package.json').version }

const hex = (octets) => Buffer.from(octets).toString('hex')
const pem = (chain) =>
  chain
    .map(
      (der) =>
        `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    )
    .join('')

/** Collateral as the peer takes it. */
export function toPeerCollateral({ tcbInfo, qeIdentity, pckCrl, rootCaCrl }) {
  return {
    tcb_info: Buffer.from(tcbInfo.body).toString('utf8'),
    tcb_info_signature: hex(tcbInfo.signature),
    tcb_info_issuer_chain: pem(tcbInfo.issuerChain),
    qe_identity: Buffer.from(qeIdentity.body).toString('utf8'),
    qe_identity_signature: hex(qeIdentity.signature),
    qe_identity_issuer_chain: pem(qeIdentity.issuerChain),
    pck_crl: hex(pckCrl),
    root_ca_crl: hex(rootCaCrl),
  }
}

/** @param root DER, or undefined for the one that the package holds */
export function askTdxPeer({ quote, collateral, at }, root) {
  const verifier = root === undefined ? QuoteVerifier.newProd() : QuoteVerifier.newWithRootCa(Buffer.from(root))
  try {
    const { status, advisory_ids: advisories } = verifier.verify(
      Buffer.from(quote),
      toPeerCollateral(collateral),
      Math.floor(at.getTime() / 1000),
    )
    return { ok: true, status, advisories }
  } catch (error) {
    return { ok: false, error: [error.message, error.cause?.message].filter(Boolean).join(': ') }
  }
}

/** What the peer reads in a quote: the levels that documents are held against. */
export function readPlatform(bytes) {
  const { report, authData } = Quote.parse(Buffer.from(bytes))
  const { qeReport, qeAuthData, certificationData } = authData.intoV3()
  const [leaf] = utils.extractCerts(certificationData.body)
  const extension = utils.getIntelExtension(leaf)
  const body = report.asTd10()
  return {
    components: [...utils.getCpuSvn(extension)],
    pceSvn: pceSvnOf(extension),
    teeTcbSvn: [...body.teeTcbSvn],
    teeTcbSvn2: report.asTd15() ? [...report.asTd15().teeTcbSvn2] : undefined,
    attributes: Buffer.from(body.tdAttributes).readBigUInt64LE(),
    serviceTd: report.asTd15() ? hex(report.asTd15().mrServiceTd) : '',
    qeSvn: Buffer.from(qeReport).readUInt16LE(258),
    qeAuthSize: qeAuthData.length,
  }
}

/** Whether a list of its own issuer names any certificate but the root: the leaf in the list of its CA, the others in that of the root. */
export function isRevokedByIssuer(quote, { tcbInfo, qeIdentity, pckCrl, rootCaCrl }) {
  const [leaf, ca] = utils.extractCerts(Quote.parse(Buffer.from(quote)).authData.intoV3().certificationData.body)
  const signers = [tcbInfo, qeIdentity].map(({ issuerChain: [signer] }) => Buffer.from(signer))
  const listed = serialsOf(rootCaCrl)
  return serialsOf(pckCrl).includes(serialOf(leaf)) || [ca, ...signers].some((der) => listed.includes(serialOf(der)))
}

const serialOf = (der) => utils.Certificate.decode(der, 'der').tbsCertificate.serialNumber.toString()
const serialsOf = (crl) =>
  (utils.CertificateList.decode(Buffer.from(crl), 'der').tbsCertList.revokedCertificates ?? []).map(
    ({ userCertificate }) => userCertificate.toString(),
  )

/** The peer's own reader refuses integers of three octets. */
function pceSvnOf(extension) {
  try {
    return utils.getPceSvn(extension)
  } catch {
    return 0x8000
  }
}
