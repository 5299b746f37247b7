// Decoders of what an answer relied on, and of what comes back from tools and model servers. As in decoders.mjs.
import { decodeJson } from '../../src/core/encoding/json.ts'
import { decodePolicy } from '../../src/core/policy.ts'
import { clientToolCalls } from '../../src/core/receipt/client-calls.ts'
import { digestOutput, mergeOutput } from '../../src/core/receipt/merged-octets.ts'
import { readRunMembers } from '../../src/core/receipt/run.ts'
import { decodeChunkProof, encodeChunkProof } from '../../src/core/resources/chunk-proof.ts'
import { createOmsManifest, decodeOmsManifest, encodeOmsManifest } from '../../src/core/resources/oms-manifest.ts'
import { MalformedError } from '../../src/errors.ts'
import { readGgufFrame, shortHeader } from '../../src/measure/model/gguf-frame.ts'
import { decodeSafetensorsHeader } from '../../src/measure/model/safetensors-header.ts'
import { decodeRecord } from '../../src/server/context/memory/sealed-states.ts'
import { decodeBundle } from '../../src/sigstore/index.ts'
import { limitText, textOfResult } from '../../src/tools/result-text.ts'
import { json, utf8 } from './samples.mjs'

const DIGEST = `sha256:${'5a'.repeat(32)}`
const ANY = { numbers: 'any' }

const u32 = (value) => {
  const octets = Buffer.alloc(4)
  octets.writeUInt32LE(value)
  return octets
}
const u64 = (value) => {
  const octets = Buffer.alloc(8)
  octets.writeBigUInt64LE(BigInt(value))
  return octets
}
const string = (text) => Buffer.concat([u64(Buffer.byteLength(text)), Buffer.from(text)])
const list = (type, values) => [9, Buffer.concat([u32(type), u64(values.length), ...values])]

/** A file of two values and two tensors. */
function ggufFile() {
  const values = [
    ['general.architecture', [8, string('llama')]],
    ['general.file_type', [4, u32(15)]],
    ['tokenizer.ggml.tokens', list(8, ['<s>', '</s>', 'a', 'é'].map(string))],
    ['tokenizer.ggml.token_type', list(5, [1, 2, 3].map(u32))],
  ]
  const tensors = [
    ['token_embd.weight', [64, 4]],
    ['output.weight', [64, 4]],
  ]
  return new Uint8Array(
    Buffer.concat([
      ...[Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(values.length)],
      ...values.map(([key, [type, value]]) => Buffer.concat([string(key), u32(type), value])),
      ...tensors.map(([name, shape]) =>
        Buffer.concat([string(name), u32(shape.length), ...shape.map(u64), u32(1), u64(0)]),
      ),
      Buffer.alloc(64),
    ]),
  )
}

function safetensorsFile() {
  const header = JSON.stringify({
    __metadata__: { format: 'pt' },
    'model.embed.weight': { dtype: 'BF16', shape: [2, 4], data_offsets: [0, 16] },
    'lm_head.weight': { dtype: 'I8', shape: [8], data_offsets: [16, 24] },
  })
  return new Uint8Array(Buffer.concat([u64(Buffer.byteLength(header)), Buffer.from(header), Buffer.alloc(24)]))
}

/** A bundle as cosign writes it; nobody checks its signature here. */
function sigstoreBundle() {
  const base64 = (text) => Buffer.from(text).toString('base64')
  return json({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: {
      certificate: { rawBytes: base64('certificate') },
      tlogEntries: [
        {
          logIndex: '7',
          logId: { keyId: base64('key') },
          kindVersion: { kind: 'dsse', version: '0.0.1' },
          integratedTime: '1790000000',
          inclusionPromise: { signedEntryTimestamp: base64('promise') },
          inclusionProof: {
            logIndex: '7',
            rootHash: base64('root'),
            treeSize: '9',
            hashes: [base64('hash')],
            checkpoint: {
              envelope: `rekor.example.com - 1\n9\n${base64('root')}\n\n— rekor.example.com ${base64('12345')}\n`,
            },
          },
          canonicalizedBody: base64('{}'),
        },
      ],
    },
    dsseEnvelope: {
      payload: base64('{"_type":"https://in-toto.io/Statement/v1"}'),
      payloadType: 'application/vnd.in-toto+json',
      signatures: [{ sig: base64('signature') }],
    },
  })
}

const CALL = { id: 'call_1', type: 'function', function: { name: 'weather__today', arguments: '{"town":"Ulm"}' } }
const CHAT = {
  messages: [
    { role: 'user', content: 'How is the weather?' },
    { role: 'assistant', tool_calls: [CALL, { ...CALL, id: 'call_2' }] },
    { role: 'tool', tool_call_id: 'call_1', content: [{ type: 'text', text: 'rain' }] },
    { role: 'tool', tool_call_id: 'call_2', content: 'sun' },
  ],
}
const ITEMS = {
  input: [
    { type: 'function_call', call_id: 'c', name: 'today', arguments: '{}' },
    ...Array.from({ length: 12 }, () => ({ type: 'function_call_output', call_id: 'c', output: 'rain' })),
  ],
}
const MEMBERS = {
  tools: [
    {
      ...{ id: 'call_1', by: 'gateway', tool: 'weather__today', identity: DIGEST, schema: 'none' },
      ...{ arguments: DIGEST, result: DIGEST, outcome: 'ok', duration_ms: 12 },
    },
  ],
  calls: [{ id: 'call_2', tool: 'mine', arguments: DIGEST }],
  run: { step: 1, parents: [DIGEST] },
}
const ANSWER = {
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Yes.', tool_calls: [CALL] },
      finish_reason: 'stop',
      logprobs: { content: [{ token: 'Yes', logprob: -0.5 }] },
    },
  ],
}
const event = (delta, finish = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
const STREAM = utf8(
  [
    event({ role: 'assistant', content: 'Ye' }),
    event({ content: 's.', tool_calls: [{ index: 0, id: 'c', function: { name: 'today', arguments: '{' } }] }),
    event({ tool_calls: [{ index: 0, function: { arguments: '}' } }] }, 'tool_calls'),
    'data: [DONE]\n\n',
  ].join(''),
)
const RESULT = {
  content: [
    { type: 'text', text: 'Grüße' },
    { type: 'image', data: 'AAAA', mimeType: 'image/png' },
    { type: 'resource', resource: { uri: 'file:///x', text: 'y' } },
    { type: 'resource_link', uri: 'file:///y', name: 'y' },
  ],
  structuredContent: { a: [true, null] },
}

/** A result as far as the official library lets it through: blocks of its shapes. */
const SHAPES = {
  text: ({ text }) => typeof text === 'string',
  image: ({ mimeType }) => typeof mimeType === 'string',
  audio: ({ mimeType }) => typeof mimeType === 'string',
  resource: ({ resource }) => typeof resource?.uri === 'string',
  resource_link: ({ uri }) => typeof uri === 'string',
}

function readResult(bytes) {
  const { content, structuredContent } = Object(decodeJson(bytes, ANY))
  const blocks = Array.isArray(content) ? content : []
  const known = blocks.filter((block) => Object.hasOwn(SHAPES, block?.type) && SHAPES[block.type](block))
  limitText(textOfResult({ content: known, structuredContent }), 16)
}

/** As the gateway reads requests: laxly, the last of two equal keys counts. */
function readRequest(bytes) {
  let fields
  try {
    fields = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    throw new MalformedError('JSON_INVALID', 'no JSON', { cause })
  }
  if (typeof fields === 'object' && fields !== null && !Array.isArray(fields)) clientToolCalls(fields)
}

/** What a state is within its seal: whoever holds the key wrote it, and may have had another program. */
const STATE = Buffer.concat([
  u64(1_790_000_000),
  u32(2),
  u32(3),
  Buffer.alloc(32, 0x5a),
  Buffer.from('{"role":"user"}'),
])

/** @returns `[name, samples, decode]` each */
export function listContextDecoders(samples) {
  const proof = {
    ...{ id: 'a/b.md#3', digest: DIGEST, size: 12, document: DIGEST },
    ...{ index: 1, leaves: 4, hashes: [new Uint8Array(32), new Uint8Array(32).fill(1)] },
  }
  const manifest = createOmsManifest('small', [{ name: 'a/b.bin', digest: '5a'.repeat(32) }], ['.git'])
  const pinned = samples.policies.map((policy) => ({
    ...JSON.parse(Buffer.from(policy)),
    dependencies: { 'system-prompt': [DIGEST, 'none'], tokenizer: [DIGEST] },
    engines: [{ name: 'vllm', version: '0.11.0', determinism: 'unchecked' }],
  }))
  const streams = JSON.parse(Buffer.from(samples.streams)).cases.map(({ octets }) => utf8(octets))
  return [
    ['gguf', [ggufFile()], (bytes) => shortHeader(readGgufFrame(bytes))],
    ['safetensors', [safetensorsFile()], (bytes) => decodeSafetensorsHeader(bytes, bytes.length)],
    ['sigstore-bundle', [sigstoreBundle()], (octets) => decodeBundle(octets, 'PUBLISHER_SIGNATURE')],
    ['chunk-proof', [encodeChunkProof(proof)], decodeChunkProof],
    ['oms-manifest', [encodeOmsManifest(manifest)], decodeOmsManifest],
    ['run-members', [json(MEMBERS)], (bytes) => readRunMembers(Object(decodeJson(bytes, ANY)))],
    ['client-calls', [json(CHAT), json(ITEMS)], readRequest],
    ['merged-answer', [json(ANSWER)], (bytes) => mergeOutput(bytes, 'application/json')],
    ['merged-stream', [STREAM, ...streams], (bytes) => digestOutput(bytes, 'text/event-stream')],
    ['policy-pins', pinned.map(json), decodePolicy],
    ['memory-state', [new Uint8Array(STATE)], decodeRecord],
    ['tool-result', [json(RESULT)], readResult],
  ]
}
