/** The security module's requests, one at a time and each within its time. @module */
import { type Timers, Turns, within } from '../turn.ts'
import type { NsmDevice } from './device.ts'
import {
  decodeExtendedPcr,
  decodeLockedPcr,
  decodeNsmDescription,
  decodeNsmDocument,
  decodePcrDescription,
  decodeRandom,
  encodeNsmRequest,
  type NsmDescription,
  type NsmRequest,
  type PcrDescription,
} from './messages.ts'

/** The driver itself gives up earlier. */
const WATCHDOG_MS = 20_000

/** All methods throw CountersignError ERR_QUOTE. */
export class SecurityModule {
  readonly #device: NsmDevice
  readonly #timers: Timers
  readonly #turns: Turns = new Turns()

  constructor(device: NsmDevice, timers: Timers) {
    this.#device = device
    this.#timers = timers
  }

  /** Requests that wait behind the one under way. */
  get waiting(): number {
    return this.#turns.waiting
  }

  async describe(): Promise<NsmDescription> {
    return decodeNsmDescription(await this.#ask({ name: 'DescribeNSM' }))
  }

  async describePcr(index: number): Promise<PcrDescription> {
    return decodePcrDescription(await this.#ask({ name: 'DescribePCR', index }))
  }

  /** @returns what the register holds now: SHA-384 of what it held and `octets` */
  async extendPcr(index: number, octets: Uint8Array): Promise<Uint8Array> {
    return decodeExtendedPcr(await this.#ask({ name: 'ExtendPCR', index, octets }))
  }

  /** From here on it cannot be extended, and is in every document. */
  async lockPcr(index: number): Promise<void> {
    decodeLockedPcr(await this.#ask({ name: 'LockPCR', index }))
  }

  async attest(userData: Uint8Array): Promise<Uint8Array> {
    return decodeNsmDocument(await this.#ask({ name: 'Attestation', userData }))
  }

  async random(): Promise<Uint8Array> {
    return decodeRandom(await this.#ask({ name: 'GetRandom' }))
  }

  close(): void {
    this.#device.abandon()
  }

  #ask(request: NsmRequest): Promise<Uint8Array> {
    const octets = encodeNsmRequest(request)
    return this.#turns.take(() =>
      within(() => this.#device.exchange(octets), {
        timers: this.#timers,
        ms: WATCHDOG_MS,
        what: 'the Nitro security module',
        onLate: () => this.#device.abandon(),
      }),
    )
  }
}
