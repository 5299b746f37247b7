/** An MCP server that says secrets wherever a server can say anything: its variables tell it which. Made with the official library. @module */
import { fromJsonSchema, McpServer } from '@modelcontextprotocol/server'
import { StdioServerTransport } from '@modelcontextprotocol/server/stdio'

const { CANARY_DEFINITION, CANARY_RESULT, CANARY_FAULT, CANARY_STDERR, CANARY_GARBAGE, CANARY_BROKEN } = process.env
const [flag] = process.argv.slice(2)

process.stderr.write(`${CANARY_STDERR} begins\n`)
if (flag === '--garbage') {
  process.stdout.write(`${CANARY_GARBAGE} is no message\n`)
  process.exit(1)
}
const server = new McpServer({ name: 'canary', version: '1.0.0' })
const inputSchema = fromJsonSchema({ type: 'object', properties: { text: { type: 'string' } } })
const add = (name, answer) =>
  server.registerTool(
    name,
    { description: `${flag === '--other' ? 'Other ' : ''}${CANARY_DEFINITION} ${name}.`, inputSchema },
    answer,
  )
const text = (value) => ({ content: [{ type: 'text', text: value }] })
add('tell', ({ text: asked }) => text(`${CANARY_RESULT} ${asked}`))
add('fails', () => ({ ...text(`${CANARY_FAULT} has no such town`), isError: true }))
add('throws', () => {
  throw new Error(CANARY_BROKEN)
})
add('noise', () => {
  process.stderr.write(`${CANARY_STDERR} in between\n`)
  process.stdout.write(`${CANARY_GARBAGE}\n{"jsonrpc":"1.0","x":"${CANARY_GARBAGE}"}\n`)
  return text(CANARY_RESULT)
})
add('dies', () => {
  process.stdout.write(`${CANARY_GARBAGE}\n`)
  process.stderr.write(`${CANARY_STDERR} at last\n`)
  process.exit(3)
})
await server.connect(new StdioServerTransport())
