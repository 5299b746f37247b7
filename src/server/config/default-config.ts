/** Configurations that come with the package: the demo's, and an example to start from. @module */
import { decodeConfig } from './decode-config.ts'
import type { Environment } from './environment.ts'
import type { GatewayConfig } from './types.ts'

/** Name of the embedded model; must be the `name` in model/config.json. */
export const EMBEDDED_MODEL_ID = 'countersign-demo-2m'

const DEMO = `
measured:
  host: localhost
  models:
    - id: ${EMBEDDED_MODEL_ID}
      upstream: embedded
  upstreams:
    embedded:
      kind: embedded
operational:
  apiKeys: dangerously-none
`

/** The demo's configuration: the embedded model on a loopback address, without API keys. @throws CountersignError ERR_CONFIG for a wrong variable */
export function createDefaultConfig({ env = {} }: { readonly env?: Environment } = {}): GatewayConfig {
  return decodeConfig(DEMO, { env, file: 'default configuration' })
}

/** A commented file to start from. It decodes as it stands; nobody has the API key in it. */
export const exampleConfig: string = `# Countersign gateway. Unknown fields are refused. Check with: countersign config check FILE

# Everything under measured is digested into the session: a change shows to every verifier.
measured:
  # Host of the log and of the receipts' issuer.
  host: gw.example.com
  models:
    - id: example/chat-8b # what clients ask for; may contain a slash
      upstream: vllm
      name: chat-8b # what the server calls it; the request is spliced, and the receipt says so
      digest: none # sha256:… of the weights where you measured them yourself
      # weights: # or have the gateway measure them at boot
      #   directory: /models/chat-8b
      #   root: sha256:… # what the folder must come to; countersign measure model prints it
    - id: ${EMBEDDED_MODEL_ID}
      upstream: embedded # its weights are measured by the gateway
  upstreams:
    vllm:
      kind: http
      location: local # inside this machine; remote for a server elsewhere
      baseUrl: http://127.0.0.1:8000 # without /v1
      # apiKeyEnv: VLLM_API_KEY # name of the variable that holds the bearer token
      # engine: { name: vllm, version: 0.9.1, determinism: best-effort } # your word: receipts and sessions say so
      timeouts:
        connectMs: 5000
        firstByteMs: 120000
        idleMs: 60000
        totalMs: 900000
    embedded:
      kind: embedded
  limits:
    bodyBytes: 8388608
    blockBytes: 1048576
    answerBytes: 67108864

# May change without a new session. The simple ones have environment variables.
operational:
  listen:
    host: 127.0.0.1
    port: 8787
  tls:
    kind: none # or self-signed, which attested clients compare with the session; or acme, with directoryUrl and contact
  dataDir: ./countersign-data
  # A list, or the word dangerously-none. Make a key with: countersign keys add
  apiKeys:
    - id: first
      tenant: example
      sha256: "0000000000000000000000000000000000000000000000000000000000000000"
      models: all
  quoting:
    intervalMs: 1000
    deadlineMs: 2000
    statementLifeSeconds: 10800
    batchSize: 1000
  quoter: auto # the hardware that answers; or configfs (SEV-SNP, TDX), nsm (Nitro): countersign doctor shows what is there
  collateral: vendors # ask AMD and Intel for what vouches for their evidence; or none
  storage:
    kind: file # or s3, with region and bucket
  lineage: main # the chain of logs that this gateway continues; gateways that share a store have different ones
  witnesses: none # or policyFile: a tlog-policy file with the addresses of the witnesses
  retentionDays: forever # sealed receipts are removed after so many days; the log stays
  scrubHours: 24
  maxWaitSeconds: 30
  log: json
`
