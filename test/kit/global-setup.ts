/** Makes the two RSA keys of a simulated PKI once for a whole run: they take seconds. */
import type { TestProject } from 'vitest/node'
import { createSimulatedPki, exportPki } from '../../src/simulator/index.ts'
import { simulatedClock } from './simulated-clock.ts'

declare module 'vitest' {
  interface ProvidedContext {
    simulatedPki: string
  }
}

export async function setup(project: TestProject): Promise<void> {
  project.provide('simulatedPki', exportPki(await createSimulatedPki({ clock: simulatedClock })))
}
