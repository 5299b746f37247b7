/** In a trial: writes its policy and lock, one JSON text with both, to the port that leads to whoever started it. */
import { open, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const [folder, port] = process.argv.slice(2)

async function untilThere(name) {
  for (;;) {
    try {
      return JSON.parse(await readFile(join(folder, name), 'utf8'))
    } catch {
      // Not written yet, or not whole yet.
      await wait(500)
    }
  }
}

const policy = await untilThere('countersign.policy.json')
const lock = await untilThere('countersign.lock.json')
const file = await open(port, 'w')
await writeFile(file, `${JSON.stringify({ policy, lock })}\n`)
await file.close()
