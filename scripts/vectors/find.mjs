// Vectors on disk: every folder with a vector.json, and the collateral that it names.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Every folder at or below `folder` that has a vector.json, in order. */
export function findVectors(folder) {
  if (existsSync(join(folder, 'vector.json'))) return [folder]
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(folder, entry.name))
    .sort()
    .flatMap(findVectors)
}

export function readVector(folder) {
  const vector = JSON.parse(readFileSync(join(folder, 'vector.json'), 'utf8'))
  if (typeof vector !== 'object' || vector === null) throw new Error('vector.json is not an object')
  if (typeof vector.platform !== 'string') throw new Error('vector.json names no platform')
  const verdict = vector.expected?.verdict
  if (verdict !== 'accept' && verdict !== 'reject')
    throw new Error('vector.json: expected.verdict is neither "accept" nor "reject"')
  return vector
}

export function readOctets(...path) {
  return new Uint8Array(readFileSync(join(...path)))
}

/** The octets of `name` in `folder`; undefined where it is not there. */
export function readIfThere(folder, name) {
  return existsSync(join(folder, name)) ? readOctets(folder, name) : undefined
}

export function timeOf(text) {
  if (Number.isNaN(Date.parse(text))) throw new Error('expected.at is not a time')
  return new Date(text)
}

/** Names of the listed values that `seen` (name -> hex or text) does not hold. */
export function differing(listed, seen) {
  return Object.entries(listed)
    .filter(([name, value]) => seen[name] !== value)
    .map(([name, value]) => `${name} is ${seen[name]}, not ${value}`)
}

export const hex = (octets) => (octets instanceof Uint8Array ? Buffer.from(octets).toString('hex') : octets)
