/** Object identifiers that the certificate reader and the path rules know. @module */

export const OID_RSA_ENCRYPTION = '1.2.840.113549.1.1.1'
export const OID_RSASSA_PSS = '1.2.840.113549.1.1.10'
export const OID_MGF1 = '1.2.840.113549.1.1.8'
export const OID_SHA384 = '2.16.840.1.101.3.4.2.2'
export const OID_ECDSA_SHA256 = '1.2.840.10045.4.3.2'
export const OID_ECDSA_SHA384 = '1.2.840.10045.4.3.3'
export const OID_EC_PUBLIC_KEY = '1.2.840.10045.2.1'
export const OID_P256 = '1.2.840.10045.3.1.7'
export const OID_P384 = '1.3.132.0.34'
export const OID_BASIC_CONSTRAINTS = '2.5.29.19'
export const OID_NAME_CONSTRAINTS = '2.5.29.30'
export const OID_KEY_USAGE = '2.5.29.15'
