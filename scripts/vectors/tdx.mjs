// TDX: quote.bin, judged with each collateral set that the vector names; without one, signatures and chain alone.
import { decodePem } from '../../dist/core/encoding/pem.js'
import { createTdxRoots, decodeTdxPolicy, decodeTdxQuote, verifyTdxQuote } from '../../dist/core/tdx/index.js'
import { MalformedError } from '../../dist/errors.js'
import { differing, hex, readOctets, timeOf } from './find.mjs'
import { TDX_POLICY } from './policies.mjs'

const POLICY = decodeTdxPolicy(TDX_POLICY)
const CHAIN_ONLY = decodeTdxPolicy({ ...TDX_POLICY, tcb: 'unchecked', revocation: 'unchecked' })

export async function judgeTdx(folder, { expected }) {
  const quote = readOctets(folder, 'quote.bin')
  const results = []
  for (const evaluation of evaluationsOf(expected)) results.push(await judgeOne(folder, quote, evaluation))
  // Other than zeros behind a quote are refused as stored; what stands before them is judged too, so that its TCB status is compared.
  if (results[0].code === 'TDX_LENGTH' && expected.trailing_bytes > 0)
    for (const evaluation of evaluationsOf(expected))
      results.push(await judgeOne(folder, quote.subarray(0, expected.quote_length), evaluation))
  const [first] = results
  const wrong = [...results.flatMap(({ wrong: found }) => found), ...compareFields(quote, expected)]
  const { got, code, tcb_status, advisory_ids, detail } = first
  return {
    got,
    code,
    ...(tcb_status && { tcb_status, advisory_ids }),
    evaluations: results.length,
    right: wrong.length === 0 && got === expected.verdict,
    ...((wrong.length > 0 || detail) && { detail: wrong.join('; ') || detail }),
  }
}

/** One judgement for each collateral set; `set` undefined is one without. */
function evaluationsOf({ verdict, at, collateral, replace, evaluations = [], tcb_status, advisory_ids }) {
  if (evaluations.length > 0) return evaluations.map(({ collateral: set, ...rest }) => ({ set, ...rest }))
  return [{ set: collateral, replace, verdict, at, tcb_status, advisory_ids }]
}

async function judgeOne(folder, quote, { set, replace, verdict: expected, at, tcb_status, advisory_ids }) {
  const collateral = set === undefined ? undefined : readCollateral(folder, set, replace)
  const verdict = await judge(quote, collateral, set === undefined ? CHAIN_ONLY : POLICY, at)
  const { tcb } = verdict.ok ? verdict.value : {}
  const judged = tcb === undefined || tcb === 'unchecked' ? undefined : tcb
  const wrong = []
  if ((verdict.ok ? 'accept' : 'reject') !== expected)
    wrong.push(`${set ?? 'no collateral'}: ${verdict.code ?? 'accepted'}`)
  if (judged && judged.status !== tcb_status) wrong.push(`${set}: TCB status ${judged.status}, not ${tcb_status}`)
  if (judged && advisory_ids && judged.advisoryIds.join() !== [...advisory_ids].sort().join())
    wrong.push(`${set}: advisories ${judged.advisoryIds.join()}, not ${advisory_ids.join()}`)
  if (tcb_status === 'NotSupported' && !['TDX_TCB_NONE', 'TDX_LENGTH'].includes(verdict.code))
    wrong.push(`${set}: ${verdict.code}, not TDX_TCB_NONE`)
  // Whoever asks for the TCB and has no collateral must be told so, never pass.
  if (set === undefined && (await judge(quote, undefined, POLICY, at)).ok) wrong.push('passes without collateral')
  return {
    got: verdict.ok ? 'accept' : 'reject',
    code: verdict.ok ? null : verdict.code,
    detail: verdict.checks.find(({ status }) => status === 'fail')?.detail,
    ...(judged && { tcb_status: judged.status, advisory_ids: judged.advisoryIds }),
    wrong,
  }
}

function judge(quote, collateral, policy, at) {
  return verifyTdxQuote({ quote }, collateral, policy, {
    at: timeOf(at),
    reportData: 'unchecked',
    measurements: 'unchecked',
    roots: createTdxRoots({ roots: 'built-in', simulated: [] }),
  })
}

/** A collateral folder; `replace` names files of the vector that stand in for its own. */
export function readCollateral(folder, set, replace = {}) {
  const octets = (name) => (replace[name] ? readOctets(folder, replace[name]) : readOctets(folder, set, name))
  const text = (name) => Buffer.from(octets(name)).toString('latin1')
  const document = (name) => ({
    body: octets(`${name}.json`),
    signature: new Uint8Array(Buffer.from(text(`${name}.sig.hex`).trim(), 'hex')),
    issuerChain: decodePem(text(`${name}_issuer_chain.pem`), 'CERTIFICATE'),
  })
  return {
    tcbInfo: document('tcb_info'),
    qeIdentity: document('qe_identity'),
    pckCrl: octets('pck_crl.der'),
    rootCaCrl: octets('root_ca_crl.der'),
  }
}

/** None where a quote that is to be refused does not parse. */
function compareFields(bytes, { measurements = {}, report_data, verdict }) {
  const listed = { ...measurements, ...(report_data !== undefined && { report_data }) }
  try {
    const { body } = decodeTdxQuote(bytes)
    const seen = {
      mr_td: body.mrTd,
      rtmr0: body.rtMr0,
      rtmr1: body.rtMr1,
      rtmr2: body.rtMr2,
      rtmr3: body.rtMr3,
      mr_seam: body.mrSeam,
      mr_signer_seam: body.mrSignerSeam,
      mr_config_id: body.mrConfigId,
      mr_owner: body.mrOwner,
      mr_owner_config: body.mrOwnerConfig,
      mr_servicetd: body.mrServiceTd,
      report_data: body.reportData,
    }
    return differing(listed, Object.fromEntries(Object.entries(seen).map(([name, value]) => [name, hex(value)])))
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error
    return verdict === 'accept' ? ['the quote does not parse'] : []
  }
}
