/**
 * Makes the server with which the bucket driver is tested: versitygw. Does nothing where it is there already.
 *
 *   node scripts/versitygw.mjs
 */
import { fileURLToPath } from 'node:url'
import { makeGoTool } from './go-tool.mjs'

/** @returns whether it is there */
export function makeVersitygw() {
  return makeGoTool({
    folder: 'versitygw',
    packages: { versitygw: 'github.com/versity/versitygw/cmd/versitygw' },
    version: 'v1.8.0',
    what: 'S3 server',
    skipped: 'the tests of the bucket driver',
  })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) makeVersitygw()
