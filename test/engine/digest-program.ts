/**
 * What the determinism test runs on each engine: all logits of fixed chats, and a sampled answer, as digests.
 * Bundled into one classic script; the model comes as base64 in a global. @module
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { createModel, digestLogits, generateChat } from '../../src/engine/index.ts'

declare const EMBEDDED: { readonly config: string; readonly weights: string; readonly tokenizer: string }

const CHATS = [
  [{ role: 'user', content: 'What is a receipt?' }],
  [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'naïve 日本 <|end|> 7' },
  ],
] as const

const decodeBase64 = (text: string): Uint8Array => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')

function run(): string {
  const model = createModel({
    config: decodeBase64(EMBEDDED.config),
    weights: decodeBase64(EMBEDDED.weights),
    tokenizer: decodeBase64(EMBEDDED.tokenizer),
  })
  const sampled: unknown[] = []
  const options = { temperature: 1.7, topP: 0.95, seed: 20260101, maxTokens: 16, topLogprobs: 3 }
  for (const step of generateChat(model, CHATS[0], options)) if (step.kind === 'token') sampled.push(step)
  const answer = sha256(new TextEncoder().encode(JSON.stringify(sampled)))
  return `logits=${hex(digestLogits(model, CHATS, sha256))} sampled=${hex(answer)}`
}

const result = run()
if ('document' in globalThis) Reflect.get(globalThis, 'document').write(result)
else process.stdout.write(result)
