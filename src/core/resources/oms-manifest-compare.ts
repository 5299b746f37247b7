/** Holds a measured folder against the manifest of what it should be. @module */
import { type CheckNames, judge, type Verdict } from '../verdict.ts'
import { type OmsManifest, type OmsResource, omsRoot } from './oms-manifest.ts'

/** Names of files, each in the order of its manifest. */
export interface ManifestDifference {
  /** The same octets under another name. */
  readonly renamed: readonly { readonly from: string; readonly to: string }[]
  readonly removed: readonly string[]
  readonly added: readonly string[]
  /** Other octets under the same name. */
  readonly changed: readonly string[]
  /** The same octets, and another executable bit. */
  readonly modes: readonly string[]
}

/** Shown of each kind in a check; the difference itself has them all. */
const SHOWN = 3

/** Takes one of the files with the same octets and the same mode out of `candidates`. */
function takeTwin(resource: OmsResource, candidates: OmsResource[]): OmsResource | undefined {
  const at = candidates.findIndex(
    ({ digest, executable }) => digest === resource.digest && executable === resource.executable,
  )
  return at === -1 ? undefined : candidates.splice(at, 1)[0]
}

/** What of `seen` is not as `wanted`. */
export function compareOmsManifests(wanted: OmsManifest, seen: OmsManifest): ManifestDifference {
  const wantedNames = new Set(wanted.resources.map(({ name }) => name))
  const seenByName = new Map(seen.resources.map((resource) => [resource.name, resource]))
  const unexpected = seen.resources.filter(({ name }) => !wantedNames.has(name))
  const renamed: { from: string; to: string }[] = []
  const removed: string[] = []
  const changed: string[] = []
  const modes: string[] = []
  for (const resource of wanted.resources) {
    const found = seenByName.get(resource.name)
    if (found === undefined) {
      const twin = takeTwin(resource, unexpected)
      if (twin === undefined) removed.push(resource.name)
      else renamed.push({ from: resource.name, to: twin.name })
    } else if (found.digest !== resource.digest) changed.push(resource.name)
    else if (found.executable !== resource.executable) modes.push(resource.name)
  }
  return { renamed, removed, added: unexpected.map(({ name }) => name), changed, modes }
}

const CHECKS = {
  'no file changed': 'OpenSSF Model Signing v1, resources',
  'no file renamed': 'OpenSSF Model Signing v1, resources',
  'no file removed': 'OpenSSF Model Signing v1, resources',
  'no file added': 'OpenSSF Model Signing v1, resources',
  'no mode changed': 'oms-v1',
  'same root': 'oms-v1',
} as const satisfies CheckNames<string>

function named(names: readonly string[]): string {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''
  return `${names.slice(0, SHOWN).join(', ')}${more}`
}

/** Whether a folder, measured as `seen`, is the one that `wanted` describes: file by file, and as a whole. */
export function verifyOmsManifest(wanted: OmsManifest, seen: OmsManifest): Promise<Verdict<OmsManifest>> {
  return judge(CHECKS, async (check) => {
    const { renamed, removed, added, changed, modes } = compareOmsManifests(wanted, seen)
    const found: readonly (readonly [keyof typeof CHECKS, readonly string[]])[] = [
      ['no file changed', changed],
      ['no file renamed', renamed.map(({ from, to }) => `${from} is now ${to}`)],
      ['no file removed', removed],
      ['no file added', added],
      ['no mode changed', modes],
    ]
    for (const [name, names] of found)
      check.that(name, names.length === 0, 'ARTIFACT_DIGEST_MISMATCH', { fail: named(names) })
    // Files alike and roots not: one of the manifests left out other paths, so it says less or more.
    check.that('same root', omsRoot(seen) === omsRoot(wanted), 'ARTIFACT_DIGEST_MISMATCH', {
      seen: omsRoot(seen),
      wanted: omsRoot(wanted),
    })
    return seen
  })
}
