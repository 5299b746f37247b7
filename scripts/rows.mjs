/** Rows of the negative-test table, and which of them test results cover: a test covers the rows in brackets that its title begins with. */

/** Rows of each section: framing, paths, SNP, TDX, event logs, Nitro, GPU, channel, receipts, log, policy, image, build. */
const SECTIONS = {
  F: 11,
  X: 20,
  S: 19,
  T: 26,
  E: 5,
  N: 14,
  G: 9,
  C: 12,
  R: 17,
  L: 14,
  P: 11,
  M: 6,
  B: ['B1', 'B2', 'B3', 'B6'],
}

const rowsOf = (section, rows) =>
  Array.isArray(rows) ? rows : Array.from({ length: rows }, (_, i) => `${section}${i + 1}`)

/** The rows that a title such as `[S4] [P2] rejects …` names. */
function rowsOfTitle(title) {
  const [tags] = /^(?:\[[A-Z][0-9]+\] ?)*/.exec(title) ?? ['']
  return tags.match(/[A-Z][0-9]+/g) ?? []
}

/** @param testResults as vitest's JSON reporter writes them; a row with a failing test is not covered */
export function countRows(testResults) {
  const passed = new Set()
  const failed = new Set()
  for (const { title, status } of testResults.flatMap(({ assertionResults }) => assertionResults)) {
    for (const row of rowsOfTitle(title)) {
      if (status === 'passed') passed.add(row)
      if (status === 'failed') failed.add(row)
    }
  }
  const sections = {}
  for (const [section, count] of Object.entries(SECTIONS)) {
    const all = rowsOf(section, count)
    const list = all.filter((row) => passed.has(row) && !failed.has(row))
    sections[section] = { rows: all.length, covered: list.length, list }
  }
  const total = (key) => Object.values(sections).reduce((sum, section) => sum + section[key], 0)
  return { rows: total('rows'), covered: total('covered'), sections, failed: [...failed] }
}

/** One line for each section. */
export function printRows({ rows, covered, sections }) {
  for (const [section, { rows: all, covered: count, list }] of Object.entries(sections))
    console.log(`${section}  ${String(count).padStart(2)} of ${String(all).padStart(2)}  ${list.join(' ')}`)
  console.log(`${covered} of ${rows} rows covered`)
}
