/** Types of a program that runs in the enclave as it stands, without a build. */
declare module '*/bridges.mjs' {
  export const INWARD_PORT: number
  export const OPERATIONAL_PORT: number
  export const MAX_OPERATIONAL_SIZE: number
  export interface Outward {
    readonly host: string
    readonly port: number
    readonly vsockPort: number
    readonly address: string
  }
  export function decodeOutward(text: string): readonly Outward[]
  export function hostsFile(outward: readonly Outward[]): string
  export function bridges(outward: readonly Outward[]): readonly (readonly string[])[]
}
