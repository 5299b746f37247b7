// An MCP server on standard input and output with one tool: it looks failure codes up in a page of this project.
//
//   node codes-server.mjs FILE
import { readFileSync } from 'node:fs'
import { McpServer } from '@modelcontextprotocol/server'
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'

const [page = 'docs/failure-codes.md'] = process.argv.slice(2)
const rows = readFileSync(page, 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, code, meaning, remedy] = /^\| `([A-Z0-9_]+)` \| (.+) \| (.+) \|$/.exec(line) ?? []
    return code === undefined ? [] : [{ code, meaning, remedy }]
  })

const server = new McpServer({ name: 'failure-codes', version: '1.0.0' })
server.registerTool(
  'look_up',
  {
    description: 'What a failure code means and what to do about it. Takes any text that names one.',
    inputSchema: z.object({ query: z.string().max(512) }),
  },
  async ({ query }) => {
    const words = new Set(query.toUpperCase().split(/[^A-Z0-9_]+/))
    const found = rows.filter(({ code }) => words.has(code))
    const lines = found.map(({ code, meaning, remedy }) => `${code}: ${meaning} ${remedy}`)
    return { content: [{ type: 'text', text: lines.length > 0 ? lines.join('\n') : 'No such failure code.' }] }
  },
)
await server.connect(new StdioServerTransport())
