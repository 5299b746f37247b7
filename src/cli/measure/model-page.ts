/** A measured folder for people: its files, its digests, and what is not as it was. Names were chosen by whoever made the folder. @module */
import type { ManifestDifference } from '../../core/resources/oms-manifest-compare.ts'
import type { Verdict } from '../../core/verdict.ts'
import type { MeasuredFolder } from '../../measure/index.ts'
import { grouped } from '../log/progress.ts'
import { printable, renderFields, renderVerdict } from '../output.ts'

/** Digits of a file's digest: for comparing by eye. The root is shown whole. */
const SHOWN_DIGITS = 16

function fileLines({ files, manifest }: MeasuredFolder): readonly string[] {
  const names = files.map(({ name }) => printable(name))
  const sizes = files.map(({ size }) => grouped(size))
  const width = (texts: readonly string[]): number => Math.max(...texts.map((text) => text.length))
  const [nameWidth, sizeWidth] = [width(names), width(sizes)]
  return manifest.resources.map(({ digest, executable }, i) => {
    const mark = executable ? '  executable' : ''
    const verity = files[i]?.fsVerity
    const below = verity === undefined ? '' : `\n    fs-verity ${verity}`
    return `  ${names[i]?.padEnd(nameWidth)}  ${sizes[i]?.padStart(sizeWidth)}  ${digest.slice(0, SHOWN_DIGITS)}…${mark}${below}`
  })
}

export function renderMeasured(measured: MeasuredFolder): string {
  const { root, subject, size, files, manifest } = measured
  const fields = renderFields([
    ['model', manifest.name],
    ['files', `${grouped(files.length)}, ${grouped(size)} octets`],
    ['left out', (manifest.ignorePaths ?? []).join(', ')],
    ['subject', subject],
    ['root', root],
  ])
  return `${fileLines(measured).join('\n')}\n\n${fields}\n`
}

/** One line for each file that differs. */
function differenceLines({ renamed, removed, added, changed, modes }: ManifestDifference): readonly string[] {
  const lines: readonly (readonly [string, string])[] = [
    ...changed.map((name) => ['changed', name] as const),
    ...renamed.map(({ from, to }) => ['renamed', `${from} -> ${to}`] as const),
    ...removed.map((name) => ['removed', name] as const),
    ...added.map((name) => ['added', name] as const),
    ...modes.map((name) => ['mode', name] as const),
  ]
  return lines.map(([what, name]) => `  ${what.padEnd(8)} ${printable(name)}`)
}

export interface AgainstView {
  readonly verdict: Verdict<object>
  readonly difference: ManifestDifference
  /** The file that holds the manifest. */
  readonly against: string
  readonly colour: boolean
}

export function renderAgainst(measured: MeasuredFolder, { verdict, difference, against, colour }: AgainstView): string {
  const lines = differenceLines(difference)
  const differs = lines.length === 0 ? '' : `${lines.join('\n')}\n\n`
  const result = `the folder is the one of ${against}, root ${measured.root}`
  return `${differs}${renderVerdict(verdict, { result, colour })}`
}
