/** The small server over standard input and output. With `--changed` it lists one tool more; `--count FILE` notes each start. @module */
import { appendFileSync, existsSync } from 'node:fs'
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import { createSmallServer } from './small.mjs'

const [flag, file] = process.argv.slice(2)
if (flag === '--count') appendFileSync(file, `${process.pid}\n`)
const changed = flag === '--changed' || (flag === '--changed-if' && existsSync(file))
await createSmallServer({ changed }).connect(new StdioServerTransport())
