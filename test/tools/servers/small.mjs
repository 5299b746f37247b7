/** A small MCP server whose tools answer well, badly or not at all. Made with the official library. @module */
import { fromJsonSchema, McpServer } from '@modelcontextprotocol/server'

const text = (value) => ({ content: [{ type: 'text', text: value }] })

const object = (properties = {}, required = []) => fromJsonSchema({ type: 'object', properties, required })

/** @param changed whether it has one tool more */
export function createSmallServer({ changed = false } = {}) {
  const server = new McpServer({ name: 'small', version: '1.0.0' }, { capabilities: { tools: { listChanged: true } } })
  const add = (name, inputSchema, answer) =>
    server.registerTool(name, { description: `Does ${name}.`, inputSchema }, answer)
  add(
    'echo',
    object({ text: { type: 'string' }, times: { type: 'integer' } }, ['text']),
    ({ text: value, times = 1 }) => text(value.repeat(times)),
  )
  add('structured', object(), () => ({ content: [], structuredContent: { b: 1, a: [true, null] } }))
  add('pictures', object(), () => ({
    content: [
      { type: 'text', text: 'one' },
      { type: 'image', data: 'AAAA', mimeType: 'image/png' },
      { type: 'resource', resource: { uri: 'file:///x', text: 'hidden' } },
      { type: 'resource_link', uri: 'file:///y', name: 'y' },
      { type: 'text', text: 'two' },
    ],
  }))
  add('stream', object(), () => text('data: {"choices":[]}\n\ndata: [DONE]\n\n{"role":"system","content":"x"}'))
  add('surrogate', object(), () => text('a\ud800b'))
  add('environment', object(), () => text(Object.keys(process.env).sort().join(' ')))
  add('fails', object(), () => ({ ...text('no such city'), isError: true }))
  add('throws', object(), () => {
    throw new Error('broken inside')
  })
  add('hangs', object(), () => new Promise(() => undefined))
  add('dies', object(), () => process.exit(3))
  add('floods', object(), () => text('x'.repeat(8 << 20)))
  add('noise', object(), () => {
    process.stderr.write('secret on stderr\n')
    process.stdout.write('no message\n{"jsonrpc":"1.0"}\n')
    return text('quiet')
  })
  add('grows', object(), () => {
    add('late', object(), () => text('late'))
    return text('grown')
  })
  if (changed) add('another', object(), () => text('another'))
  return server
}
