// Stands in for vitest in the bundle of the tests: collects the tests of a file, so that one can run by itself, in a thread, in microseconds.
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { format } from 'node:util'
import { workerData } from 'node:worker_threads'

/** The comparisons are vitest's own; they come with it. */
const near = createRequire(createRequire(join(process.cwd(), 'package.json')).resolve('vitest/package.json'))
const load = async (name) => await import(pathToFileURL(near.resolve(name)).href)
const chai = await load('chai')
const { ASYMMETRIC_MATCHERS_OBJECT, JestAsymmetricMatchers, JestChaiExpect, JestExtend, setState } =
  await load('@vitest/expect')
for (const plugin of [JestExtend, JestChaiExpect, JestAsymmetricMatchers]) chai.use(plugin)

export const expect = Object.assign((value, message) => chai.expect(value, message), chai.expect)
Object.defineProperty(globalThis, Symbol.for('expect-global'), { value: expect, configurable: true, writable: true })
Object.assign(expect, globalThis[ASYMMETRIC_MATCHERS_OBJECT])
setState({ assertionCalls: 0, testPath: '' }, expect)

/** @type {{ tests: { name: string, run: () => Promise<void> }[], before: (() => unknown)[] }} */
export let collected = { tests: [], before: [] }
let path = []

/** Begins a file. */
export function startFile() {
  collected = { tests: [], before: [] }
  path = []
}

const rowsOf = (table) => table.map((row) => (Array.isArray(row) ? row : [row]))
const titled = (name, row, index) =>
  `${format(name, ...row.map((cell) => (typeof cell === 'object' ? '' : cell)))} #${index}`

function addTest(name, run) {
  collected.tests.push({ name: [...path, name].join(' > '), run })
}

export function describe(name, body) {
  path.push(name)
  body()
  path.pop()
}

const skipped = Object.assign(() => undefined, { each: () => () => undefined })

describe.skipIf = (condition) => (condition ? skipped : describe)
describe.each = (table) => (name, body) => {
  for (const [index, row] of rowsOf(table).entries()) describe(titled(name, row, index), () => body(...row))
}

export function it(name, run) {
  addTest(name, run)
}

it.skipIf = (condition) => (condition ? skipped : it)
it.each = (table) => (name, run) => {
  for (const [index, row] of rowsOf(table).entries()) addTest(titled(name, row, index), () => run(...row))
}

export const test = it
export const inject = (name) => workerData.provided[name]
export const beforeAll = (run) => collected.before.push(run)
export const afterAll = () => undefined
export const afterEach = () => undefined
