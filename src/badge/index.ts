/**
 * `countersign/badge`: a web component that shows the verdict of one answer with its checks. Importing it does nothing: it runs where there
 * is no DOM, too. @module
 */
import { type CountersignBadge, createBadgeClass } from './element.ts'

export type { CountersignBadge } from './element.ts'
export { BADGE_STRINGS, type BadgeStrings, type CheckCounts } from './strings.ts'
export type { BadgeState, Explain } from './view.ts'

const DEFINED: WeakSet<object> = new WeakSet()

/**
 * Registers the element; once more is the same as once. Where there is no registry, on a server that renders pages, it does nothing.
 * @throws DOMException NotSupportedError where another element has that name
 *
 * @example
 * import { receiptOf } from 'countersign'
 * import { defineBadge } from 'countersign/badge'
 * defineBadge()
 * document.querySelector('countersign-badge')?.show(receiptOf(response))
 */
export function defineBadge(name = 'countersign-badge'): void {
  if (typeof customElements === 'undefined') return
  const known = customElements.get(name)
  if (known !== undefined && DEFINED.has(known)) return
  const badge: new () => CountersignBadge = createBadgeClass()
  customElements.define(name, badge)
  DEFINED.add(badge)
}
