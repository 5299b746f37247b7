/** The arrows of docs/architecture.md: what may import what. */
const from = (path, pathNot) => ({ path, ...(pathNot ? { pathNot } : {}) })

/** Folders below src/core and the ones that they may import. */
const CORE = {
  encoding: [],
  crypto: ['encoding'],
  x509: ['encoding', 'crypto'],
  log: ['encoding', 'crypto'],
  ohttp: ['encoding'],
  snp: ['encoding', 'crypto', 'x509'],
  tdx: ['encoding', 'crypto', 'x509'],
  cose: ['encoding'],
  nitro: ['encoding', 'crypto', 'x509', 'cose'],
  'event-log': ['encoding', 'crypto'],
  'failure-codes': [],
  measurement: ['encoding', 'crypto', 'tdx', 'nitro'],
  evidence: ['encoding', 'crypto', 'x509', 'snp', 'tdx', 'nitro', 'event-log', 'log', 'ohttp', 'measurement'],
  transform: ['encoding', 'crypto', 'evidence'],
  receipt: ['encoding', 'crypto', 'evidence', 'log', 'transform'],
  archive: ['encoding', 'crypto', 'evidence', 'log', 'transform', 'receipt', 'snp', 'tdx', 'event-log'],
}

/** Folders below src and the ones that they may import. */
const TOP = {
  client: ['core', 'collateral'],
  'client-node': ['client', 'receipt-store', 'collateral', 'core'],
  ohttp: ['core'],
  'client-ohttp': ['client', 'ohttp', 'core'],
  'receipt-store': ['client', 'core'],
  adapters: ['client', 'core'],
  badge: ['client', 'core'],
  proxy: ['client', 'client-node', 'client-ohttp', 'receipt-store', 'core'],
  collateral: ['core'],
  storage: ['core'],
  audit: ['core'],
  witness: ['core', 'storage'],
  quoter: ['core'],
  simulator: ['core'],
  engine: ['core'],
  measure: ['core'],
  issuing: ['core'],
  server: ['core', 'storage', 'engine', 'collateral', 'issuing', 'ohttp'],
  cli: [
    'core',
    'storage',
    'audit',
    'witness',
    'client',
    'client-node',
    'client-ohttp',
    'receipt-store',
    'proxy',
    'server',
    'simulator',
    'engine',
    'collateral',
    'quoter',
    'measure',
    'issuing',
  ],
}

/** Libraries, each with the one place that may import it. */
const LIBRARIES = {
  '@aws-sdk/client-s3': '^src/storage/s3/',
  undici: '^src/(server/(upstream|witnessing)|client-node)/',
  zod: '^src/server/config/',
  yaml: '^src/server/config/',
  hono: '^src/(server|proxy)/',
  '@hono/node-server': '^src/(server|proxy)/',
  '@hpke/core': '^src/ohttp/',
  '@hpke/hybridkem-x-wing': '^src/ohttp/',
  '@peculiar/x509': '^src/issuing/',
  'reflect-metadata': '^src/issuing/',
  'acme-client': '^src/server/tls/',
  ai: '^src/adapters/ai-sdk/',
  '@ai-sdk/openai-compatible': '^src/adapters/ai-sdk/',
  '@langchain/(?:core|openai)': '^src/adapters/langchain/',
}

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'src-runs-without-tools',
      severity: 'error',
      comment: 'the demo shows the openai client where it is installed; adapters are for whoever has their library',
      from: from('^src/'),
      to: { dependencyTypes: ['npm-dev'], pathNot: 'node_modules/(openai|ai|@ai-sdk|@langchain)/' },
    },
    { name: 'src-never-imports-tests', severity: 'error', from: from('^src/'), to: { path: '^(test|bench|scripts)/' } },
    ...Object.entries(CORE).map(([folder, allowed]) => ({
      name: `core-${folder}`,
      severity: 'error',
      from: from(`^src/core/${folder}/`),
      to: { path: '^src/core/[^/]+/', pathNot: `^src/core/(${[folder, ...allowed].join('|')})/` },
    })),
    {
      name: 'core-imports-core',
      severity: 'error',
      from: from('^src/core/'),
      to: { path: '^src/', pathNot: '^src/(core/|errors[.]ts$)' },
    },
    {
      name: 'core-is-pure',
      severity: 'error',
      from: from('^src/core/', '^src/core/crypto/node[.]ts$'),
      to: { dependencyTypes: ['core'] },
    },
    ...Object.entries(TOP).map(([folder, allowed]) => ({
      name: `src-${folder}`,
      severity: 'error',
      from: from(`^src/${folder}/`),
      to: { path: '^src/', pathNot: `^src/(${[folder, ...allowed].join('|')})/|^src/errors[.]ts$` },
    })),
    ...Object.entries(LIBRARIES).map(([library, place]) => ({
      name: `one-place-for-${library.replace(/\W+/g, '-')}`,
      severity: 'error',
      from: from('^src/', place),
      to: { path: `node_modules/${library}/` },
    })),
    {
      name: 'verifier-stays-small',
      severity: 'error',
      comment: 'the public entry must run in a browser: no server, no Node',
      from: from('^src/index[.]ts$'),
      to: {
        path: '^src/(server|cli|simulator|client-node|client-ohttp|ohttp|receipt-store|adapters|badge|proxy|issuing|engine|storage|witness|audit)/|node_modules/(hono|undici|zod|yaml|@hono|@hpke|@peculiar)/',
        reachable: true,
      },
    },
    {
      name: 'commands-do-not-import-each-other',
      severity: 'error',
      from: from('^src/cli/commands/([^/]+)'),
      to: { path: '^src/cli/commands/([^/]+)', pathNot: '^src/cli/commands/$1' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['countersign-source', 'node', 'import', 'types', 'default'],
    },
  },
}
