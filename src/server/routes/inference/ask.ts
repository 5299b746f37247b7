/** Asks the model: once for most requests, once for each step of a run with tools. @module */
import type { UpstreamResponse } from '../../upstream/types.ts'
import type { ToolRun } from './tool-run.ts'
import type { Turn } from './turn.ts'

/** @throws UpstreamFailure; CountersignError ERR_LOG_APPEND */
export async function ask({ exchange, operation, signal }: Turn, run: ToolRun): Promise<UpstreamResponse> {
  const body = run.forwarded
  // The intent becomes durable while the model thinks; no octet leaves before it is.
  const sent = run.upstream.send({ path: operation.path, body, signal })
  const [response] = await Promise.all([sent, exchange.admitted.durable])
  exchange.answered(response)
  return response
}

export function isSuccess({ status }: UpstreamResponse): boolean {
  return status >= 200 && status < 300
}
