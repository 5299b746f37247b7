/**
 * Imported by the scripts beside it for its effect: what was given wrongly ends them with one line and exit code 2, without a stack.
 */
import { basename } from 'node:path'

process.on('uncaughtException', (error) => {
  console.error(`${basename(process.argv[1] ?? '', '.mjs')}: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(2)
})
