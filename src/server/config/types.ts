/** The configuration after defaults: a measured part, whose digest is in the session, and an operational part. @module */
import type { Determinism } from '../../core/receipt/claims.ts'
import type { ToolServerConfig } from '../../tools/index.ts'
import type { NumericParameter, PerParameter } from './numeric-parameters.ts'

export type { ToolServerConfig } from '../../tools/index.ts'

export interface ModelConfig {
  /** The name that clients use; may contain `/`. */
  readonly id: string
  /** Key into `upstreams`. */
  readonly upstream: string
  /** The name that the upstream knows it by; where it differs from `id`, the request is spliced. */
  readonly name: string
  /** `sha256:…` of the weights, as the operator asserts it; `none` where nobody measured them. Embedded models are measured by the gateway. */
  readonly digest: string
  /** A folder on this machine that the gateway measures at boot: then the digest in receipts is what it comes to. */
  readonly weights?: WeightsConfig
  /** A model alias: every request for it gets this prompt, which then takes no variables. */
  readonly prompt?: { readonly id: string; readonly version: string }
  /** Sampling parameters that requests get where they have none; in the words of the upstream. */
  readonly defaults?: PerParameter<number>
  /** What the upstream calls parameters that clients have other names for. */
  readonly rename?: PerParameter<NumericParameter>
  /** Tokens of prompt and answer that the model takes, as the operator asserts it. */
  readonly contextTokens?: number
  /** A model alias: every request for it is offered these tools. */
  readonly tools?: readonly ModelToolsConfig[]
}

export interface ModelToolsConfig {
  /** An id of `tools`. */
  readonly server: string
  /** Names of its tools; absent for all. */
  readonly allowed?: readonly string[]
}

export interface WeightsConfig {
  readonly directory: string
  /** What the folder must come to: any other root refuses the boot. */
  readonly root?: string
  /** Who must have signed the files (OpenSSF Model Signing v1): anything else refuses the boot. */
  readonly publisher?: PublisherConfig
}

/** Keys and digests stand here themselves, so that the session's digest of the configuration covers whom the gateway trusted. */
export type PublisherConfig =
  | {
      readonly kind: 'sigstore'
      /** `model.sig` in the folder where it is not given. */
      readonly bundleFile?: string
      readonly identity: string
      readonly issuer: string
      /** A `trusted_root.json`; nothing is downloaded. */
      readonly trustedRootFile: string
      readonly trustedRootDigest: string
    }
  | {
      readonly kind: 'key'
      readonly bundleFile?: string
      /** PEM. */
      readonly publicKey: string
    }

/** What the operator says of a model server. Nobody checks it; sessions name it with source `operator`. */
export interface EngineConfig {
  readonly name: string
  readonly version: string
  readonly determinism: Determinism
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
      /** Absent: receipts say that the version is not known. */
      readonly engine?: EngineConfig
      readonly timeouts: {
        readonly connectMs: number
        readonly firstByteMs: number
        readonly idleMs: number
        readonly totalMs: number
      }
    }

/** A versioned prompt: Liquid text in a file of its own, chosen by requests or by an alias. */
export interface PromptConfig {
  readonly id: string
  readonly version: string
  readonly file: string
  /** `sha256:…` of the file: what is measured is the text, wherever it lies. */
  readonly digest: string
  /** Whose message it becomes in a chat. */
  readonly role: 'system' | 'developer' | 'user'
}

/** A folder of documents that requests can search (`file_search`). */
export interface CollectionConfig {
  readonly id: string
  readonly directory: string
  /** Root of its index: `countersign measure index DIR` prints it. A folder that comes to another one is refused. */
  readonly root: string
  /** UTF-16 units of one chunk; part of the root. */
  readonly maxCharacters: number
  /** Chunks for one request, where it does not say. */
  readonly results: number
  /** Chunks are ranked by vectors of this model too; absent for words alone. */
  readonly embeddings?: {
    /** Id of a model of this configuration. */
    readonly model: string
  }
}

/** Conversations that the gateway remembers, sealed under the API keys of those who led them. */
export interface MemoryConfig {
  /** Days after its newest answer for which a conversation can be gone on with. */
  readonly retentionDays: number
  /** Octets of messages of one conversation. */
  readonly maxBytes: number
  /** Answers of one conversation; absent where only its size counts. */
  readonly maxTurns?: number
}

export interface MeasuredConfig {
  /** Host of the log's origin and of `iss`, for example `gw.example.com`. */
  readonly host: string
  readonly models: readonly ModelConfig[]
  readonly upstreams: Readonly<Record<string, UpstreamConfig>>
  /** Of one id the last is used where a request names no version. Absent: the member `prompt` is the model server's matter. */
  readonly prompts?: readonly PromptConfig[]
  /** Absent: the tool `file_search` is the model server's matter. */
  readonly collections?: readonly CollectionConfig[]
  /** Absent: `previous_response_id` and `store` are the model server's matter. */
  readonly memory?: MemoryConfig
  /** Absent: tools of type `mcp` are the model server's matter. */
  readonly tools?: readonly ToolServerConfig[]
  /** Calls of tools that one request gets at most; absent for 4. */
  readonly toolCalls?: number
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

export type StorageConfig =
  | { readonly kind: 'file' }
  | {
      readonly kind: 's3'
      /** Of an S3-compatible server; absent for AWS. */
      readonly endpoint?: string
      readonly region: string
      readonly bucket: string
      /** Before every name, ends in `/` or is empty. */
      readonly prefix: string
    }

/**
 * How the gateway speaks TLS itself, with a key made in the TEE at boot. `none`: something in front ends it, and reads along unless clients
 * encrypt to the gateway (OHTTP).
 */
export type TlsConfig =
  | { readonly kind: 'none' }
  /** Attested clients compare the key; nobody else can tell it from any other. */
  | { readonly kind: 'self-signed' }
  /** A public certificate over the same key, by RFC 8555 with the challenge tls-alpn-01. */
  | {
      readonly kind: 'acme'
      readonly directoryUrl: string
      readonly contact: string
      /** Roots that the directory's own certificate is verified with, PEM; `system` for those of Node. */
      readonly directoryRootsFile: string | 'system'
    }

export interface OperationalConfig {
  readonly listen: { readonly host: string; readonly port: number }
  readonly tls: TlsConfig
  /** Folder of the `file` store; with `s3` nothing lies here. */
  readonly dataDir: string
  readonly storage: StorageConfig
  /** Names the chain of logs that this gateway continues, boot by boot. Gateways that share a store have different ones. */
  readonly lineage: string
  readonly apiKeys: readonly ApiKeyConfig[] | 'dangerously-none'
  readonly quoting: {
    /** Longest delay of a batch, and least time between two quotes while fewer than `batchSize` receipts wait. */
    readonly intervalMs: number
    readonly deadlineMs: number
    readonly statementLifeSeconds: number
    /** As many waiting receipts ask for a quote at once. */
    readonly batchSize: number
  }
  /** Which hardware is asked; `auto` takes what answers. */
  readonly quoter: 'auto' | 'configfs' | 'nsm'
  /** Whether AMD's and Intel's servers are asked for what their evidence needs; `none` leaves that to clients. */
  readonly collateral: 'vendors' | 'none'
  /** Path of a tlog-policy file with the URLs of the witnesses; `none` where nobody cosigns. */
  readonly witnesses: 'none' | { readonly policyFile: string; readonly enrolmentTokenEnv: string | 'none' }
  /** Sealed receipts are removed this long after they were made; leaves and quotes stay. */
  readonly retentionDays: number | 'forever'
  /** Hours between two full readings of what is stored; 0 for never. */
  readonly scrubHours: number
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
