/**
 * Refuses base images by tag (M4).
 *   node enclave/check-dockerfile.mjs DOCKERFILE [NAME=IMAGE]…    where NAME is an ARG without a default
 */
import { readFileSync } from 'node:fs'
import { checkDockerfile } from '../dist/core/measurement/image/index.js'
import './plain-errors.mjs'

const [file, ...given] = process.argv.slice(2)
if (file === undefined) throw new Error('usage: node enclave/check-dockerfile.mjs DOCKERFILE [NAME=IMAGE]…')
const values = Object.fromEntries(given.map((word) => [word.split('=', 1)[0], word.slice(word.indexOf('=') + 1)]))
const findings = checkDockerfile(readFileSync(file, 'utf8'), { file, given: values })
for (const { code, where, detail } of findings) console.error(`${code} ${where}: ${detail}`)
if (findings.length > 0) process.exitCode = 1
else console.log(`every image of ${file} is named by its digest`)
