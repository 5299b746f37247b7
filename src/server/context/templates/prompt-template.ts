/** One measured prompt: Liquid text, rendered with variables of the client. The one file that imports `liquidjs`. @module */
import { Liquid, type Template } from 'liquidjs'
import { digestUri } from '../../../core/crypto/index.ts'
import { decodeUtf8 } from '../../../core/encoding/utf8.ts'
import { CountersignError, MalformedError } from '../../../errors.ts'
import type { PromptConfig } from '../../config/types.ts'

/** A value that a client gives for a variable. */
export type PromptVariable = string | number | boolean

export interface PromptTemplate {
  readonly id: string
  readonly version: string
  readonly role: PromptConfig['role']
  /** Exactly those of the file: what receipts name. */
  readonly octets: Uint8Array
  /** Names that the text asks for. */
  readonly variables: ReadonlySet<string>
  /** @param variables one for each name, and no other. @throws RenderError */
  render(variables: Readonly<Record<string, PromptVariable>>): string
}

/** What was rendered went beyond its bounds, or a filter did not take what it was given. */
export class RenderError extends Error {}

/** Characters of the file, milliseconds, and things that are made while one is rendered: a variable is the client's choice. */
const LIMITS = { parseLimit: 1 << 20, renderLimit: 100, memoryLimit: 1 << 22 } as const

/**
 * No other file can be included, nothing is inherited from objects, and an unknown name or filter is an error.
 * @param octets of the file
 * @throws CountersignError ERR_CONFIG for a file that is not the one measured, or no template
 */
export function createPromptTemplate(
  { id, version, role, file, digest: wanted }: PromptConfig,
  octets: Uint8Array,
): PromptTemplate {
  const digest = digestUri(octets)
  if (digest !== wanted)
    throw new CountersignError(
      'ERR_CONFIG',
      `measured.prompts: ${file} has the digest ${digest}, and the configuration says ${wanted}: get the right file, or write that digest and a new version`,
    )
  const liquid = new Liquid({
    templates: {},
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    ...LIMITS,
  })
  const { template, variables } = parse(liquid, octets, file)
  return {
    id,
    version,
    role,
    octets,
    variables,
    render: (given) => {
      try {
        return String(liquid.renderSync(template, given))
      } catch {
        throw new RenderError(`prompt ${id} ${version} could not be rendered`)
      }
    },
  }
}

function parse(
  liquid: Liquid,
  octets: Uint8Array,
  file: string,
): { readonly template: Template[]; readonly variables: ReadonlySet<string> } {
  try {
    const template = liquid.parse(decodeUtf8(octets))
    // Looks for what is included too, and finds nothing.
    return { template, variables: new Set(liquid.globalVariablesSync(template)) }
  } catch (cause) {
    const what = cause instanceof MalformedError ? 'is not UTF-8' : 'is no Liquid template of one file'
    throw new CountersignError('ERR_CONFIG', `measured.prompts: ${file} ${what}`, { cause })
  }
}
