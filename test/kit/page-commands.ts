/** Commands of a page of the docs: taken from its fences, and run as somebody who reads the page would type them. */
import { execFile } from 'node:child_process'

export interface Block {
  readonly line: number
  readonly commands: readonly string[]
  /** `none` where it is to be run. */
  readonly reason: string
}

const MARK = /^<!-- not run in tests: (.{10,}) -->$/

/** Fences of shell; `\` at an end joins two lines. */
export function blocksOf(page: string): readonly Block[] {
  const lines = page.split('\n')
  return lines.flatMap((line, i): readonly Block[] => {
    if (line !== '```sh') return []
    const end = lines.indexOf('```', i)
    const text = lines
      .slice(i + 1, end)
      .join('\n')
      .replaceAll(/\\\n\s*/g, '')
    const commands = text.split('\n').filter((command) => command !== '')
    return [{ line: i + 1, commands, reason: MARK.exec(lines[i - 1] ?? '')?.[1] ?? 'none' }]
  })
}

/** What the fences of a page say that they hold. */
export function fencesOf(page: string): readonly string[] {
  const opening = page.split('\n').filter((line, i, all) => {
    const before = all.slice(0, i).filter((one) => one.startsWith('```')).length
    return line.startsWith('```') && before % 2 === 0
  })
  return [...new Set(opening)].sort()
}

export interface Typed {
  readonly exit: number
  readonly out: string
}

/**
 * As a newcomer has it: `countersign` is the program of this package.
 * @param standIns what on the page stands for something of the reader's own, and what it is here; the first that fits counts
 */
export function typeIn(
  folder: string,
  command: string,
  standIns: readonly (readonly [string, string])[] = [],
): Promise<Typed> {
  const typed = standIns.reduce((text, [name, own]) => text.replaceAll(name, own), command)
  const program = `countersign() { "${process.execPath}" dist/cli/main.js "$@"; }\nset -e\n${typed}`
  return new Promise((done) => {
    const child = execFile(
      'bash',
      ['--norc', '-c', program],
      { cwd: folder, env: { PATH: process.env['PATH'] ?? '' } },
      (_error, out, err) => done({ exit: child.exitCode ?? -1, out: `${out}${err}` }),
    )
  })
}
