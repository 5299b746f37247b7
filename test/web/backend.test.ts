/** This project runs the fixtures through the browser's crypto back end; here it proves that it does. */

import { expect, it } from 'vitest'
import { backend } from '#crypto'
import { backend as node } from '../../src/core/crypto/node.ts'
import { backend as web } from '../../src/core/crypto/web.ts'

it('stands on the back end that its project names', ({ task }) => {
  expect(backend).toBe(task.file.projectName === 'web' ? web : node)
})
