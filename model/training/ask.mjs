/** Asks the embedded model and prints its answers and its speed. After `npm run build`: node model/training/ask.mjs [--temperature 1] [--seed 5] "What is a receipt?" … */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { createModel, generateChat } from '../../dist/engine/index.js'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { temperature: { type: 'string', default: '0' }, seed: { type: 'string', default: '0' }, model: { type: 'string' } },
})
const folder = values.model ? new URL(`${values.model}/`, `file://${process.cwd()}/`) : new URL('../', import.meta.url)
const read = (name) => readFileSync(new URL(name, folder))
const model = createModel({ config: read('config.json'), weights: read('model.safetensors'), tokenizer: read('tokenizer.json') })

const options = { temperature: Number(values.temperature), seed: Number(values.seed), maxTokens: 200 }
let tokens = 0
let milliseconds = 0
for (const content of positionals) {
  const start = performance.now()
  let answer = ''
  for (const step of generateChat(model, [{ role: 'user', content }], options)) {
    tokens += 1
    if (step.kind === 'token') answer += step.text
  }
  milliseconds += performance.now() - start
  process.stdout.write(`Q: ${content}\nA: ${answer}\n\n`)
}
process.stdout.write(`${Math.round((1000 * tokens) / milliseconds)} tokens per second (prompt and answer), ${model.parameters} parameters\n`)
