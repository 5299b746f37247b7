/** A measured folder for machines. @module */
import type { Verdict } from '../../core/verdict.ts'
import { firstRefusal, type MeasuredModel } from './measured-model.ts'

function verdictOf(verdict: Verdict<object>): object {
  const { ok, checks, assumptions } = verdict
  return { verified: ok, ...(verdict.ok ? {} : { code: verdict.code }), checks, assumptions }
}

/** `verified` stands there where something was judged, and is that of all verdicts. */
function outcomeOf(model: MeasuredModel): object {
  if (model.comparison === undefined && model.publisher === undefined) return {}
  const refusal = firstRefusal(model)
  return refusal === undefined || refusal.ok ? { verified: true } : { verified: false, code: refusal.code }
}

export function modelJson(model: MeasuredModel): string {
  const { measured, says, comparison, publisher } = model
  const { root, subject, size, files, manifest } = measured
  const executable = new Set(manifest.resources.filter((file) => file.executable).map(({ name }) => name))
  return `${JSON.stringify({
    ...outcomeOf(model),
    root,
    subject,
    size,
    ignored: manifest.ignorePaths,
    files: files.map((file) => ({ ...file, executable: executable.has(file.name) })),
    says,
    ...(comparison && { against: { ...verdictOf(comparison.verdict), difference: comparison.difference } }),
    ...(publisher && { publisher: { ...verdictOf(publisher), ...(publisher.ok && { signer: publisher.value }) } }),
  })}\n`
}
