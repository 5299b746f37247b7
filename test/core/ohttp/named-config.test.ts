/** Whether a session's list of key configurations names one: whole, at any place, and by nothing that only looks like it. */
import { expect, it } from 'vitest'
import { encodeBase64Url } from '../../../src/core/encoding/base64.ts'
import { encodeOhttpKeyConfigs, namesOhttpKeyConfig } from '../../../src/core/ohttp/key-configs.ts'

const first = Uint8Array.of(1, 0, 2, 9, 9, 9)
const second = new Uint8Array(300).fill(7)
const list = encodeBase64Url(encodeOhttpKeyConfigs([first, second]))

it('names each configuration of the list', () => {
  expect([first, second].map((config) => namesOhttpKeyConfig(list, config))).toEqual([true, true])
})

it.each([
  ['a part of one', first.subarray(0, 5)],
  ['what stands within one', Uint8Array.of(9, 9)],
  ['two in one', encodeOhttpKeyConfigs([first, second]).subarray(2)],
  ['nothing', new Uint8Array()],
])('does not name %s', (_, config) => {
  expect(namesOhttpKeyConfig(list, config)).toBe(false)
})

it('comes to an end where a length leads beyond the list', () => {
  expect(namesOhttpKeyConfig(encodeBase64Url(Uint8Array.of(0xff, 0xff, 1)), first)).toBe(false)
  expect(namesOhttpKeyConfig(encodeBase64Url(Uint8Array.of(0)), first)).toBe(false)
})
