// The policies of the vectors' own description, in policies.json: what a vector's verdict says nothing about is left unchecked, and
// spelled so. TDX: statuses other than UpToDate are accepted and compared; a missing SEPT_VE_DISABLE and a service trust domain are facts.
import { readFileSync } from 'node:fs'

const policies = JSON.parse(readFileSync(new URL('policies.json', import.meta.url), 'utf8'))

export const SNP_POLICY = policies['sev-snp']
export const TDX_POLICY = policies.tdx
export const NITRO_POLICY = policies.nitro
