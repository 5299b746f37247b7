/**
 * Says whether a way to launch leaves something unmeasured (M3).
 *   node enclave/check-profile.mjs PROFILE.json
 * Exit code 1 where it does: what the host chooses there, no receipt shows.
 */
import { readFileSync } from 'node:fs'
import { checkLaunchProfile } from '../dist/core/measurement/image/index.js'
import './plain-errors.mjs'

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('usage: node enclave/check-profile.mjs PROFILE.json')
const profile = JSON.parse(readFileSync(file, 'utf8'))
// What a misspelt word stands for was looked at by nobody.
if (!['snp', 'tdx', 'nitro'].includes(profile?.platform)) throw new Error(`${file}: platform must be snp, tdx or nitro`)
const inputs = ['firmware', 'acpi', 'kernel', 'cmdline', 'initrd', 'root', 'weights']
for (const [input, state] of Object.entries(profile.inputs ?? {}))
  if (!inputs.includes(input) || !['measured', 'unmeasured', 'absent'].includes(state))
    throw new Error(`${file}: nothing is known of ${input}: ${state}`)
const findings = checkLaunchProfile({ platform: profile.platform, inputs: profile.inputs ?? {} })
for (const { code, where, detail } of findings) console.error(`${code} ${where}: ${detail}`)
if (findings.length > 0) process.exitCode = 1
else console.log(`${profile.platform}: all that the launch is given is measured`)
