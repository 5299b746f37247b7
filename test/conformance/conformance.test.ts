/** Every variant of answers and errors, shown by every client: `npm run conformance` prints the table. */
import { writeFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { ATTACKS } from './attacks.ts'
import { ATTACKED, type Expected, MATRIX } from './matrix.ts'
import { hasPython } from './python-client.ts'
import { type Survey, type Surveys, takeSurveys } from './survey.ts'
import { NEVER_COMPLETE, REFUSED, VARIANTS } from './variants.ts'

if (!hasPython)
  process.stderr.write('no openai for Python: node scripts/openai-python.mjs makes it; its columns are left out\n')

const STREAMING = ['openai create stream', 'openai .stream()', 'AI SDK streamText', 'LangChain stream']
const WHOLE = ['openai create', 'AI SDK generateText', 'LangChain invoke']
const CLIENTS = [...WHOLE, ...STREAMING, ...(hasPython ? ['Python', 'Python stream'] : [])]

let surveys: Surveys
beforeAll(async () => {
  surveys = await takeSurveys()
  const { COUNTERSIGN_CONFORMANCE: file } = process.env
  if (file !== undefined) writeFileSync(file, JSON.stringify(surveys))
}, 180_000)

/** The row as it must be, for the clients that were asked. */
function expectedOf(expected: Expected, asked: Survey[string]): Survey[string] {
  const of = (client: string): string =>
    typeof expected === 'string' ? expected : (expected[client] ?? expected.others)
  return Object.fromEntries(Object.keys(asked).map((client) => [client, of(client)]))
}

const clientsIn = (row: Survey[string] | undefined): readonly string[] => Object.keys(row ?? {})

describe('the matrix', () => {
  it('has a row for each variant and attack, and a column for each client', () => {
    expect(Object.keys(MATRIX).sort()).toEqual([...Object.keys(VARIANTS), REFUSED].sort())
    expect(Object.keys(ATTACKED).sort()).toEqual(Object.keys(ATTACKS).sort())
    for (const row of [surveys.bare['good'], surveys.verified['good'], surveys.attacked['swapped-answer']])
      expect(clientsIn(row).toSorted()).toEqual(CLIENTS.toSorted())
  })
})

describe.each(Object.entries(MATRIX))('when the model server answers: %s', (variant, { bare, verified }) => {
  it('every client shows what is documented', () => {
    const row = surveys.bare[variant] ?? {}
    expect(clientsIn(row).length).toBeGreaterThanOrEqual(3)
    expect(row).toEqual(expectedOf(bare, row))
  })

  it('every client that verifies does too', () => {
    const row = surveys.verified[variant] ?? {}
    expect(clientsIn(row)).toEqual(clientsIn(surveys.bare[variant]))
    expect(row).toEqual(expectedOf(verified, row))
  })
})

describe('what broke on its way from the model server', () => {
  it.each(CLIENTS)('never looks complete to %s', (client) => {
    const outcomes = NEVER_COMPLETE.flatMap((variant) =>
      [surveys.bare, surveys.verified].flatMap((survey) => {
        const outcome = survey[variant]?.[client]
        return outcome === undefined ? [] : [{ variant, outcome }]
      }),
    )
    expect(outcomes.length).toBeGreaterThan(30)
    for (const { variant, outcome } of outcomes) expect(outcome, variant).toMatch(/^(?:[45]\d\d|broken|unverified) /)
  })
})

/** Rows of checks.md that these codes are of. */
const ROWS: Readonly<Record<string, string>> = {
  RESPONSE_DIGEST_MISMATCH: '[R2] ',
  RESPONSE_INCOMPLETE: '[R3] ',
  RECEIPT_CONTEXT: '[R6] ',
  RECEIPT_VERSION: '[R7] ',
}

describe('when somebody in between attacks', () => {
  const attacks = Object.entries(ATTACKED).map(([variant, expected]) => {
    const code = typeof expected === 'string' ? expected.split(' ').at(-1) : undefined
    return [ROWS[code ?? ''] ?? '', variant, expected] as const
  })

  it.each(attacks)(
    '%severy client that verifies refuses the answer, and names the check: %s',
    (_row, variant, expected) => {
      const row = surveys.attacked[variant] ?? {}
      const forms = ATTACKS[variant]?.forms ?? []
      const asked = CLIENTS.filter((name) => forms.includes([...WHOLE, 'Python'].includes(name) ? 'whole' : 'stream'))
      expect(clientsIn(row).toSorted()).toEqual(asked.toSorted())
      expect(row).toEqual(expectedOf(expected, row))
    },
  )
})
