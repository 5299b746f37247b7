/** The custom element: takes receipts and errors, keeps the newest, and redraws. @module */
import type { AttestedReceipt } from '../client/index.ts'
import { type BadgeParts, createParts, draw } from './parts.ts'
import { refusedAnswer } from './refused-answer.ts'
import { BADGE_STRINGS, type BadgeStrings } from './strings.ts'
import { BADGE_STYLE } from './style.ts'
import { type BadgeView, type Explain, emptyView, errorView, receiptView } from './view.ts'

/**
 * `<countersign-badge>`: the verdict of one answer. With the attribute `upgradable` it offers to wait for the quote. Every change of the
 * receipt by the badge itself is told by a `countersign-receipt` event.
 */
export interface CountersignBadge extends HTMLElement {
  /** The receipt that is shown; a promise may be given. */
  get receipt(): AttestedReceipt | undefined
  set receipt(receipt: AttestedReceipt | Promise<AttestedReceipt> | undefined)
  /** What was thrown in place of an answer. */
  error: unknown
  /** Words of the page's language, in place of English ones. */
  get strings(): BadgeStrings
  set strings(strings: Partial<BadgeStrings>)
  /** Texts of failure codes: `(code) => FAILURE_CODES[code]` of `countersign/failure-codes`. */
  explain: Explain
  /** Shows that it waits, then the verdict. Resolves when that is shown, and never rejects: what fails is shown. */
  show(receipt: AttestedReceipt | Promise<AttestedReceipt>): Promise<void>
}

declare global {
  interface HTMLElementTagNameMap {
    'countersign-badge': CountersignBadge
  }
}

type Subject = { readonly receipt: AttestedReceipt } | { readonly error: unknown } | 'idle' | 'waiting'

const SETTABLE = ['strings', 'explain', 'error', 'receipt'] as const

/** A class of its own for each name: the platform binds one to the other. Only where there is a DOM. */
export function createBadgeClass(): new () => CountersignBadge {
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(BADGE_STYLE)

  return class extends HTMLElement implements CountersignBadge {
    static readonly observedAttributes: readonly string[] = ['upgradable']
    readonly #parts: BadgeParts = createParts()
    #strings: BadgeStrings = BADGE_STRINGS
    #explain: Explain = () => undefined
    #subject: Subject = 'idle'
    /** What was given last is shown, whichever promise settles first. */
    #turn = 0
    #progress: 'none' | 'upgrading' | 'failed' = 'none'
    #archiveUrl: string | undefined

    constructor() {
      super()
      const root = this.attachShadow({ mode: 'open' })
      root.adoptedStyleSheets = [sheet]
      root.append(this.#parts.badge)
      this.#parts.upgrade.addEventListener('click', () => this.#upgrade())
      draw(this.#parts, this.#view(), this.#strings)
    }

    connectedCallback(): void {
      // Set before the element was defined: they would hide the accessors.
      for (const name of SETTABLE) {
        if (!Object.hasOwn(this, name)) continue
        const value: unknown = Reflect.get(this, name)
        Reflect.deleteProperty(this, name)
        Reflect.set(this, name, value)
      }
      this.#redraw()
    }

    disconnectedCallback(): void {
      this.#releaseArchive()
    }

    attributeChangedCallback(): void {
      this.#redraw()
    }

    get receipt(): AttestedReceipt | undefined {
      return typeof this.#subject === 'object' && 'receipt' in this.#subject ? this.#subject.receipt : undefined
    }

    set receipt(receipt: AttestedReceipt | Promise<AttestedReceipt> | undefined) {
      if (receipt === undefined) this.#set('idle')
      else if (receipt instanceof Promise) this.show(receipt)
      else this.#set({ receipt })
    }

    get error(): unknown {
      return typeof this.#subject === 'object' && 'error' in this.#subject ? this.#subject.error : undefined
    }

    set error(error: unknown) {
      this.#set(error === undefined ? 'idle' : { error })
    }

    get strings(): BadgeStrings {
      return this.#strings
    }

    set strings(strings: Partial<BadgeStrings>) {
      this.#strings = { ...BADGE_STRINGS, ...strings }
      this.#redraw()
    }

    get explain(): Explain {
      return this.#explain
    }

    set explain(explain: Explain) {
      this.#explain = explain
      this.#redraw()
    }

    async show(receipt: AttestedReceipt | Promise<AttestedReceipt>): Promise<void> {
      this.#set('waiting')
      const turn = this.#turn
      const subject: Subject = await Promise.resolve(receipt).then(
        (given) => ({ receipt: given }),
        (error: unknown) => ({ error }),
      )
      if (turn === this.#turn) this.#set(subject)
    }

    #set(subject: Subject): void {
      this.#turn++
      this.#subject = subject
      this.#progress = 'none'
      this.#redraw()
    }

    #view(): BadgeView {
      const options = { strings: this.#strings, explain: this.#explain }
      const subject = this.#subject
      if (subject === 'idle' || subject === 'waiting') return emptyView(subject, options)
      if ('error' in subject) return errorView(subject.error, options)
      try {
        return receiptView(subject.receipt, options)
      } catch (error) {
        // Not a receipt at all: a page in plain JavaScript may give anything.
        return errorView(error, options)
      }
    }

    #redraw(): void {
      const view = this.#view()
      const strings = this.#strings
      const { upgrade, save, progress, summary } = this.#parts
      const hadFocus = this.shadowRoot?.activeElement === upgrade
      this.setAttribute('state', view.state)
      draw(this.#parts, view, strings)
      const isGood = view.state === 'verified' || view.state === 'simulated'
      const { receipt } = this
      upgrade.hidden = !(isGood && receipt?.grade === 'signed' && this.hasAttribute('upgradable'))
      upgrade.textContent = strings.upgrade
      upgrade.ariaDisabled = this.#progress === 'upgrading' ? 'true' : 'false'
      progress.textContent = { none: '', upgrading: strings.upgrading, failed: strings.upgradeFailed }[this.#progress]
      save.textContent = strings.save
      this.#offerArchive(isGood ? receipt : undefined)
      if (hadFocus && upgrade.hidden) summary.focus()
    }

    #offerArchive(receipt: AttestedReceipt | undefined): void {
      this.#releaseArchive()
      const { save } = this.#parts
      save.hidden = receipt?.archive === undefined
      if (receipt?.archive === undefined || !this.isConnected) return
      this.#archiveUrl = URL.createObjectURL(new Blob([receipt.archive.slice()], { type: 'application/cmw+json' }))
      save.href = this.#archiveUrl
      save.download = `${receipt.claims.jti.replace(/[^A-Za-z0-9_-]/g, '')}.cmw.json`
    }

    #releaseArchive(): void {
      if (this.#archiveUrl !== undefined) URL.revokeObjectURL(this.#archiveUrl)
      this.#archiveUrl = undefined
      this.#parts.save.removeAttribute('href')
    }

    async #upgrade(): Promise<void> {
      const { receipt } = this
      if (receipt === undefined || this.#progress === 'upgrading') return
      this.#progress = 'upgrading'
      this.#redraw()
      const turn = this.#turn
      try {
        const upgraded = await receipt.upgrade('quoted')
        if (turn !== this.#turn) return
        this.#set({ receipt: upgraded })
        this.dispatchEvent(new CustomEvent('countersign-receipt', { detail: upgraded, bubbles: true, composed: true }))
      } catch (error) {
        if (turn !== this.#turn) return
        // What was judged and failed is no upgrade to try again: it convicts somebody.
        if (refusedAnswer(error) !== undefined) this.#set({ error })
        else {
          this.#progress = 'failed'
          this.#redraw()
        }
      }
    }
  }
}
