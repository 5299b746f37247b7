/** What `measure model` found out: digests, what the files say of themselves, and verdicts where some were asked for. @module */
import type { OmsManifest } from '../../core/resources/oms-manifest.ts'
import {
  compareOmsManifests,
  type ManifestDifference,
  verifyOmsManifest,
} from '../../core/resources/oms-manifest-compare.ts'
import type { Verdict } from '../../core/verdict.ts'
import { CountersignError } from '../../errors.ts'
import type { MeasuredFolder } from '../../measure/index.ts'
import { describeModel, type ModelDescription } from '../../measure/model/index.ts'
import { type Publisher, verifyPublisher } from '../../measure/publisher/index.ts'
import type { SignatureToJudge } from './publisher-trust.ts'

/** A manifest from before. */
export interface Reference {
  /** The file that holds it. */
  readonly file: string
  readonly manifest: OmsManifest
}

export interface Comparison {
  readonly file: string
  readonly verdict: Verdict<OmsManifest>
  readonly difference: ManifestDifference
}

export interface MeasuredModel {
  readonly measured: MeasuredFolder
  /** The word of whoever made the files; or why they cannot be read, which changes no digest. */
  readonly says: ModelDescription | { readonly unreadable: string }
  readonly comparison?: Comparison
  readonly publisher?: Verdict<Publisher>
}

async function describe(directory: string, { files }: MeasuredFolder): Promise<MeasuredModel['says']> {
  try {
    return await describeModel(directory, files)
  } catch (error) {
    if (error instanceof CountersignError && error.code === 'ERR_CONFIG') return { unreadable: error.message }
    throw error
  }
}

async function compare({ file, manifest }: Reference, seen: OmsManifest): Promise<Comparison> {
  return { file, verdict: await verifyOmsManifest(manifest, seen), difference: compareOmsManifests(manifest, seen) }
}

/** Holds a measured folder against what was asked for. */
export async function judgeModel(
  directory: string,
  measured: MeasuredFolder,
  due: { readonly reference: Reference | undefined; readonly signature: SignatureToJudge | undefined },
): Promise<MeasuredModel> {
  const { reference, signature } = due
  const { manifest } = measured
  return {
    measured,
    says: await describe(directory, measured),
    ...(reference === undefined ? {} : { comparison: await compare(reference, manifest) }),
    ...(signature === undefined
      ? {}
      : { publisher: await verifyPublisher(signature.bundle, manifest, signature.trust) }),
  }
}

/** Of the verdicts that were asked for, the first that is not ok. */
export function firstRefusal({ comparison, publisher }: MeasuredModel): Verdict<object> | undefined {
  return [comparison?.verdict, publisher].find((verdict) => verdict !== undefined && !verdict.ok)
}
