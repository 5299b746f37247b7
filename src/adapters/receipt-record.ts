/** A receipt as plain JSON, for the metadata that SDKs carry beside an answer. It is written after verifying and proves nothing by itself. @module */
import type { AttestedReceipt } from '../client/index.ts'

/** One check of the verdict. Types, not interfaces: SDKs take JSON objects, to which an interface is not assignable. */
export type CheckRecord = {
  name: string
  status: string
  detail: string
}

export type ReceiptRecord = {
  /** `<JWS>~<disclosure>~…~`: what others can verify. */
  token: string
  jti: string
  grade: string
  /** True when a simulated TEE vouches: a trial, never a proof. */
  simulated: boolean
  checks: CheckRecord[]
}

export function recordOf({ token, claims, grade, simulated, checks }: AttestedReceipt): ReceiptRecord {
  return {
    token,
    jti: claims.jti,
    grade,
    simulated,
    checks: checks.map(({ name, status, detail }) => ({ name, status, detail })),
  }
}
