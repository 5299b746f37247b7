/** When simulated authorities and chips get their certificates in tests. @module */

/**
 * Before every date by which a test judges: the fixed ones of fixtures and today's, whenever that is. The machine's own clock would be right
 * only until it passes the first fixed date.
 */
export const simulatedClock = (): Date => new Date('2026-01-01T00:00:00Z')
