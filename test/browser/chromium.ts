/** The system's Chromium, without a window, driven by playwright-core. */
import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const PATH = '/usr/bin/chromium'
/** Asks nothing of the network but what the page asks. */
const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** Whether there is one; says once in each test file what is left out where there is none. */
export function findChromium(without: string): boolean {
  const isHere = existsSync(PATH)
  if (!isHere) process.stdout.write(`no browser at hand (${PATH}): ${without}\n`)
  return isHere
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({ executablePath: PATH, args: [...FLAGS], chromiumSandbox: false })
}
