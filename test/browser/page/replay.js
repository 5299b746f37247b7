// What the browser runs: replays answers that were recorded from a gateway, and hands the results to the page's own global.
import { decodeArchive } from '../../../src/core/archive/index.ts'
import { digestUri } from '../../../src/core/crypto/index.ts'
import { createModel } from '../../../src/engine/index.ts'
import { recordedAnswer, recordedSteps, replayAnswer } from '../../../src/replay/index.ts'

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))

async function run() {
  const { files, engine, archives } = await (await fetch('/recorded.json')).json()
  const [config, weights, tokenizer, chatTemplate] = files.map(bytes)
  const loaded = {
    model: createModel({ config, weights, tokenizer }),
    digests: [digestUri(weights)],
    tokenizer: digestUri(tokenizer),
    chatTemplate: digestUri(chatTemplate),
    engine,
  }
  const results = []
  for (const encoded of archives) {
    const archive = decodeArchive(bytes(encoded))
    for (const answer of [...recordedSteps(archive), recordedAnswer(archive)])
      results.push((await replayAnswer(answer, loaded)).result)
  }
  return results
}

globalThis.replayed = run().catch((error) => [{ kind: 'error', why: `${error.stack ?? error}` }])
