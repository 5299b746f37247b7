/** Tools of servers as the functions that a model is given. @module */
import type { JsonObject } from '../../../core/encoding/json.ts'
import type { ToolServer } from '../../../tools/index.ts'

/** One tool under the name by which the model calls it. */
export interface OfferedFunction {
  /** `<server>__<tool>` */
  readonly name: string
  /** Name of the tool as its server knows it. */
  readonly tool: string
  readonly server: ToolServer
  /** What the model is given: `{name, description, parameters}`. */
  readonly definition: FunctionDefinition
}

export interface FunctionDefinition {
  readonly name: string
  readonly description: string
  readonly parameters: JsonObject
}

/** What APIs take for the name of a function. */
const FUNCTION_NAME = /^[A-Za-z0-9_-]{1,64}$/

/** Those that can be offered: a tool whose name no API takes is left out. In the order of their names. */
export function functionsOf(server: ToolServer): readonly OfferedFunction[] {
  return server.definitions.flatMap(({ name: tool, description, inputSchema }) => {
    const name = `${server.id}__${tool}`
    if (!FUNCTION_NAME.test(name)) return []
    return [{ name, tool, server, definition: { name, description, parameters: inputSchema } }]
  })
}

/** As the API wants it among the `tools` of a request. */
export function elementOf({ name, description, parameters }: FunctionDefinition, isChat: boolean): JsonObject {
  return isChat
    ? { type: 'function', function: { name, description, parameters } }
    : { type: 'function', name, description, parameters }
}
