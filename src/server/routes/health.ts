/** `/livez` and `/readyz`. @module */
import type { GatewayParts } from './parts.ts'
import { respondJson } from './respond.ts'

/** What readiness rests on; each `ok` or the reason why not. */
export interface Readiness {
  readonly ready: boolean
  readonly phase: string
  readonly evidence: string
  readonly log: string
  readonly upstreams: string
  /** `ok`, or what witnesses saw that the store does not have. It is no reason to serve less: each new log says so itself. */
  readonly history: string
}

export async function judgeReadiness(parts: GatewayParts): Promise<Readiness> {
  const { lifecycle, attester, boot, upstreams, rollback } = parts
  const evidence = attester.evidence === undefined ? attester.reason : 'ok'
  const log = boot.log.failure === undefined ? 'ok' : 'the log cannot be made durable'
  const isChanged = upstreams.models().some(({ weights }) => weights?.change !== undefined)
  const answering = isChanged
    ? 'weights changed on disk'
    : (await upstreams.healthy())
      ? 'ok'
      : 'an upstream does not answer'
  const { phase } = lifecycle
  const ready = phase === 'serving' && [evidence, log, answering].every((state) => state === 'ok')
  return { ready, phase, evidence, log, upstreams: answering, history: rollback ?? 'ok' }
}

export async function showReadiness(parts: GatewayParts): Promise<Response> {
  const readiness = await judgeReadiness(parts)
  return respondJson(readiness, readiness.ready ? 200 : 503)
}

/** A boot whose log has failed cannot recover: whoever watches should replace the process. */
export function showLiveness({ lifecycle }: GatewayParts): Response {
  return lifecycle.phase === 'failed' ? respondJson({ live: false }, 503) : respondJson({ live: true })
}
