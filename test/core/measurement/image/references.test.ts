import { expect, test } from 'vitest'
import { checkDockerfile, checkImageReference } from '../../../../src/core/measurement/image/index.ts'

const DIGEST = `sha256:${'ab'.repeat(32)}`
const codes = (text: string, given?: Record<string, string>): readonly string[] =>
  checkDockerfile(text, { file: 'Dockerfile', ...(given === undefined ? {} : { given }) }).map(
    ({ code, where }) => `${code} ${where}`,
  )

test('[M4] takes base images by digest, stages that were built before, and scratch', () => {
  expect(
    codes(`# a comment: FROM debian:12
FROM --platform=linux/amd64 registry.example:5000/library/debian:12@${DIGEST} AS build
RUN --mount=type=cache,target=/x true
FROM scratch
COPY --from=build /a /b
COPY --from=0 /a \\
  /b
`),
  ).toEqual([])
})

test.each([
  ['a tag', 'FROM debian:12'],
  ['no tag at all', 'FROM debian'],
  ['a digest that is cut', `FROM debian@sha256:${'ab'.repeat(31)}`],
  ['a digest of a weaker hash', `FROM debian@sha1:${'ab'.repeat(20)}`],
  ['a tag after a platform', 'FROM --platform=linux/amd64 debian:12'],
  ['a tag on a continued line', 'FROM \\\n  debian:12'],
  ['lower-case words', 'from debian:12 as x'],
  ['a default that is a tag', `ARG BASE=debian:12\nFROM \${BASE}`],
  ['an argument that nobody declared', `FROM \${BASE}`],
  ['a name with an argument in it', `ARG TAG\nFROM debian:$TAG`],
  ['no image', 'RUN true'],
])('[M4] refuses %s', (_, text) => {
  expect(codes(text)[0]).toMatch(/^IMAGE_NOT_DIGEST Dockerfile/)
})

test.each([
  ['COPY --from', 'COPY --from=alpine:3 /a /b'],
  ['RUN --mount', 'RUN --mount=type=bind,from=alpine:3,target=/x true'],
])('[M4] refuses an image by tag in %s', (_, line) => {
  expect(codes(`FROM scratch\n${line}`)).toEqual(['IMAGE_NOT_DIGEST Dockerfile:2'])
})

test('[M4] refuses a syntax directive by tag, which rewrites every other line', () => {
  expect(codes('# syntax=docker/dockerfile:1\nFROM scratch')).toEqual(['IMAGE_NOT_DIGEST Dockerfile:1'])
})

test.each([
  ['a here-document, which could declare a stage', `RUN <<EOF\nFROM x@${DIGEST} AS alpine\nEOF\nFROM alpine`],
  ['another sign for continued lines', `# escape=\`\nFROM x@${DIGEST}\nRUN dir c:\\\nFROM alpine`],
  [
    'a stage in a line that an empty one does not end',
    `FROM scratch\nRUN a \\\n\nFROM x@${DIGEST} AS alpine\nFROM alpine`,
  ],
  ['a syntax directive as other files spell it', '// syntax=docker/dockerfile:1\nFROM scratch'],
  ['a syntax directive in JSON', '{"syntax": "docker/dockerfile:1"}\nFROM scratch'],
  ['a mount in other letters', 'FROM scratch\nRUN --mount=type=bind,FROM=alpine,target=/x true'],
  ['a mount in quotes', 'FROM scratch\nRUN --mount=type=bind,"from=alpine",target=/x true'],
])('[M4] refuses %s', (_, text) => {
  expect(codes(text)).not.toEqual([])
})

test('[M4] judges what a build is given in place of a default, and what it is given for nothing', () => {
  const text = `ARG BASE=debian@${DIGEST}\nFROM \${BASE}`
  expect(codes(text)).toEqual([])
  expect(codes(text, { BASE: 'debian:12' })).toHaveLength(1)
  expect(codes(text, { OTHER: `debian@${DIGEST}` })).toHaveLength(1)
})

test('[M4] judges what an argument without a default is given', () => {
  const text = `ARG BASE\nFROM \${BASE}`
  expect(codes(text)).toEqual(['IMAGE_NOT_DIGEST Dockerfile:2'])
  expect(codes(text, { BASE: 'debian:12' })).toEqual(['IMAGE_NOT_DIGEST Dockerfile:2'])
  expect(codes(text, { BASE: `debian@${DIGEST}` })).toEqual([])
})

test('[M4] judges a reference that a script was given', () => {
  expect(checkImageReference(`debian@${DIGEST}`)).toEqual([])
  expect(checkImageReference('debian:12')).toEqual([{ code: 'IMAGE_NOT_DIGEST', where: 'image', detail: 'debian:12' }])
  expect(checkImageReference(`debian@${DIGEST} `)).toHaveLength(1)
})
