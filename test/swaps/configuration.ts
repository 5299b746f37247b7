/** The measured configuration that swaps are planted in: an embedded model and one behind HTTP, with a prompt, documents, tools and memory. @module */
import type { JsonObject, JsonValue } from '../../src/core/encoding/json.ts'
import { hashApiKey } from '../../src/server/config/index.ts'

export const API_KEY = 'cs_swaps'

/** What configurations differ in; everything else is the same for all. */
export interface Configured {
  readonly prompt: { readonly file: string; readonly digest: string }
  readonly documents: { readonly directory: string; readonly root: string }
  readonly engineOrigin: string
  readonly engineVersion: string
  readonly toolOrigin: string
  readonly townSchema: JsonObject
  readonly defaults: { readonly temperature: number; readonly seed: number }
}

function toolOf(name: string, town: JsonObject): JsonObject {
  const parameters = { type: 'object', properties: { town }, required: ['town'] }
  return { name, description: `Weather of a town, ${name}`, parameters, method: 'GET', path: `/${name}` }
}

function measured(configured: Configured): JsonValue {
  const { prompt, documents, engineOrigin, engineVersion, toolOrigin, townSchema, defaults } = configured
  return {
    host: 'gw.example.com',
    models: [
      {
        id: 'clerk',
        upstream: 'embedded',
        name: 'countersign-demo-2m',
        prompt: { id: 'house', version: '1' },
        defaults: { ...defaults },
      },
      { id: 'engine', upstream: 'engine', name: 'demo-7b', digest: `sha256:${'a'.repeat(64)}` },
    ],
    upstreams: {
      embedded: { kind: 'embedded' },
      engine: {
        kind: 'http',
        location: 'local',
        baseUrl: engineOrigin,
        engine: { name: 'vllm', version: engineVersion, determinism: 'best-effort' },
      },
    },
    prompts: [{ id: 'house', version: '1', ...prompt }],
    collections: [{ id: 'docs', ...documents, maxCharacters: 300, results: 1 }],
    memory: {},
    tools: [
      {
        id: 'weather',
        kind: 'http',
        baseUrl: toolOrigin,
        functions: ['today', 'tomorrow'].map((name) => toolOf(name, townSchema)),
      },
    ],
  }
}

/** Its text: JSON is YAML. @param directory of the gateway */
export function configurationText(configured: Configured, directory: string): string {
  const operational = {
    listen: { host: '127.0.0.1', port: 0 },
    dataDir: directory,
    apiKeys: [{ id: 'one', tenant: 'one', sha256: hashApiKey(API_KEY), models: 'all' }],
    quoting: { intervalMs: 50 },
    log: 'none',
  }
  return JSON.stringify({ measured: measured(configured), operational })
}
