import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

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
