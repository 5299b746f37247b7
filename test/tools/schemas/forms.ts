/** Forms that the JSON Schemas of policy, lock and revocations have in common. */

export type Schema = Readonly<Record<string, unknown>>

/** Every property is required, but those that are named; nothing else may stand there. */
export function object(
  description: string,
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', description, properties, required, additionalProperties: false }
}

export function text(description: string, pattern: RegExp): Schema {
  return { type: 'string', description, pattern: pattern.source }
}

export function choice(description: string, values: readonly unknown[]): Schema {
  return { description, enum: values }
}

export function integer(description: string, { min = 0, max = Number.MAX_SAFE_INTEGER } = {}): Schema {
  return { type: 'integer', description, minimum: min, maximum: max }
}

/** Not empty, nothing twice. */
export function list(description: string, items: Schema): Schema {
  return { type: 'array', description, minItems: 1, uniqueItems: true, items }
}

export function unchecked(schema: Schema): Schema {
  const { description, ...form } = schema
  return { description, anyOf: [{ const: 'unchecked' }, form] }
}

export function hex(description: string, octets: number): Schema {
  return text(description, new RegExp(`^[0-9a-f]{${2 * octets}}$`))
}

export function hexPins(description: string, octets: number): Schema {
  return unchecked(list(description, hex('Lower-case hex.', octets)))
}

export const DIGEST = /^sha256:[0-9a-f]{64}$/
export const DIGEST_OR_NONE = /^(?:none|sha256:[0-9a-f]{64})$/
export const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/
const IDENTITY = /^[!-)+-~]{1,512}$/

export const SIGNER = {
  issuer: text('Issuer of the identity, compared whole.', IDENTITY),
  identity: text("Subject's alternative name of the certificate, compared whole.", IDENTITY),
}

const REGISTER = (name: string): Schema => hex(`${name}, 48 octets.`, 48)
const registers = (names: readonly string[]): Readonly<Record<string, Schema>> =>
  Object.fromEntries(names.map((name) => [name, REGISTER(name)]))

/** `platform` and `measurements`, with what else stands beside them. */
export function measured(description: string, rest: Readonly<Record<string, Schema>>): Schema {
  const forms: readonly (readonly [string, Schema])[] = [
    ['snp', object('Launch digest.', registers(['measurement']))],
    ['tdx', object('Registers of the trust domain.', registers(['mrTd', 'rtMr0', 'rtMr1', 'rtMr2']))],
    [
      'nitro',
      {
        oneOf: [
          object('Of an enclave.', { document: { const: 'enclave' }, ...registers(['pcr0', 'pcr1', 'pcr2']) }),
          object('Of a NitroTPM.', { document: { const: 'nitrotpm' }, ...registers(['pcr4', 'pcr7', 'pcr12']) }),
        ],
      },
    ],
  ]
  return {
    description,
    oneOf: forms.map(([platform, measurements]) =>
      object(`Of ${platform}.`, { platform: { const: platform }, measurements, ...rest }),
    ),
  }
}

export function document(id: string, title: string, schema: Schema): Schema {
  return { $schema: 'https://json-schema.org/draft/2020-12/schema', $id: id, title, ...schema }
}
