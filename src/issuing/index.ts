/** Making certificates: TLS that ends inside the attested machine. @module */
export {
  type CertificateTerms,
  createCertificateRequest,
  createSelfSignedCertificate,
  type IssuingKey,
  withoutPort,
} from './issue.ts'
