/** The tools that one request was offered: runs the calls that its model asks for, and says of each what it was. @module */
import { digestUri } from '../../../core/crypto/index.ts'
import { encodeJcs } from '../../../core/encoding/jcs.ts'
import { encodeUtf8 } from '../../../core/encoding/utf8.ts'
import { shownName } from '../../../core/receipt/client-calls.ts'
import type { ToolResult } from '../../../tools/index.ts'
import type { CalledTool, ModelCall, OfferedTools } from '../types.ts'
import type { OfferedFunction } from './functions.ts'
import { readArguments } from './read-arguments.ts'

export interface OfferOptions {
  readonly maxCalls: number
  readonly monotonicMs: () => number
}

export class Offer implements OfferedTools {
  readonly maxCalls: number
  readonly #functions: ReadonlyMap<string, OfferedFunction>
  readonly #monotonicMs: () => number
  #calls = 0

  constructor(functions: readonly OfferedFunction[], { maxCalls, monotonicMs }: OfferOptions) {
    this.maxCalls = maxCalls
    this.#functions = new Map(functions.map((offered) => [offered.name, offered]))
    this.#monotonicMs = monotonicMs
  }

  owns(name: string): boolean {
    return this.#functions.has(name)
  }

  async call(call: ModelCall, signal: AbortSignal): Promise<CalledTool> {
    signal.throwIfAborted()
    const offered = this.#functions.get(call.name)
    const begun = this.#monotonicMs()
    const result = await this.#run(call, offered, signal)
    return {
      record: {
        id: shownName(call.id),
        by: 'gateway',
        tool: shownName(call.name),
        identity: result.identity,
        schema: offered === undefined ? 'none' : digestUri(encodeJcs({ ...offered.definition })),
        arguments: digestUri(octetsOf(call.arguments)),
        result: digestUri(encodeUtf8(result.content)),
        outcome: result.outcome,
        duration_ms: Math.max(0, Math.round(this.#monotonicMs() - begun)),
      },
      content: result.content,
    }
  }

  async #run(call: ModelCall, offered: OfferedFunction | undefined, signal: AbortSignal): Promise<ToolResult> {
    // No server was reached, so there is none to name.
    const refused = (content: string, outcome: 'refused' | 'error'): ToolResult => ({
      content,
      outcome,
      identity: 'none',
    })
    if (offered === undefined) return refused('There is no such tool.', 'refused')
    this.#calls += 1
    if (this.#calls > this.maxCalls)
      return refused('The tool was not called: this request has had all its calls.', 'refused')
    const args = readArguments(call.arguments, offered.definition.parameters)
    if (!args.ok) return refused(`The tool was not called. ${args.fault}`, 'error')
    return offered.server.call(offered.tool, args.value, { signal })
  }
}

/** What a model writes may hold half a character; the digest is of what a JSON writer makes of it. */
function octetsOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'utf8'))
}
