import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The default order goes by the size of a file; these are short and take long, and one that begins last is waited for alone. */
const LONG = [
  'test/faults/short.test.ts',
  'test/replay/series.test.ts',
  'test/replay/live-tools.test.ts',
  'test/fuzz/short.test.ts',
]

class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONG.some((file) => moduleId.endsWith(file))
    const sorted = await super.sort(files)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}

/** Tests run on the sources, without a build, through the condition of package.json's "imports". */
const conditions = ['countersign-source', 'node', 'import', 'default']
/** The examples in docs/ import this package by its name, as applications do. */
const alias = [
  { find: /^countersign$/, replacement: fileURLToPath(new URL('./src/index.ts', import.meta.url)) },
  {
    find: /^countersign\/(openai|ai-sdk|langchain)$/,
    replacement: fileURLToPath(new URL('./src/adapters/$1/index.ts', import.meta.url)),
  },
]

export default defineConfig({
  resolve: { conditions, alias },
  ssr: { resolve: { conditions } },
  test: {
    globalSetup: ['test/kit/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    projects: [
      { extends: true, test: { name: 'node', include: ['test/**/*.test.ts'], exclude: ['test/core/**'] } },
      // Without state there is nothing to isolate: modules are loaded once, not for each file.
      { extends: true, test: { name: 'core', include: ['test/core/**/*.test.ts'], isolate: false } },
      {
        // The same fixtures through the crypto back end of browsers.
        extends: true,
        resolve: { alias: { '#crypto': fileURLToPath(new URL('./src/core/crypto/web.ts', import.meta.url)) } },
        test: {
          name: 'web',
          isolate: false,
          include: [
            'test/core/{receipt,evidence,log,revocation}/*vectors.test.ts',
            'test/core/{snp,tdx,nitro,x509,event-log}/{fixtures,genuine}.test.ts',
            'test/core/resources/index*.test.ts',
            'test/ohttp/*.test.ts',
            'test/core/revocation/hostile.test.ts',
            'test/web/*.test.ts',
          ],
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['src/core/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
      thresholds: { lines: 90, functions: 90, branches: 80, statements: 90 },
    },
  },
})
