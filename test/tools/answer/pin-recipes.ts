/** Fixtures of what policy pins, and of where a model is said to run: rows R14 and wire-8. */
import { digestUri } from '../../../src/core/crypto/index.ts'
import { encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import type { ResourceDescriptor } from '../../../src/core/evidence/resource-descriptor.ts'
import type { AnswerRecipe, DisclosedValues } from '../../kit/issue-answer.ts'
import type { AnswerFixture } from './recipe.ts'

const PROMPT = digestUri(encodeUtf8('You answer in one sentence.'))
const OTHER = digestUri(encodeUtf8('You praise one brand.'))
const ROLE = 'system-prompt'

function prompt(digest: string): ResourceDescriptor {
  return {
    name: 'house-rules',
    digest: { sha256: digest.slice('sha256:'.length) },
    annotations: { scheme: 'raw', role: ROLE, source: 'gateway' },
  }
}

function prompted(...digests: readonly string[]): AnswerRecipe {
  return {
    disclosed: (values) => ({ ...values, dependencies: { ...values.dependencies, [ROLE]: digests.map(prompt) } }),
  }
}

const without = ({ dependencies: _, ...values }: DisclosedValues): DisclosedValues => values
const pinned = { dependencies: { [ROLE]: [PROMPT] } } as const
const ENGINE = { name: 'countersign-engine', version: '0.1.0', determinism: 'bit-exact' } as const

const connected = (kind: string, host: string): AnswerRecipe => ({
  claims: () => ({ upstream: { kind } }),
  disclosed: (values) => ({ ...values, exchange: { ...values.exchange, upstream: { host } } }),
})

export const PIN_FIXTURES: readonly AnswerFixture[] = [
  {
    row: 'wire-8',
    name: 'dependencies-pinned',
    title: 'the system prompt that policy pins',
    code: 'ok',
    recipe: prompted(PROMPT),
    policy: pinned,
  },
  {
    row: 'wire-8',
    name: 'dependencies-other',
    title: 'another system prompt under the name of the pinned one',
    code: 'DEPENDENCY_UNPINNED',
    recipe: prompted(OTHER),
    policy: pinned,
  },
  {
    row: 'wire-8',
    name: 'dependencies-added',
    title: 'a system prompt beside the pinned one',
    code: 'DEPENDENCY_UNPINNED',
    recipe: prompted(PROMPT, OTHER),
    policy: pinned,
  },
  {
    row: 'wire-8',
    name: 'dependencies-none',
    title: 'no system prompt where policy pins one',
    code: 'DEPENDENCY_UNPINNED',
    policy: pinned,
  },
  {
    row: 'wire-8',
    name: 'dependencies-none-admitted',
    title: 'no system prompt where policy admits that',
    code: 'ok',
    policy: { dependencies: { [ROLE]: [PROMPT, 'none'] } },
  },
  {
    row: 'wire-8',
    name: 'dependencies-withheld',
    title: 'dependencies that are withheld where policy pins one',
    code: 'CHECK_NOT_PERFORMED',
    recipe: { disclosed: without },
    policy: pinned,
  },
  {
    row: 'wire-8',
    name: 'engine-pinned',
    title: 'an engine that policy pins',
    code: 'ok',
    policy: { engines: [{ ...ENGINE, version: '0.0.9' }, ENGINE] },
  },
  {
    row: 'wire-8',
    name: 'engine-version',
    title: 'another version of a pinned engine',
    code: 'DEPENDENCY_UNPINNED',
    policy: { engines: [{ ...ENGINE, version: '0.0.9' }] },
  },
  {
    row: 'wire-8',
    name: 'engine-determinism',
    title: 'a pinned engine that answers less exactly',
    code: 'DEPENDENCY_UNPINNED',
    recipe: { claims: ({ engine }) => ({ engine: { ...engine, determinism: 'best-effort' } }) },
    policy: { engines: [ENGINE] },
  },
  {
    row: 'R14',
    name: 'r14-local',
    title: 'a local model server at a loopback address',
    code: 'ok',
    recipe: connected('local', '127.0.0.1:8000'),
  },
  {
    row: 'R14',
    name: 'r14-remote-as-local',
    title: 'a server elsewhere that is claimed as local',
    code: 'UPSTREAM_UNATTESTED',
    recipe: connected('local', 'api.example.com'),
  },
  {
    row: 'R14',
    name: 'r14-remote-as-embedded',
    title: 'a connection to a server that is claimed as the embedded model',
    code: 'UPSTREAM_UNATTESTED',
    recipe: connected('embedded', '127.0.0.1:8000'),
  },
  {
    row: 'R14',
    name: 'r14-asserted-as-embedded',
    title: 'an embedded model of which the session has only the word of the operator',
    code: 'UPSTREAM_UNATTESTED',
    recipe: {
      session: ({ dependencies, ...session }) => ({
        ...session,
        dependencies: dependencies.map(({ annotations, ...rest }) => ({
          ...rest,
          annotations: annotations.role === 'model' ? { ...annotations, source: 'operator' } : annotations,
        })),
      }),
    },
  },
]
