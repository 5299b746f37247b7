/** The measured prompts: which one a request asks for, and what of it goes to the model server. @module */

import { isJsonObject, type JsonValue } from '../../../core/encoding/json.ts'
import { encodeUtf8 } from '../../../core/encoding/utf8.ts'
import type { MeasuredConfig, ModelConfig } from '../../config/types.ts'
import { describe, shortName } from '../../upstream/dependencies.ts'
import { ContextRefusal } from '../refusal.ts'
import type { AddedDependencies, ContextRequest, ContextSource } from '../types.ts'
import { createPromptTemplate, type PromptTemplate, type PromptVariable, RenderError } from './prompt-template.ts'

const ROLE = 'prompt-template'
const CHAT = '/v1/chat/completions'
const RESPONSES = '/v1/responses'
const KNOWN = ['id', 'version', 'variables']
/** UTF-16 units of one variable. */
const MAX_VARIABLE = 1 << 16

/** A prompt as one request asks for it. */
interface Chosen {
  readonly template: PromptTemplate
  readonly variables: Readonly<Record<string, PromptVariable>>
}

export interface PromptFiles {
  /** @throws CountersignError ERR_CONFIG for a file that cannot be read */
  read(file: string): Promise<Uint8Array>
}

/** Reads every prompt of the configuration. @throws CountersignError ERR_CONFIG */
export async function loadPrompts(
  { prompts = [], models }: Pick<MeasuredConfig, 'prompts' | 'models'>,
  files: PromptFiles,
): Promise<ContextSource> {
  const templates = await Promise.all(
    prompts.map(async (prompt) => createPromptTemplate(prompt, await files.read(prompt.file))),
  )
  return new Prompts(templates, models)
}

class Prompts implements ContextSource {
  readonly #templates: readonly PromptTemplate[]
  /** What an alias asks for, by the id of its model. */
  readonly #aliases: ReadonlyMap<string, PromptTemplate>

  constructor(templates: readonly PromptTemplate[], models: readonly ModelConfig[]) {
    this.#templates = templates
    this.#aliases = new Map(
      models.flatMap(({ id, prompt }) => {
        const template = prompt && this.#find(prompt.id, prompt.version)
        return template === undefined ? [] : [[id, template] as const]
      }),
    )
  }

  async prepare(request: ContextRequest): Promise<AddedDependencies> {
    const chosen = this.#choose(request)
    if (chosen === undefined) return {}
    const { template, variables } = chosen
    const text = render(template, variables)
    insert(request, template, text)
    const name = shortName(`${template.id}@${template.version}`)
    const gateway = { scheme: 'raw', source: 'gateway' } as const
    const descriptors = describe(ROLE, [
      { name, octets: template.octets, ...gateway },
      { name: `${name} rendered`, octets: encodeUtf8(text), ...gateway },
    ])
    return { [ROLE]: descriptors }
  }

  /** Without prompts of its own a gateway leaves the member to the model server. */
  #choose({ path, fields, modelId, edits }: ContextRequest): Chosen | undefined {
    const alias = this.#aliases.get(modelId)
    const asked = isJsonObject(fields['prompt']) ? fields['prompt'] : undefined
    if (this.#templates.length === 0 || (asked === undefined && alias === undefined)) return undefined
    if (path !== CHAT && path !== RESPONSES)
      throw new ContextRefusal('Prompts of this gateway are for chat and responses.', { param: 'prompt' })
    if (asked === undefined) return alias && { template: alias, variables: {} }
    if (alias !== undefined)
      throw new ContextRefusal('This model has its prompt already: ask for it without one.', { param: 'prompt' })
    const unknown = Object.keys(asked).find((name) => !KNOWN.includes(name))
    if (unknown !== undefined)
      throw new ContextRefusal('A prompt has an id, a version and variables, and nothing else.', { param: 'prompt' })
    const { id, version = null } = asked
    const template = typeof id === 'string' && isVersion(version) ? this.#find(id, version ?? undefined) : undefined
    if (template === undefined)
      throw new ContextRefusal('There is no such prompt in the configuration of this gateway.', {
        param: 'prompt',
        code: 'prompt_not_found',
      })
    edits.remove('prompt', ROLE)
    return { template, variables: readVariables(template, asked['variables']) }
  }

  /** @param version undefined for the last one of the configuration */
  #find(id: string, version: string | undefined): PromptTemplate | undefined {
    return this.#templates.findLast(
      (template) => template.id === id && (version ?? template.version) === template.version,
    )
  }
}

function isVersion(value: JsonValue): value is string | null {
  return value === null || typeof value === 'string'
}

function readVariables(template: PromptTemplate, given: JsonValue | undefined): Chosen['variables'] {
  const param = 'prompt.variables'
  const values = given === undefined || given === null ? {} : given
  if (!isJsonObject(values)) throw new ContextRefusal('`prompt.variables` must be an object.', { param })
  const variables: Record<string, PromptVariable> = Object.create(null)
  for (const [name, value] of Object.entries(values)) {
    if (!template.variables.has(name))
      throw new ContextRefusal('A variable is not one of this version of the prompt.', { param })
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean')
      throw new ContextRefusal('Each variable must be text, a number, true or false.', { param })
    if (typeof value === 'string' && value.length > MAX_VARIABLE)
      throw new ContextRefusal('A variable is too long.', { param })
    variables[name] = value
  }
  const missing = [...template.variables].find((name) => variables[name] === undefined)
  if (missing !== undefined) throw new ContextRefusal(`The prompt needs the variable \`${missing}\`.`, { param })
  return variables
}

function render(template: PromptTemplate, variables: Chosen['variables']): string {
  try {
    return template.render(variables)
  } catch (error) {
    if (!(error instanceof RenderError)) throw error
    throw new ContextRefusal('The prompt cannot be rendered with these variables.', { param: 'prompt.variables' })
  }
}

/** A message before all others, or instructions before the client's own. */
function insert({ path, fields, edits }: ContextRequest, { role }: PromptTemplate, text: string): void {
  if (path === CHAT) {
    edits.insertFirst('messages', octetsOf({ role, content: text }))
    return
  }
  const { instructions } = fields
  if (typeof instructions === 'string') edits.replace('instructions', octetsOf(`${text}\n\n${instructions}`))
  else if (edits.has('instructions')) edits.replace('instructions', octetsOf(text))
  else edits.add('instructions', octetsOf(text))
}

function octetsOf(value: JsonValue): { readonly octets: Uint8Array; readonly role: string } {
  return { octets: encodeUtf8(JSON.stringify(value)), role: ROLE }
}
