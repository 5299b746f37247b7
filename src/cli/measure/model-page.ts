/** A measured folder for people: its files, its digests, and what is not as it was. Names were chosen by whoever made the folder. @module */
import type { ManifestDifference } from '../../core/resources/oms-manifest-compare.ts'
import type { MeasuredFolder } from '../../measure/index.ts'
import { grouped } from '../log/progress.ts'
import { printable, renderFields, renderVerdict } from '../output.ts'
import type { MeasuredModel } from './measured-model.ts'

/** Digits of a file's digest: for comparing by eye. The root is shown whole. */
const SHOWN_DIGITS = 16

function fileLines({ files, manifest }: MeasuredFolder): readonly string[] {
  const names = files.map(({ name }) => printable(name))
  const sizes = files.map(({ size }) => grouped(size))
  const width = (texts: readonly string[]): number => texts.reduce((most, { length }) => Math.max(most, length), 0)
  const [nameWidth, sizeWidth] = [width(names), width(sizes)]
  return manifest.resources.map(({ digest, executable }, i) => {
    const mark = executable ? '  executable' : ''
    const verity = files[i]?.fsVerity
    const below = verity === undefined ? '' : `\n    fs-verity ${verity}`
    return `  ${names[i]?.padEnd(nameWidth)}  ${sizes[i]?.padStart(sizeWidth)}  ${digest.slice(0, SHOWN_DIGITS)}…${mark}${below}`
  })
}

/** What the files say of themselves proves nothing, and is shown as such. */
function saidFields(says: MeasuredModel['says']): readonly (readonly [string, string])[] {
  if ('unreadable' in says) return [['says', `nothing that can be read: ${says.unreadable}`]]
  if (says.format === 'unknown') return []
  const { format, purpose, name, architecture, quantisation, chatTemplate, tokenizer } = says
  const told = [name, architecture, quantisation].filter((text) => text !== undefined)
  return [
    ['says', [`${format}, ${purpose}`, ...told].join(', ')],
    ...(chatTemplate === undefined ? [] : [['chat template', chatTemplate.digest] as const]),
    ...(tokenizer === undefined ? [] : [['tokenizer', tokenizer.digest] as const]),
  ]
}

function renderMeasured({ measured, says }: MeasuredModel): string {
  const { root, subject, size, files, manifest } = measured
  const fields = renderFields([
    ['model', manifest.name],
    ...saidFields(says),
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

/** Files and digests; behind them what was judged. */
export function renderModel(model: MeasuredModel, colour: boolean): string {
  const { measured, comparison, publisher } = model
  const parts = [renderMeasured(model)]
  if (comparison !== undefined) {
    const lines = differenceLines(comparison.difference)
    if (lines.length > 0) parts.push(`Not as in ${printable(comparison.file)}:\n${lines.join('\n')}\n`)
    const result = `the folder is the one of ${comparison.file}, root ${measured.root}`
    parts.push(renderVerdict(comparison.verdict, { result, colour }))
  }
  if (publisher !== undefined) {
    const by = publisher.ok ? [publisher.value.identity, publisher.value.issuer].filter(Boolean).join(' by ') : ''
    parts.push(renderVerdict(publisher, { result: `signed by ${by}`, colour }))
  }
  return parts.join('\n')
}
