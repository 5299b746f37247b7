import { expect, test } from 'vitest'
import { type BuiltFile, compareBuilds } from '../../../../src/core/measurement/image/index.ts'

const file = (path: string, content = 'sha256:aa', mode = 0o644): BuiltFile => ({ path, kind: 'file', mode, content })
const BUILD = [file('a'), file('b'), file('c')]

test('[M6] finds no difference between equal builds, in whatever order they are listed', () => {
  expect(compareBuilds(BUILD, [...BUILD].reverse())).toEqual([])
})

test.each([
  ['other octets', [file('a'), file('b', 'sha256:bb'), file('c', 'sha256:cc')], 'b'],
  ['another mode', [file('a', 'sha256:aa', 0o755), file('b'), file('c')], 'a'],
  ['another kind', [{ ...file('a'), kind: 'link' }, file('b'), file('c')], 'a'],
  ['a file less', [file('a'), file('b')], 'c'],
  ['a file more', [...BUILD, file('aa')], 'aa'],
] as const)('[M6] names the first file with %s', (_, other, where) => {
  expect(compareBuilds(BUILD, other)).toMatchObject([{ code: 'BUILD_NOT_REPRODUCIBLE', where }])
  expect(compareBuilds(other, BUILD)).toMatchObject([{ code: 'BUILD_NOT_REPRODUCIBLE', where }])
})

test('[M6] refuses builds without files and lists with a path twice', () => {
  expect(compareBuilds([], [])).toMatchObject([{ code: 'BUILD_NOT_REPRODUCIBLE' }])
  expect(compareBuilds(BUILD, [])).toMatchObject([{ code: 'BUILD_NOT_REPRODUCIBLE' }])
  expect(compareBuilds([...BUILD, file('a')], [...BUILD, file('a')])).toMatchObject([
    { code: 'BUILD_NOT_REPRODUCIBLE' },
  ])
})
