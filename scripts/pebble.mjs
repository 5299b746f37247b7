/**
 * Makes the server with which the ACME client is tested: Pebble, with its companion that answers for names. Does nothing where they are there
 * already.
 *
 *   node scripts/pebble.mjs
 */
import { fileURLToPath } from 'node:url'
import { makeGoTool } from './go-tool.mjs'

/** @returns whether they are there */
export function makePebble() {
  return makeGoTool({
    folder: 'pebble',
    packages: {
      pebble: 'github.com/letsencrypt/pebble/v2/cmd/pebble',
      'pebble-challtestsrv': 'github.com/letsencrypt/pebble/v2/cmd/pebble-challtestsrv',
    },
    version: 'v2.10.1',
    what: 'ACME server',
    skipped: 'the tests of public certificates',
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) makePebble()
