/** Changes to a JSON object as splices: what they come to as JSON, and what stays octet for octet. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeUtf8, encodeUtf8 } from '../../../src/core/encoding/utf8.ts'
import { insertedElements, JsonEdits } from '../../../src/core/transform/json-edit.ts'
import { applySplices, type Splice } from '../../../src/core/transform/splice.ts'

const json = (value: unknown): { readonly octets: Uint8Array; readonly role: string } => ({
  octets: encodeUtf8(JSON.stringify(value)),
  role: 'memory-before',
})

/** The text that the changes make of a text. */
function edited(text: string, change: (edits: JsonEdits) => void): string {
  const bytes = encodeUtf8(text)
  const edits = new JsonEdits(bytes)
  change(edits)
  return decodeUtf8(applySplices(bytes, edits.splices()))
}

describe('changes to a JSON object', () => {
  const TEXT = '{ "a" : 1, "b":[ 1 , 2 ] ,"c":{"d":","}\n}'

  it.each([
    ['removes the first member with the comma behind it', ['a'], '{ "b":[ 1 , 2 ] ,"c":{"d":","}\n}'],
    ['removes a member in between with the comma before it', ['b'], '{ "a" : 1 ,"c":{"d":","}\n}'],
    ['removes the last member', ['c'], '{ "a" : 1, "b":[ 1 , 2 ]\n}'],
    ['removes the first two', ['a', 'b'], '{ "c":{"d":","}\n}'],
    ['removes the last two', ['b', 'c'], '{ "a" : 1\n}'],
    ['removes the first and the last', ['c', 'a'], '{ "b":[ 1 , 2 ]\n}'],
    ['removes all', ['a', 'b', 'c'], '{ \n}'],
  ])('%s', (_title, names, expected) => {
    expect(
      edited(TEXT, (edits) => {
        for (const name of names) edits.remove(name, 'prompt-template')
      }),
    ).toBe(expected)
  })

  it('replaces a value, adds members, and puts elements before and behind what is there', () => {
    const text = edited(TEXT, (edits) => {
      edits.replace('a', json('one'))
      edits.insertFirst('b', json(-1))
      edits.insertLast('b', json(3))
      edits.insertFirst('b', json(0))
      edits.add('e', json(null))
      edits.add('f', json([]))
    })
    expect(text).toBe('{ "a" : "one", "b":[-1,0, 1 , 2,3 ] ,"c":{"d":","},"e":null,"f":[]\n}')
  })

  it('renames a member in its place, beside a change of its value or in the place of one that goes', () => {
    const rename = (change: (edits: JsonEdits) => void): string =>
      edited(TEXT, (edits) => {
        edits.renameMember('a', 'z', 'sampling-parameters')
        change(edits)
      })
    expect(rename(() => {})).toBe('{ "z" : 1, "b":[ 1 , 2 ] ,"c":{"d":","}\n}')
    expect(rename((edits) => edits.replace('a', json(2)))).toBe('{ "z" : 2, "b":[ 1 , 2 ] ,"c":{"d":","}\n}')
    expect(rename((edits) => edits.renameMember('b', 'y"', 'model'))).toBe(
      '{ "z" : 1, "y\\"":[ 1 , 2 ] ,"c":{"d":","}\n}',
    )
    const taken = edited(TEXT, (edits) => {
      edits.remove('b', 'sampling-parameters')
      edits.renameMember('a', 'b', 'sampling-parameters')
    })
    expect(taken).toBe('{ "b" : 1 ,"c":{"d":","}\n}')
    const edits = new JsonEdits(encodeUtf8(TEXT))
    edits.renameMember('a', 'z', 'sampling-parameters')
    expect(edits.splices()).toEqual([{ at: 2, remove: 3, insert: encodeUtf8('"z"'), role: 'sampling-parameters' }])
  })

  it.each([
    ['a name that another member has', (edits: JsonEdits) => edits.renameMember('a', 'b', 'model')],
    ['a member that is not there', (edits: JsonEdits) => edits.renameMember('x', 'y', 'model')],
    ['a second name', (edits: JsonEdits) => edits.renameMember('c', 'y', 'model')],
    ['a name that was given', (edits: JsonEdits) => edits.renameMember('a', 'z', 'model')],
    ['an added member of that name', (edits: JsonEdits) => edits.add('z', json(1))],
    ['that the member goes', (edits: JsonEdits) => edits.remove('c', 'model')],
  ])('refuses, beside a name that was changed, %s', (_title, change) => {
    const edits = new JsonEdits(encodeUtf8(TEXT))
    edits.renameMember('c', 'z', 'model')
    expect(() => change(edits)).toThrow(expect.objectContaining({ failure: 'TRANSFORM_MISMATCH' }))
  })

  it('makes a text a list where the member behind it goes', () => {
    const list = edited('{"i":"a","p":1}', (edits) => {
      edits.remove('p', 'memory-before')
      edits.insertFirst('i', json(1))
      edits.add('s', json(false))
    })
    expect(list).toBe('{"i":[1,{"role":"user","content":"a"}],"s":false}')
  })

  it('makes a text a list of messages, its octets where they were', () => {
    const TEXT = '{"m":"a", "i" : "h\\u0069" }'
    const message = '{"role":"user","content":"h\\u0069"}'
    const expected = (list: string): string => `{"m":"a", "i" : [${list}] }`
    const first = (edits: JsonEdits): void => {
      edits.insertFirst('i', json(1))
      edits.insertFirst('i', json(2))
    }
    const last = (edits: JsonEdits): void => {
      edits.insertLast('i', json(3))
      edits.insertLast('i', json(4))
    }
    expect(edited(TEXT, first)).toBe(expected(`1,2,${message}`))
    expect(edited(TEXT, last)).toBe(expected(`${message},3,4`))
    expect(
      edited(TEXT, (edits) => {
        last(edits)
        first(edits)
      }),
    ).toBe(expected(`1,2,${message},3,4`))
  })

  it.each([
    [[0], '[ b ,c ]'],
    [[1], '[ a ,c ]'],
    [[2], '[ a, b ]'],
    [[0, 1], '[ c ]'],
    [[1, 2], '[ a ]'],
    [[0, 2], '[ b ]'],
    [[0, 1, 2], '[  ]'],
  ])('takes the elements %j out of a list', (indices, expected) => {
    const quoted = (text: string): string => `{"l":${text.replaceAll(/[a-z]/g, '"$&"')}}`
    const text = quoted('[ a, b ,c ]')
    expect(edited(text, (edits) => edits.removeElements('l', indices, 'tool-definitions'))).toBe(quoted(expected))
  })

  it('counts and shows elements, and forgets those taken out when the member goes as a whole', () => {
    const bytes = encodeUtf8('{"l":[ {"a":[1,2]} , "]" ],"t":"x","n":1}')
    const edits = new JsonEdits(bytes)
    expect(edits.elementsOf('l')?.map(decodeUtf8)).toEqual(['{"a":[1,2]}', '"]"'])
    expect(edits.elementsOf('t')?.map(decodeUtf8)).toEqual(['{"role":"user","content":"x"}'])
    expect([edits.elementsOf('n'), edits.count('n'), edits.count('absent')]).toEqual([undefined, undefined, undefined])
    edits.removeElements('l', [0], 'a')
    edits.removeElements('l', [1], 'b')
    expect([edits.count('l'), edits.count('t')]).toEqual([0, 1])
    edits.remove('l', 'tool-definitions')
    expect(decodeUtf8(applySplices(bytes, edits.splices()))).toBe('{"t":"x","n":1}')
  })

  it.each([
    ['an element that is not there', (edits: JsonEdits) => edits.removeElements('l', [2], 'r')],
    ['an element twice', (edits: JsonEdits) => edits.removeElements('l', [1, 1], 'r')],
    ['an element of a text', (edits: JsonEdits) => edits.removeElements('t', [0], 'r')],
    ['an element into a number', (edits: JsonEdits) => edits.insertFirst('n', json(1))],
    ['an element into what is not there', (edits: JsonEdits) => edits.insertLast('absent', json(1))],
    [
      'a member with something in it',
      (edits: JsonEdits) => {
        edits.insertFirst('l', json(1))
        edits.remove('l', 'r')
      },
    ],
  ])('refuses to change %s', (_title, change) => {
    expect(() => edited('{"l":[1,2],"t":"x","n":1}', change)).toThrow(
      /TRANSFORM_MISMATCH|changed twice|no such|neither|no member|no elements/,
    )
  })

  it.each([
    ['[a,', 'a'],
    [',a', 'a'],
    ['a,', 'a'],
    [',a]', 'a'],
    ['a', 'a'],
    ['', ''],
    [',', ''],
  ])('finds the elements in what was inserted as %s', (insert, elements) => {
    expect(decodeUtf8(insertedElements(encodeUtf8(insert)))).toBe(elements)
  })

  it('gives what removing and inserting gives to the parsed list', () => {
    fc.assert(
      fc.property(
        fc.array(fc.jsonValue(), { maxLength: 6 }),
        fc.array(fc.nat({ max: 5 }), { maxLength: 6 }),
        fc.tuple(fc.array(fc.jsonValue(), { maxLength: 3 }), fc.array(fc.jsonValue(), { maxLength: 3 })),
        (list, indices, [first, last]) => {
          const gone = [...new Set(indices)].filter((index) => index < list.length)
          const text = edited(JSON.stringify({ l: list }, null, 1), (edits) => {
            edits.removeElements('l', gone, 'r')
            for (const element of first) edits.insertFirst('l', json(element))
            for (const element of last) edits.insertLast('l', json(element))
          })
          const left = list.filter((_, index) => !gone.includes(index))
          expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify({ l: [...first, ...left, ...last] })))
        },
      ),
    )
  })

  it.each(['[]', '[ \n]'])('fills the empty array %s', (array) => {
    const fill = (change: (edits: JsonEdits) => void) => JSON.parse(edited(`{"m":${array}}`, change)).m
    expect(fill((edits) => edits.insertFirst('m', json(1)))).toEqual([1])
    expect(fill((edits) => edits.insertLast('m', json(1)))).toEqual([1])
    expect(
      fill((edits) => {
        edits.insertLast('m', json(3))
        edits.insertLast('m', json(4))
        edits.insertFirst('m', json(1))
        edits.insertFirst('m', json(2))
      }),
    ).toEqual([1, 2, 3, 4])
  })

  it('adds the first member to an object without any', () => {
    expect(edited('{ }', (edits) => edits.add('a', json(1)))).toBe('{ "a":1}')
    expect(
      edited('{"a":1}', (edits) => {
        edits.remove('a', 'prompt-template')
        edits.add('b', json(2))
      }),
    ).toBe('{"b":2}')
  })

  it('refuses two changes of one member, members that are not there, and elements of what is no array', () => {
    const edits = (change: (edits: JsonEdits) => void) => () => edited(TEXT, change)
    const mismatch = expect.objectContaining({ failure: 'TRANSFORM_MISMATCH' })
    expect(edits((e) => e.remove('x', 'model'))).toThrow(mismatch)
    expect(edits((e) => e.replace('x', json(1)))).toThrow(mismatch)
    expect(edits((e) => e.add('a', json(1)))).toThrow(mismatch)
    expect(edits((e) => e.insertLast('a', json(1)))).toThrow(mismatch)
    expect(edits((e) => e.insertLast('x', json(1)))).toThrow(mismatch)
    expect(
      edits((e) => {
        e.replace('a', json(1))
        e.remove('a', 'model')
      }),
    ).toThrow(mismatch)
    expect(
      edits((e) => {
        e.insertLast('b', json(1))
        e.remove('b', 'model')
      }),
    ).toThrow(mismatch)
    expect(
      edits((e) => {
        e.remove('b', 'model')
        e.insertFirst('b', json(1))
      }),
    ).toThrow(mismatch)
    expect(
      edits((e) => {
        e.add('x', json(1))
        e.add('x', json(1))
      }),
    ).toThrow(mismatch)
  })

  it('comes to the same as changing the parsed object, and leaves what it does not change as it was written', () => {
    const NAMES = ['a', 'b', 'c', 'd', 'e']
    const value = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.array(fc.jsonValue({ maxDepth: 1 })))
    const fate = fc.constantFrom('stays', 'removed', 'replaced', 'grows')
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(fc.constantFrom(...NAMES), value, fate), { selector: ([name]) => name }),
        fc.constantFrom(undefined, 1, '\t'),
        fc.boolean(),
        (members, space, adds) => {
          const object = Object.fromEntries(members.map(([name, content]) => [name, content]))
          const bytes = encodeUtf8(JSON.stringify(object, null, space))
          const edits = new JsonEdits(bytes)
          const wanted: Record<string, unknown> = JSON.parse(JSON.stringify(object))
          for (const [name, content, becomes] of members) {
            if (becomes === 'removed') {
              edits.remove(name, 'model')
              delete wanted[name]
            } else if (becomes === 'replaced') {
              edits.replace(name, json('new'))
              wanted[name] = 'new'
            } else if (becomes === 'grows' && Array.isArray(content)) {
              edits.insertLast(name, json('last'))
              edits.insertFirst(name, json('first'))
              wanted[name] = ['first', ...JSON.parse(JSON.stringify(content)), 'last']
            }
          }
          if (adds) {
            edits.add('z', json({}))
            wanted['z'] = {}
          }
          const splices = edits.splices()
          expect(JSON.parse(decodeUtf8(applySplices(bytes, splices)))).toEqual(wanted)
          expect(removed(splices)).toBe(
            members.filter(([, , becomes]) => becomes === 'removed' || becomes === 'replaced').length,
          )
        },
      ),
      { numRuns: 500 },
    )
  })
})

/** How many splices take octets out. */
function removed(splices: readonly Splice[]): number {
  return splices.filter(({ remove }) => remove > 0).length
}
