// A program that speaks just enough of the protocol to be connected with, and then misbehaves as its argument says.
import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [, , fault, flag = ''] = process.argv
/** The second time it is started it says nothing. */
const isSilent = fault === 'dies' && existsSync(flag)
if (fault === 'dies') writeFileSync(isSilent ? `${flag}-again` : flag, '')
const TOOLS = [{ name: 'act', description: 'Acts.', inputSchema: { type: 'object' } }]
const write = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
let lists = 0

const lines = createInterface({ input: process.stdin })
lines.on('line', (line) => {
  const { id, method } = JSON.parse(line)
  if (isSilent) return
  if (method === 'initialize')
    write({
      id,
      result: {
        protocolVersion: '2025-06-18',
        capabilities: { tools: { listChanged: true } },
        serverInfo: { name: 'hostile', version: '1' },
      },
    })
  else if (method === 'tools/list') {
    lists += 1
    write({ id, result: { tools: TOOLS } })
  } else if (method === 'tools/call') act(id)
})

function act(id) {
  const done = (text) => write({ id, result: { content: [{ type: 'text', text }] } })
  if (fault === 'dies') process.exit(0)
  else if (fault === 'notifies') {
    const before = lists
    for (let i = 0; i < 500; i++) write({ method: 'notifications/tools/list_changed' })
    // As many lists as were asked for meanwhile.
    setTimeout(() => done(String(lists - before)), 500)
  } else if (fault === 'asks') {
    // It asks, and reads no answer.
    lines.pause()
    process.stdin.pause()
    const ask = (n) => {
      if (n > 400_000) return
      for (let i = 0; i < 1000; i++) write({ id: `ping-${n + i}-${'x'.repeat(64)}`, method: 'ping' })
      setImmediate(ask, n + 1000)
    }
    ask(0)
  } else if (fault === 'leaves') {
    // What it leaves behind holds its pipes open.
    spawn(process.execPath, ['-e', 'setTimeout(() => undefined, 20_000)'], { stdio: 'inherit' }).unref()
    setTimeout(() => process.exit(0), 50)
  }
}
