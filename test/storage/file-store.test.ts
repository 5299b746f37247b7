/** The file store keeps its contract on a real disk and on the one in memory. @module */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createFileStore } from '../../src/storage/index.ts'
import { createMemoryStore } from '../kit/memory-store.ts'
import { describeStore } from './store-contract.ts'

describeStore('file store in memory', async () => createMemoryStore())

describeStore('file store on disk', async () => createFileStore(join(await mkdtemp(join(tmpdir(), 'store-')), 'data')))
