/** The configuration of every gateway that is measured: all models of the mock server behind one `http` upstream, no API keys. */
import { MODELS } from './payloads.mjs'

export const gatewayConfig = ({ upstream, dataDir, intervalMs = 1_000 }) => `
measured:
  host: localhost
  models:
${Object.values(MODELS)
  .map((id) => `    - { id: ${id}, upstream: mock }`)
  .join('\n')}
  upstreams:
    mock: { kind: http, location: local, baseUrl: "${upstream}" }
operational:
  listen: { host: 127.0.0.1, port: 0 }
  dataDir: ${JSON.stringify(dataDir)}
  apiKeys: dangerously-none
  quoting: { intervalMs: ${intervalMs} }
  log: none
`
