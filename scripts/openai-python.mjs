/**
 * Makes the virtual environment with which the proxy is tried from Python: the openai package at one version. Does nothing where it is there
 * already; where there is no Python, or no package index, it says so and the tests that need it are skipped.
 *
 *   node scripts/openai-python.mjs      prints the path of the interpreter
 */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { makePythonTool } from './python-tool.mjs'

const VERSION = '3.54.0'

/** @returns the path of its interpreter, or undefined where it cannot be made */
export function makeOpenaiPython() {
  const programs = makePythonTool({
    folder: `openai-python/${VERSION}`,
    packages: [`openai==${VERSION}`],
    what: 'a Python environment with openai for the tests',
    skipped: 'the tests that need it are',
  })
  return programs === undefined ? undefined : join(programs, 'python')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const interpreter = makeOpenaiPython()
  if (interpreter !== undefined) console.log(interpreter)
}
