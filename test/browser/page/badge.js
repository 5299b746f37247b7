// A page with nothing but the badge: tests give it what it shows, and define it under other names.
import { defineBadge } from 'countersign/badge'

defineBadge()
globalThis.defineBadge = defineBadge
