/** The quoters of each platform, over their devices. @module */
import type { NitroQuote, Quoter } from '../core/evidence/quoter.ts'
import { CountersignError } from '../errors.ts'
import { requestSnp, requestTdx, type TsmDeps, TsmDevice } from './configfs/quoter.ts'
import type { SecurityModule } from './nsm/module.ts'
import { measureIntoPcr16 } from './runtime/pcr16.ts'
import { Rtmr3 } from './runtime/rtmr3.ts'

/** What hardware has beyond what every quoter has. */
export interface HardwareQuoter extends Quoter {
  readonly simulated: false
  close(): Promise<void>
}

/** SEV-SNP through configfs-tsm. */
export function createSnpQuoter(deps: TsmDeps): HardwareQuoter {
  const device = new TsmDevice('snp', deps)
  return {
    tee: 'snp',
    simulated: false,
    quote: async (reportData) => requestSnp(device, reportData),
    close: () => device.close(),
  }
}

/** TDX through configfs-tsm, with RTMR3 where the kernel offers it. */
export function createTdxQuoter(deps: TsmDeps): HardwareQuoter {
  const device = new TsmDevice('tdx', deps)
  const rtmr3 = new Rtmr3(deps.files)
  return {
    tee: 'tdx',
    simulated: false,
    quote: async (reportData) => requestTdx(device, reportData, () => rtmr3.record),
    measureSession: (session) => device.inTurn(() => rtmr3.measure(session)),
    close: () => device.close(),
  }
}

const REPORT_DATA_SIZE = 64

/** A Nitro enclave through its security module. */
export function createNitroQuoter(module: SecurityModule): HardwareQuoter {
  return {
    tee: 'nitro',
    simulated: false,
    async quote(reportData): Promise<NitroQuote> {
      if (reportData.length !== REPORT_DATA_SIZE)
        throw new CountersignError('ERR_USAGE', `report data has ${reportData.length} bytes, not ${REPORT_DATA_SIZE}`)
      if (module.waiting > 0)
        throw new CountersignError('ERR_QUOTE', 'the security module is still at work on an earlier request')
      return { tee: 'nitro', document: await module.attest(reportData.slice()) }
    },
    measureSession: (session) => measureIntoPcr16(module, session),
    async close() {
      module.close()
    },
  }
}
