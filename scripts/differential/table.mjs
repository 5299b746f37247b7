// What a run found, as tables: agreement, where we are stricter by check and code, where the peer is by class, and what is unexplained.

const KINDS = {
  same: 'both accept, same status and advisories',
  differ: 'both accept, status or advisories differ',
  'both-refuse': 'both refuse',
  'ours-stricter': 'refused by countersign alone',
  'peer-stricter': 'refused by the peer alone',
  unexplained: 'unexplained',
}
const SHOWN_MUTATIONS = 6

/** Counts the results of cases. */
export function createTally() {
  const kinds = Object.fromEntries(Object.keys(KINDS).map((kind) => [kind, new Map()]))
  return {
    add(result) {
      const { kind, name, names } = result
      const row = kinds[kind].get(name) ?? { count: 0, mutations: new Map(), first: result }
      row.count += 1
      // One mutation alone shows what it is about.
      if (names.length === 1) row.mutations.set(names[0], (row.mutations.get(names[0]) ?? 0) + 1)
      kinds[kind].set(name, row)
    },
    kinds,
    count: (kind) => [...kinds[kind].values()].reduce((sum, { count }) => sum + count, 0),
  }
}

function rowsOf(rows) {
  return [...rows].sort(([a, x], [b, y]) => y.count - x.count || (a < b ? -1 : 1))
}

function mutationsOf({ mutations }) {
  const names = [...mutations].sort(([, a], [, b]) => b - a).map(([name]) => name)
  const more = names.length - SHOWN_MUTATIONS
  return names.slice(0, SHOWN_MUTATIONS).join(', ') + (more > 0 ? `, ${more} more` : '')
}

/** @param meaningOf what the name of a class stands for */
export function formatTally({ kinds, count }, { title, meaningOf, all = false }) {
  const lines = [title, '']
  for (const kind of Object.keys(KINDS)) lines.push(`${String(count(kind)).padStart(7)}  ${KINDS[kind]}`)
  const part = (kind, rest) => {
    if (kinds[kind].size === 0) return
    lines.push('', `${KINDS[kind]}:`)
    for (const [name, row] of rowsOf(kinds[kind]))
      lines.push(`${String(row.count).padStart(7)}  ${name}${rest(name, row)}`)
  }
  part('differ', (name) => `: the peer ${meaningOf(name)}`)
  part('peer-stricter', (name) => `: the peer ${meaningOf(name)}`)
  part('ours-stricter', (_, row) => `  ${mutationsOf(row)}`)
  if (all) part('both-refuse', (_, row) => `  ${mutationsOf(row)}`)
  part('unexplained', (_, { first }) => `  case ${first.index}: ${first.names.join(' + ')}`)
  return lines.join('\n')
}
