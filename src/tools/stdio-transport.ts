/** MCP over the standard input and output of a child that has the declared environment and no other. @module */
import { type ChildProcess, spawn } from 'node:child_process'
import { type JSONRPCMessage, ReadBuffer, serializeMessage, type Transport } from '@modelcontextprotocol/client'

export interface StdioProgram {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Octets of one message: a child that writes more is ended. */
const MAX_MESSAGE = 4 << 20
/** Octets that wait to be read by the child: one that asks and asks, and reads no answer, is ended. */
const MAX_UNREAD = 4 << 20
const KILL_AFTER_MS = 1_000

/** The library's own transport hands on variables of the gateway, and its child would write to the gateway's output. */
export class StdioTransport implements Transport {
  onclose?: (() => void) | undefined
  onerror?: ((error: Error) => void) | undefined
  onmessage?: ((message: JSONRPCMessage) => void) | undefined
  readonly #program: StdioProgram
  readonly #buffer = new ReadBuffer({ maxBufferSize: MAX_MESSAGE })
  #child: ChildProcess | undefined
  #exited: Promise<void> = Promise.resolve()

  constructor(program: StdioProgram) {
    this.#program = program
  }

  start(): Promise<void> {
    const { command, args, env } = this.#program
    const child = spawn(command, [...args], { env: { ...env }, stdio: ['pipe', 'pipe', 'ignore'], shell: false })
    this.#child = child
    this.#exited = new Promise((resolve) => {
      child.once('exit', () => resolve())
      child.once('error', () => resolve())
    })
    // A helper process may hold the pipes open: what counts is that the program itself is gone.
    child.once('exit', () => {
      this.onclose?.()
      child.stdin?.destroy()
      child.stdout?.destroy()
    })
    child.stdin?.on('error', () => undefined)
    child.stdout?.on('data', (chunk: Buffer) => this.#read(chunk))
    child.stdout?.on('error', () => undefined)
    return new Promise((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
  }

  async send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.#child?.stdin
    if (!stdin?.writable) throw new Error('the program has ended')
    if (stdin.writableLength > MAX_UNREAD) {
      this.#child?.kill('SIGKILL')
      throw new Error('the program reads nothing')
    }
    stdin.write(serializeMessage(message))
  }

  async close(): Promise<void> {
    const child = this.#child
    if (child === undefined) return
    child.stdin?.end()
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS)
    await this.#exited
    clearTimeout(timer)
    child.stdout?.destroy()
    this.#buffer.clear()
  }

  /** Every octet is the child's choice. A line that is no message is passed over; one without end is refused. */
  #read(chunk: Buffer): void {
    try {
      this.#buffer.append(chunk)
    } catch {
      this.#child?.kill('SIGKILL')
      return
    }
    for (;;) {
      try {
        const message = this.#buffer.readMessage()
        if (message === null) return
        this.onmessage?.(message)
      } catch {
        // The line is gone from the buffer: the next one may be a message.
      }
    }
  }
}
