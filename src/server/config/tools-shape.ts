/** The shape of tool servers in the measured configuration. @module */
import { z } from 'zod'
import { digest, environmentName, milliseconds, octets, path } from './field-shapes.ts'
import type { ModelToolsConfig, ToolServerConfig } from './types.ts'

/** Without an underscore: `<server>__<tool>` says which is which. */
const serverId = (): z.ZodString =>
  z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be a short lower-case name without underscores')
const toolName = (): z.ZodString => z.string().min(1).max(128)
const url = (): z.ZodString => z.string().max(2048)

const limits = {
  timeoutMs: milliseconds(600_000, 15_000),
  resultBytes: octets(1 << 20, 32 << 10),
} as const

const httpFunction = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'must hold only letters, digits, _ and -: it is the name of a function'),
  description: z.string().max(4096),
  parameters: z.record(z.string(), z.json()),
  method: z.enum(['GET', 'POST']).default('POST'),
  path: z.string().regex(/^(?:\/[A-Za-z0-9._~-]+)+\/?$/, 'must be a plain path that begins with a slash'),
})

export const toolServer: z.ZodType<ToolServerConfig> = z.discriminatedUnion('kind', [
  z.strictObject({
    id: serverId(),
    kind: z.literal('mcp-stdio'),
    command: z
      .string()
      .regex(/^\/[^\0]{1,4095}$/, 'must be an absolute path: where a search would look is not measured'),
    args: z.array(z.string().max(4096)).max(64).default([]),
    env: z.array(environmentName()).max(64).default([]),
    files: z
      .array(z.strictObject({ path: path(), digest: digest() }))
      .min(1)
      .max(256),
    tools: digest(),
    ...limits,
  }),
  z.strictObject({
    id: serverId(),
    kind: z.literal('mcp-http'),
    url: url(),
    spki: digest().exactOptional(),
    apiKeyEnv: environmentName().exactOptional(),
    tools: digest(),
    ...limits,
  }),
  z.strictObject({
    id: serverId(),
    kind: z.literal('http'),
    baseUrl: url(),
    spki: digest().exactOptional(),
    apiKeyEnv: environmentName().exactOptional(),
    functions: z.array(httpFunction).min(1).max(64),
    ...limits,
  }),
])

/** Tools that an alias brings to every request. */
export const modelTools: z.ZodType<readonly ModelToolsConfig[]> = z
  .array(z.strictObject({ server: serverId(), allowed: z.array(toolName()).min(1).max(128).exactOptional() }))
  .min(1)
  .max(16)
