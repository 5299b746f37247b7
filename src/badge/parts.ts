/** The badge's nodes. Text alone goes into them: nothing that a gateway wrote is ever read as markup. @module */
import type { BadgeStrings } from './strings.ts'
import type { BadgeState, BadgeView, CheckRow, ShownFailure } from './view.ts'

/** Nodes that stay while what they hold changes: screen readers follow the live ones, and focus rests on the others. */
export interface BadgeParts {
  readonly badge: HTMLDivElement
  /** Live: said when there is time. */
  readonly status: HTMLDivElement
  /** Live: said at once. */
  readonly alert: HTMLDivElement
  readonly progress: HTMLParagraphElement
  readonly upgrade: HTMLButtonElement
  readonly save: HTMLAnchorElement
  readonly details: HTMLDetailsElement
  readonly summary: HTMLElement
  readonly body: HTMLDivElement
}

const SIGNS: Readonly<Record<BadgeState, string>> = {
  idle: '○',
  waiting: '…',
  verified: '✓',
  simulated: '⚠',
  failed: '✗',
  'no-verdict': '✗',
}

/** An element that pages style by the same name: `countersign-badge::part(headline)`. */
function node<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  name: string,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag)
  if (name !== '') {
    made.className = name
    made.setAttribute('part', name)
  }
  made.append(...children)
  return made
}

/** Text that is not the page's: its direction stays its own, and it is English or a gateway's. */
function foreign(text: string): HTMLElement {
  const made = node('bdi', '', text)
  made.lang = 'en'
  return made
}

export function createParts(): BadgeParts {
  const status = node('div', 'status')
  status.setAttribute('role', 'status')
  const alert = node('div', 'alert')
  alert.setAttribute('role', 'alert')
  const progress = node('p', 'progress')
  progress.setAttribute('role', 'status')
  const upgrade = node('button', 'upgrade')
  upgrade.type = 'button'
  const save = node('a', 'save')
  const summary = node('summary', 'summary')
  const body = node('div', 'body')
  // It scrolls: by keyboard, too.
  body.tabIndex = 0
  body.setAttribute('role', 'region')
  const details = node('details', 'details', summary, body)
  const actions = node('div', 'actions', upgrade, save)
  const badge = node('div', 'badge', status, alert, progress, actions, details)
  return { badge, status, alert, progress, upgrade, save, details, summary, body }
}

export function draw(parts: BadgeParts, view: BadgeView, strings: BadgeStrings): void {
  const { badge, status, alert, details, summary, body } = parts
  badge.className = `badge ${view.state}`
  const isBad = view.state === 'failed' || view.state === 'no-verdict'
  const verdict = verdictNodes(view, strings)
  status.replaceChildren(...(isBad ? [] : verdict))
  alert.replaceChildren(...(isBad ? verdict : []))
  details.hidden = view.rows.length === 0
  summary.replaceChildren(strings.summary(view.counts))
  body.ariaLabel = strings.summary(view.counts)
  body.replaceChildren(
    ...(view.facts.length > 0 ? [factList(view.facts)] : []),
    checkTable(view.rows, strings),
    ...(view.assumptions.length > 0 ? [node('p', 'title', strings.assumptions), sentences(view.assumptions)] : []),
  )
}

function verdictNodes({ state, headline, note, failure }: BadgeView, strings: BadgeStrings): readonly Node[] {
  const sign = node('span', 'sign', SIGNS[state])
  sign.setAttribute('aria-hidden', 'true')
  return [
    node('div', 'headline', sign, headline),
    ...(note === '' ? [] : [node('p', 'note', note)]),
    ...(failure === undefined ? [] : failureNodes(failure, strings)),
  ]
}

function failureNodes(failure: ShownFailure, { failedCheck, remedy }: BadgeStrings): readonly Node[] {
  const { check, code, detail, meaning } = failure
  const named = node('p', 'failure', `${failedCheck}: `, foreign(check), ' ', node('span', 'code', foreign(code)))
  if (detail !== '') named.append(' (', foreign(detail), ')')
  return [
    named,
    ...(meaning === '' ? [] : [node('p', 'failure', meaning)]),
    ...(failure.remedy === '' ? [] : [node('p', 'failure', `${remedy}: ${failure.remedy}`)]),
  ]
}

function factList(facts: BadgeView['facts']): Node {
  return node(
    'dl',
    'facts',
    ...facts.flatMap(([label, value]) => [node('dt', '', label), node('dd', '', foreign(value))]),
  )
}

function checkTable(rows: readonly CheckRow[], { columns, states }: BadgeStrings): Node {
  const head = node('tr', '', ...[columns.check, columns.state, columns.detail, columns.wanted].map(columnHead))
  const lines = rows.map(({ name, state, detail, wanted }) => {
    const title = node('th', '', foreign(name))
    title.scope = 'row'
    const line = node('tr', '', title, node('td', '', states[state]))
    line.append(node('td', '', foreign(detail)), node('td', '', foreign(wanted)))
    line.className = state
    return line
  })
  return node('table', 'checks', node('thead', '', head), node('tbody', '', ...lines))
}

function columnHead(text: string): HTMLElement {
  const head = node('th', '', text)
  head.scope = 'col'
  return head
}

function sentences(list: readonly string[]): Node {
  return node('ul', 'assumptions', ...list.map((sentence) => node('li', '', foreign(sentence))))
}
