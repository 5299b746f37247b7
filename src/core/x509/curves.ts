/** NIST P-256 and P-384 (SP 800-186, 3.2.1): what it takes to judge points and signatures by range. @module */

/** y^2 = x^3 - 3x + b over p, of prime order n; `size` is that of a coordinate in octets. */
export interface Curve {
  readonly p: bigint
  readonly b: bigint
  readonly n: bigint
  readonly size: number
}

export const P256: Curve = {
  p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
  b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  n: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  size: 32,
}

export const P384: Curve = {
  p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
  b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  n: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  size: 48,
}
