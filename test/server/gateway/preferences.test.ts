/** What a Prefer header says, by RFC 7240: ours is found where it stands as a preference, and nowhere else. */
import { describe, expect, it } from 'vitest'
import { readPreferences } from '../../../src/server/routes/preferences.ts'
import { processorMs } from '../../kit/own-time.ts'

describe('a Prefer header', () => {
  it.each([
    ['receipt=quoted', { grade: 'quoted' }],
    ['receipt=quoted, wait=2', { grade: 'quoted', wait: 2 }],
    ['wait=2,receipt="witnessed"', { grade: 'witnessed', wait: 2 }],
    ['Receipt = Signed , Wait="10"', { grade: 'signed', wait: 10 }],
    ['respond-async, receipt=quoted; wait=3', { grade: 'quoted', wait: 3 }],
    ['receipt=quoted; wait=3, wait=4', { grade: 'quoted', wait: 4 }],
    // The first of two counts.
    ['receipt=signed, receipt=witnessed', { grade: 'signed' }],
    // A grade that nobody knows is no preference.
    ['receipt=notarised', {}],
    ['receipt', {}],
    ['wait=-1', {}],
    ['wait=1234567', {}],
    // Within another preference they are its own.
    ['foo="a, receipt=quoted"', {}],
    ['foo=bar; receipt=quoted; wait=9', {}],
    ['foo; x="\\", receipt=quoted", wait=1', { wait: 1 }],
    ['xreceipt=quoted', {}],
    // What does not parse ends it.
    ['wait=1, "receipt=quoted"', { wait: 1 }],
    ['', {}],
  ])('%s', (prefer, expected) => {
    expect(readPreferences({ prefer })).toEqual(expected)
  })

  it('costs no more time than it has octets', () => {
    const tookMs = processorMs(() => {
      for (const part of ['a;', 'a=";', ' ', 'a="\\', ';"', 'a=b,'])
        readPreferences({ prefer: part.repeat(Math.ceil(16_384 / part.length)) })
      for (const ends of ['a@', 'a="']) {
        const prefer = `${ends.slice(0, -1)}${' '.repeat(16_384)}${ends.slice(-1)}`
        for (let i = 0; i < 10; i++) expect(readPreferences({ prefer })).toEqual({})
      }
    })
    expect(tookMs).toBeLessThan(1_000)
  })
})
