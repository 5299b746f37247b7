/** The day on which this release was made: no live clock can honestly stand before it. Raised with each release. @module */

export const BUILT_AT: Date = new Date('2026-11-21T00:00:00Z')
