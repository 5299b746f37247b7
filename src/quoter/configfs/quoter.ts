/**
 * Quotes of SEV-SNP and TDX through configfs-tsm, one at a time.
 *
 * A read can block for a minute, so it runs elsewhere; what does not come back in time is let go of, with its instance. Whatever is handed
 * out has been parsed and cut to its own length: kernels have copied their own memory behind quotes. guest-interfaces.md section 1. @module
 */
import type { SnpQuote, TdxQuote } from '../../core/evidence/quoter.ts'
import { CountersignError } from '../../errors.ts'
import { DeviceFault, type DeviceFiles } from '../files/device-files.ts'
import { pause, type Timers, Turns, within } from '../turn.ts'
import { quoteRefused, type TsmTee, VMPCK_LOST } from './failures.ts'
import { type Instance, makeInstance, type ProcessFacts, removeInstance, removeLeftovers } from './instance.ts'
import { readSnpReport, readTdxQuote } from './outblob.ts'
import { requestReport, type TsmReport, type TsmRequest } from './tsm-report.ts'

export interface TsmDeps {
  readonly files: DeviceFiles
  readonly timers: Timers
  readonly process: ProcessFacts
  readonly privlevel: TsmRequest['privlevel']
}

const REPORT_DATA_SIZE = 64
/** The kernel gives up after 60 s on SEV-SNP and 30 s on TDX. */
const WATCHDOG_MS = 75_000
const ATTEMPTS = 4
const FIRST_PAUSE_MS = 100
/** In a row, on SEV-SNP: the driver no longer has its key. */
const FATAL_FAULTS = 3
const PROVIDERS = { snp: 'sev_guest', tdx: 'tdx_guest' } as const

type TsmQuote<T extends TsmTee> = Extract<SnpQuote | TdxQuote, { readonly tee: T }>

/** What both platforms have in common. */
export class TsmDevice {
  readonly #tee: TsmTee
  readonly #deps: TsmDeps
  readonly #turns: Turns = new Turns()
  #instance: Instance | undefined
  #swept = false
  #faults = 0
  #end: string | undefined

  constructor(tee: TsmTee, deps: TsmDeps) {
    this.#tee = tee
    this.#deps = deps
  }

  /**
   * Runs between two quotes, never during one, and within the time of one.
   * @throws CountersignError ERR_QUOTE
   */
  inTurn<T>(task: () => Promise<T>): Promise<T> {
    return this.#turns.take(() => this.#watched(task))
  }

  /**
   * @param read takes the evidence out of what the kernel gave
   * @throws CountersignError ERR_QUOTE
   */
  report<T>(reportData: Uint8Array, read: (report: TsmReport, asked: Uint8Array) => T | 'of-another'): Promise<T> {
    if (reportData.length !== REPORT_DATA_SIZE)
      throw new CountersignError('ERR_USAGE', `report data has ${reportData.length} bytes, not ${REPORT_DATA_SIZE}`)
    // Whoever asks has given up on the calls before: they would only make the device's queue longer.
    if (this.#turns.waiting > 0)
      throw new CountersignError('ERR_QUOTE', 'the device is still at work on an earlier quote, and one waits already')
    const inblob = reportData.slice()
    return this.#turns.take(() => this.#report(inblob, read))
  }

  /** Lets go of what is under way, and removes the instance as far as the kernel lets it. */
  async close(): Promise<void> {
    this.#end = 'the quoter is closed'
    const { files, timers } = this.#deps
    const instance = this.#instance
    this.#instance = undefined
    files.abandon()
    if (instance !== undefined)
      await within(() => removeInstance(files, instance), {
        timers,
        ms: 2_000,
        what: 'removing the instance',
        onLate: () => files.abandon(),
      }).catch(() => {})
    files.close()
  }

  async #report<T>(inblob: Uint8Array, read: (report: TsmReport, asked: Uint8Array) => T | 'of-another'): Promise<T> {
    const { timers } = this.#deps
    for (let attempt = 1; ; attempt++) {
      const result = await this.#attempt(inblob)
      if (!(result instanceof DeviceFault)) {
        const evidence = result === 'interfered' ? 'of-another' : read(result, inblob)
        if (evidence !== 'of-another') return evidence
        await this.#drop()
        if (attempt >= ATTEMPTS)
          throw new CountersignError(
            'ERR_QUOTE',
            `the report instance was written to by somebody else, ${ATTEMPTS} times in a row: see what else asks for reports on this machine`,
          )
        continue
      }
      const again = result.errno === 'EBUSY' || result.errno === 'ENOENT'
      if (!again || attempt >= ATTEMPTS) throw quoteRefused(result, this.#tee)
      await pause(timers, FIRST_PAUSE_MS * 2 ** (attempt - 1))
    }
  }

  /** One request, within its time. What the kernel refused is returned: some of it passes. */
  async #attempt(inblob: Uint8Array): Promise<TsmReport | 'interfered' | DeviceFault> {
    const { files, privlevel } = this.#deps
    try {
      const report = await this.#watched(async () =>
        requestReport(files, await this.#ownInstance(), { inblob, privlevel }),
      )
      this.#faults = 0
      if (report !== 'interfered') this.#requireProvider(report)
      return report
    } catch (error) {
      if (error instanceof DeviceFault) {
        await this.#note(error)
        return error
      }
      throw this.#end === undefined ? error : new CountersignError('ERR_QUOTE', this.#end, { cause: error })
    }
  }

  #watched<T>(task: () => Promise<T>): Promise<T> {
    if (this.#end !== undefined) throw new CountersignError('ERR_QUOTE', this.#end)
    const onLate = (): void => this.#letGo()
    return within(task, { timers: this.#deps.timers, ms: WATCHDOG_MS, what: 'the device', onLate })
  }

  async #note({ errno }: DeviceFault): Promise<void> {
    this.#faults = errno === 'EIO' ? this.#faults + 1 : 0
    if (this.#tee === 'snp' && (errno === 'ENOTTY' || this.#faults >= FATAL_FAULTS)) this.#end = VMPCK_LOST
    // The driver may come back, and then with an instance that is not this one; another process may have removed it.
    if (errno === 'ENXIO' || errno === 'ENOENT') await this.#drop()
  }

  async #ownInstance(): Promise<string> {
    const { files, process } = this.#deps
    if (!this.#swept) {
      this.#swept = true
      await removeLeftovers(files, process)
    }
    this.#instance ??= await makeInstance(files, process)
    return this.#instance.path
  }

  async #drop(): Promise<void> {
    const instance = this.#instance
    this.#instance = undefined
    if (instance !== undefined) await removeInstance(this.#deps.files, instance)
  }

  /** The folder cannot be removed while a read of it hangs: the next process does it. */
  #letGo(): void {
    this.#instance = undefined
    this.#deps.files.abandon()
  }

  #requireProvider({ provider }: TsmReport): void {
    if (provider === PROVIDERS[this.#tee]) return
    throw new CountersignError(
      'ERR_QUOTE',
      `the reports are now of provider ${JSON.stringify(provider.slice(0, 40))}, not ${PROVIDERS[this.#tee]}: restart the gateway`,
    )
  }
}

/** An SEV-SNP report with the host's certificate table. */
export function requestSnp(device: TsmDevice, reportData: Uint8Array): Promise<TsmQuote<'snp'>> {
  return device.report(reportData, ({ outblob, auxblob }, asked) => {
    const report = readSnpReport(outblob, asked)
    return report === 'of-another' ? report : { tee: 'snp', report, auxblob }
  })
}

/** A TDX quote without anything behind it. @param eventLog read in the same turn, so that no event comes in between */
export function requestTdx(
  device: TsmDevice,
  reportData: Uint8Array,
  eventLog: () => Uint8Array | undefined,
): Promise<TsmQuote<'tdx'>> {
  return device.report(reportData, ({ outblob }, asked) => {
    const quote = readTdxQuote(outblob, asked)
    if (quote === 'of-another') return quote
    const log = eventLog()
    return { tee: 'tdx', quote, ...(log && { eventLog: log }) }
  })
}
