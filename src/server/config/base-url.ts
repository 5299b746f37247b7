/** Judges the base URL of a model server: it is part of the measured configuration, so it must say exactly where requests go. @module */
import { isInsideMachine, isLoopback } from '../../core/receipt/upstream-host.ts'

/** What is wrong with the URL and what to do; undefined when nothing is. The text never repeats the URL, which may hold a password. */
export function checkBaseUrl(text: string, location: 'local' | 'remote'): string | undefined {
  if (!URL.canParse(text)) return 'must be an absolute URL such as http://127.0.0.1:8000'
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return 'must begin with http:// or https://'
  if (url.username !== '' || url.password !== '') return 'must hold no user or password: name a variable in apiKeyEnv'
  if (text.includes('?') || text.includes('#')) return 'must hold no query and no fragment'
  const path = url.pathname.replace(/\/$/, '')
  if (path.endsWith('/v1')) return 'must not end in /v1: it is part of the path of each request'
  // Only one spelling: `http://2130706433`, `HTTP://Host`, `/a/../b` and the like are parsed into something else.
  if (text !== `${url.origin}${url.pathname}` && text !== `${url.origin}${path}`)
    return 'must be written in its normal form: lower case, no default port, no .. in the path'
  if (!/^(?:\/[A-Za-z0-9._~-]+)*$/.test(path)) return 'must have a plain path'
  return checkPlace(url, location)
}

function checkPlace(url: URL, location: 'local' | 'remote'): string | undefined {
  // `local` becomes a claim in every receipt, that the prompt did not leave the measured machine: verifiers hold it against the peer.
  if (location === 'local' && !isInsideMachine(url.hostname))
    return 'names another machine: write `location: remote`, or a loopback address'
  if (location === 'remote' && url.protocol === 'http:' && !isLoopback(url.hostname))
    return 'must begin with https://: prompts would leave this machine in clear'
  return undefined
}
