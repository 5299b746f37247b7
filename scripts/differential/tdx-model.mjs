// Intel's TCB rules once more, written for this comparison alone, with each known deviation of the peer as a switch. A difference between
// the two verifiers is explained only by the fewest switches under which this model says exactly what the peer said.

/** What the peer does otherwise than Intel's library does today. */
export const DEVIATIONS = {
  'svn-0-1': 'compares TDX components 0 and 1 with a module of version 1 or above too',
  'document-order': 'takes the first level that fits in the order of the document, not the highest',
  'module-ignored': 'does not look up tdxModuleIdentities: neither the status nor the advisories of the module count',
  'worst-of': 'takes the worse of two statuses, where Intel converges them (ConfigurationNeeded and OutOfDate)',
  'relaunch-ignored': 'does not judge TEE_TCB_SVN2',
}

const NAMES = Object.keys(DEVIATIONS)
const SUBSETS = Array.from({ length: 1 << NAMES.length }, (_, bits) => NAMES.filter((_, i) => (bits >> i) & 1)).sort(
  (a, b) => a.length - b.length,
)

/** The fewest deviations under which the model gives `outcome`; undefined where none do. */
export function explain(facts, outcome) {
  return SUBSETS.find((names) => sameOutcome(evaluate(facts, new Set(names)), outcome))
}

/** What Intel's rules give. */
export const evaluateAsIntel = (facts) => evaluate(facts, new Set())

export const sameOutcome = (a, b) =>
  a.refused === b.refused && a.status === b.status && String(a.advisories) === String(b.advisories)

/** @returns `{ refused }` naming the step, or `{ status, advisories }` */
function evaluate({ tcbInfo, qeIdentity, platform }, deviations) {
  const qe = matchSvn(qeIdentity.tcbLevels, platform.qeSvn, deviations)
  if (qe === undefined) return { refused: 'qe' }
  const pass = (teeTcbSvn) => evaluatePass({ tcbInfo, platform, teeTcbSvn, qe }, deviations)
  const launch = pass(platform.teeTcbSvn)
  if (launch.refused) return launch
  const judgesBoth = platform.teeTcbSvn2 !== undefined && !deviations.has('relaunch-ignored')
  const current = judgesBoth ? pass(platform.teeTcbSvn2) : launch
  if (current.refused) return current
  const status = relaunch(launch.status, current.status)
  if (status === 'Revoked') return { refused: 'status' }
  return { status, advisories: [...new Set([...launch.advisories, ...current.advisories])].sort() }
}

function evaluatePass({ tcbInfo, platform, teeTcbSvn, qe }, deviations) {
  const [svn, version] = teeTcbSvn
  const levels = deviations.has('document-order') ? tcbInfo.tcbLevels : [...tcbInfo.tcbLevels].sort(descending)
  const from = version > 0 && !deviations.has('svn-0-1') ? 2 : 0
  const level = levels.find(
    ({ tcb }) =>
      tcb.sgxtcbcomponents.every((least, i) => platform.components[i] >= least.svn) &&
      platform.pceSvn >= tcb.pcesvn &&
      tcb.tdxtcbcomponents.every((least, i) => i < from || teeTcbSvn[i] >= least.svn),
  )
  if (level === undefined) return { refused: 'level' }
  const versioned = version > 0 && !deviations.has('module-ignored')
  const name = `TDX_${version.toString(16).padStart(2, '0')}`
  const identity = versioned
    ? (tcbInfo.tdxModuleIdentities ?? []).find(({ id }) => id.toLowerCase() === name.toLowerCase())
    : undefined
  const module = identity && matchSvn(identity.tcbLevels, svn, deviations)
  if (versioned && module === undefined) return { refused: 'module' }
  const merge = deviations.has('worst-of') ? worse : converge
  const parts = [level, ...(module ? [module] : []), qe]
  return {
    status: parts.map(({ tcbStatus }) => tcbStatus).reduce(merge),
    advisories: parts.flatMap(({ advisoryIDs = [] }) => advisoryIDs),
  }
}

function matchSvn(levels, svn, deviations) {
  const ordered = deviations.has('document-order') ? levels : [...levels].sort((a, b) => b.tcb.isvsvn - a.tcb.isvsvn)
  return ordered.find(({ tcb }) => svn >= tcb.isvsvn)
}

const demands = ({ tcb }) => [
  ...tcb.sgxtcbcomponents.map(({ svn }) => svn),
  tcb.pcesvn,
  ...tcb.tdxtcbcomponents.map(({ svn }) => svn),
]

function descending(a, b) {
  const [first, second] = [demands(a), demands(b)]
  const at = first.findIndex((demand, i) => demand !== second[i])
  return at < 0 ? 0 : second[at] - first[at]
}

const OUTDATED = ['OutOfDate', 'OutOfDateConfigurationNeeded']
const CONFIGURATION = ['ConfigurationNeeded', 'ConfigurationAndSWHardeningNeeded']

/** Intel QVL, convergeTcbStatuses. */
function converge(platform, part) {
  if (part === 'UpToDate' || platform === 'Revoked') return platform
  if (part === 'Revoked') return 'Revoked'
  if (CONFIGURATION.includes(platform)) return 'OutOfDateConfigurationNeeded'
  return OUTDATED.includes(platform) ? platform : 'OutOfDate'
}

const SEVERITY = [
  'UpToDate',
  'SWHardeningNeeded',
  'ConfigurationNeeded',
  'ConfigurationAndSWHardeningNeeded',
  'OutOfDate',
  'OutOfDateConfigurationNeeded',
  'Revoked',
]
const worse = (a, b) => (SEVERITY.indexOf(b) > SEVERITY.indexOf(a) ? b : a)

/** Intel QVL, TDRelaunchCheck. */
function relaunch(launch, current) {
  if (!OUTDATED.includes(launch) || OUTDATED.includes(current) || current === 'Revoked') return launch
  const configuration = launch === 'OutOfDateConfigurationNeeded' || CONFIGURATION.includes(current)
  return configuration ? 'TDRelaunchAdvisedConfigurationNeeded' : 'TDRelaunchAdvised'
}
