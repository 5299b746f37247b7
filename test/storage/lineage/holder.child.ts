/** A process that holds a lineage and says on each line of its input whether it still does. @module */
import { createInterface } from 'node:readline'
import { CountersignError } from '../../../src/errors.ts'
import { createFileStore, nodeProcess, openLineage } from '../../../src/storage/index.ts'

const [root = '', bootId] = process.argv.slice(2)
const facts = bootId === undefined ? nodeProcess() : { ...nodeProcess(), bootId }

const tell = (line: string): boolean => process.stdout.write(`${line}\n`)
const outcome = async (run: () => Promise<string>): Promise<boolean> => {
  try {
    return tell(await run())
  } catch (error) {
    return tell(error instanceof CountersignError ? error.message : 'unknown')
  }
}

await outcome(async () => {
  const lineage = await openLineage(createFileStore(root), { name: 'main', host: 'gw.example.com', process: facts })
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    if (line === 'fence')
      void outcome(async () => {
        await lineage.fence()
        return 'writer'
      })
    else if (line === 'release')
      void outcome(async () => {
        await lineage.release()
        lines.close()
        return 'released'
      })
  })
  return `token ${lineage.token}`
})
