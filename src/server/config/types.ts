/** The configuration after defaults: a measured part, whose digest is in the session, and an operational part. @module */

export interface ModelConfig {
  /** The name that clients use; may contain `/`. */
  readonly id: string
  /** Key into `upstreams`. */
  readonly upstream: string
  /** The name that the upstream knows it by; where it differs from `id`, the request is spliced. */
  readonly name: string
  /** `sha256:…` of the weights, as the operator asserts it; `none` where nobody measured them. Embedded models are measured by the gateway. */
  readonly digest: string
}

export type UpstreamConfig =
  | { readonly kind: 'embedded' }
  | {
      readonly kind: 'http'
      /** Where it runs: `local` inside the measured machine, `remote` elsewhere. */
      readonly location: 'local' | 'remote'
      readonly baseUrl: string
      /** Name of the environment variable that holds the bearer token; never the token. */
      readonly apiKeyEnv?: string
      readonly timeouts: {
        readonly connectMs: number
        readonly firstByteMs: number
        readonly idleMs: number
        readonly totalMs: number
      }
    }

export interface MeasuredConfig {
  /** Host of the log's origin and of `iss`, for example `gw.example.com`. */
  readonly host: string
  readonly models: readonly ModelConfig[]
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>
  readonly limits: { readonly bodyBytes: number; readonly blockBytes: number; readonly answerBytes: number }
}

export interface ApiKeyConfig {
  readonly id: string
  readonly tenant: string
  /** SHA-256 of the key, lower-case hex; the key itself has 32 random octets and is shown once. */
  readonly sha256: string
  /** Model ids that it may use; `all` for every one. */
  readonly models: readonly string[] | 'all'
}

export interface OperationalConfig {
  readonly listen: { readonly host: string; readonly port: number }
  readonly dataDir: string
  readonly apiKeys: readonly ApiKeyConfig[] | 'dangerously-none'
  readonly quoting: { readonly intervalMs: number; readonly deadlineMs: number; readonly statementLifeSeconds: number }
  /** Upper bound of `wait`, seconds. */
  readonly maxWaitSeconds: number
  readonly log: 'json' | 'none'
}

export interface GatewayConfig {
  readonly measured: MeasuredConfig
  readonly operational: OperationalConfig
  /** `sha256:` over JCS of `measured` after defaults. */
  readonly digest: string
}
