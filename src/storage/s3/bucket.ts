/** The few requests that a store makes of a bucket, and what their failures mean. The one place that knows the library. @module */
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import { CountersignError } from '../../errors.ts'
import type { S3Place } from '../storage-config.ts'

export interface Found {
  readonly bytes: Uint8Array
  /** Names these octets in `If-Match`. */
  readonly etag: string
  /** Octets of the whole object. */
  readonly size: number
}

export interface Range {
  readonly offset: number
  readonly length: number
}

export interface Listed {
  readonly objects: readonly { readonly key: string; readonly size: number }[]
  readonly folders: readonly string[]
}

/** What a put asks of the object that is there: none, or these octets. */
export type Condition = { readonly absent: true } | { readonly etag: string }

const REQUEST_MS = 10_000
const ATTEMPTS = 4
/** The most that one request may remove. */
const MAX_REMOVED = 1000

/** Keys are whole: whoever calls puts the prefix before them. */
export class Bucket {
  readonly #client: S3Client
  readonly #bucket: string

  constructor({ endpoint, region, bucket }: Omit<S3Place, 'prefix'>, timeoutMs: number = REQUEST_MS) {
    this.#bucket = bucket
    this.#client = new S3Client({
      region,
      maxAttempts: ATTEMPTS,
      // The first and second end what is not answered; the third what stops amid an answer.
      requestHandler: {
        requestTimeout: timeoutMs,
        throwOnRequestTimeout: true,
        socketTimeout: timeoutMs,
        connectionTimeout: timeoutMs,
      },
      // Servers other than Amazon's seldom have a name for each bucket, or know its newer checksums.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    })
  }

  /** @throws CountersignError ERR_STATE above `limit` octets, before they are taken */
  async get(key: string, limit: number, range?: Range): Promise<Found | undefined> {
    if (range?.length === 0) return this.#getEmpty(key)
    try {
      const answer = await this.#client.send(
        new GetObjectCommand({
          Bucket: this.#bucket,
          Key: key,
          ...(range && { Range: `bytes=${range.offset}-${range.offset + range.length - 1}` }),
        }),
      )
      const length = answer.ContentLength ?? 0
      if (length > limit) {
        // Nobody will read it: the connection must not wait for that.
        await answer.Body?.transformToWebStream().cancel()
        throw new CountersignError('ERR_STATE', `${key} is larger than ${limit} octets`)
      }
      const bytes = (await answer.Body?.transformToByteArray()) ?? new Uint8Array(0)
      const whole = /\/([0-9]+)$/.exec(answer.ContentRange ?? '')?.[1]
      return { bytes, etag: answer.ETag ?? '', size: whole === undefined ? bytes.length : Number(whole) }
    } catch (error) {
      if (isStatus(error, 404)) return undefined
      if (isStatus(error, 416)) return { bytes: new Uint8Array(0), etag: '', size: 0 }
      throw error
    }
  }

  /** @returns false when the condition does not hold */
  async put(key: string, bytes: Uint8Array, condition?: Condition): Promise<boolean> {
    try {
      await this.#client.send(
        new PutObjectCommand({
          Bucket: this.#bucket,
          Key: key,
          Body: bytes,
          ContentLength: bytes.length,
          ...(condition && ('absent' in condition ? { IfNoneMatch: '*' } : { IfMatch: condition.etag })),
        }),
      )
      return true
    } catch (error) {
      // 409: another conditional write of this key is on its way and will win. 404: there is nothing to match.
      if (condition && isStatus(error, 404, 409, 412)) return false
      throw error
    }
  }

  /** All directly below a prefix, which is empty or ends in a slash. */
  async list(prefix: string): Promise<Listed> {
    const objects: { readonly key: string; readonly size: number }[] = []
    const folders: string[] = []
    let token: string | undefined
    do {
      const page = await this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: prefix,
          Delimiter: '/',
          ...(token !== undefined && { ContinuationToken: token }),
        }),
      )
      for (const { Key, Size } of page.Contents ?? [])
        if (Key !== undefined) objects.push({ key: Key, size: Size ?? 0 })
      for (const { Prefix } of page.CommonPrefixes ?? []) if (Prefix !== undefined) folders.push(Prefix)
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined
    } while (token !== undefined)
    return { objects, folders }
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (let i = 0; i < keys.length; i += MAX_REMOVED) {
      const Objects = keys.slice(i, i + MAX_REMOVED).map((Key) => ({ Key }))
      const { Errors } = await this.#client.send(
        new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects, Quiet: true } }),
      )
      const failed = Errors?.find(({ Code }) => Code !== 'NoSuchKey')
      if (failed) throw new Error(`the bucket did not remove ${failed.Key ?? 'an object'}: ${failed.Code ?? 'unknown'}`)
    }
  }

  async #getEmpty(key: string): Promise<Found | undefined> {
    const found = await this.get(key, 1, { offset: 0, length: 1 })
    return found && { ...found, bytes: new Uint8Array(0) }
  }
}

function isStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof S3ServiceException && statuses.some((status) => error.$metadata.httpStatusCode === status)
}
