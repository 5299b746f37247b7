/**
 * Takes the place of dist/quoter/quoters.js in the second image of boot-enclave.sh, and nowhere else: the documents of QEMU's security module
 * are signed by nobody, and a gateway uses no evidence that it would not believe itself. Here each document's content is signed once more
 * under a throw-away root, and the quoter says that it is simulated. The module's own document goes to the console, for whoever compares.
 */
import { readFileSync } from 'node:fs'
import { decodeNitroDocument } from '../core/nitro/index.js'
import { createSimulatedNitro, importNitroPki } from '../simulator/index.js'
import { createNitroQuoter as createGenuine } from './quoters.genuine.js'

export * from './quoters.genuine.js'

const pki = importNitroPki(readFileSync('/etc/countersign/trial-pki.json', 'utf8'))

export function createNitroQuoter(module) {
  const genuine = createGenuine(module)
  let signer
  return {
    ...genuine,
    simulated: true,
    async quote(reportData) {
      const { tee, document: unsigned } = await genuine.quote(reportData)
      const { moduleId, timestamp, pcrs, userData } = decodeNitroDocument(unsigned)
      console.log(`trial: document ${Buffer.from(unsigned).toString('base64')}`)
      signer ??= createSimulatedNitro({ pki, fields: { moduleId } })
      return { tee, document: signer.document(userData, { timestamp, pcrs }) }
    },
  }
}
