/** Files of devices as quoters use them: every call may block for long, so none runs on the thread that serves. @module */
import { createThread } from '../thread.ts'
import { type EntryKind, type FileReply, type FileTask, performFileTask } from './perform.ts'

/** Asks for one thing after the other; `abandon` lets go of what does not come back. */
export interface DeviceFiles {
  perform(task: FileTask): Promise<FileReply>
  /** What is under way hangs in the kernel: it is rejected, and later calls do not wait for it. */
  abandon(): void
  close(): void
}

/** What the kernel said no with. */
export class DeviceFault extends Error {
  /** `EBUSY`, for example. */
  readonly errno: string

  constructor(errno: string, what: string) {
    super(`${what}: ${errno}`)
    this.name = 'DeviceFault'
    this.errno = errno
  }
}

/** The files of this machine, on a thread of their own. */
export function createDeviceFiles(): DeviceFiles {
  const thread = createThread<FileTask, FileReply>(
    `(${performFileTask.toString()}).bind(undefined, process.getBuiltinModule('node:fs'))`,
  )
  return { perform: (task) => thread.call(task), abandon: () => thread.abandon(), close: () => thread.abandon() }
}

/** More than any text attribute has. */
const TEXT_LIMIT = 4096

/** @throws DeviceFault */
export async function readOctets(
  { perform }: DeviceFiles,
  path: string,
  limit: number = TEXT_LIMIT,
): Promise<Uint8Array> {
  const reply = await perform({ call: 'read', path, limit })
  if (reply.kind !== 'octets') throw faultOf(reply, path)
  return reply.octets
}

/** @throws DeviceFault */
export async function readLine(files: DeviceFiles, path: string): Promise<string> {
  return new TextDecoder().decode(await readOctets(files, path)).trim()
}

/** @throws DeviceFault */
export async function carryOut(
  { perform }: DeviceFiles,
  task: FileTask & { readonly call: 'write' | 'make' | 'remove' | 'store' },
): Promise<void> {
  const reply = await perform(task)
  if (reply.kind !== 'done') throw faultOf(reply, task.call === 'store' ? task.folder : task.path)
}

/** @throws DeviceFault */
export async function exchangeOctets({ perform }: DeviceFiles, path: string, octets: Uint8Array): Promise<Uint8Array> {
  const reply = await perform({ call: 'exchange', path, octets, limit: TEXT_LIMIT })
  if (reply.kind !== 'octets') throw faultOf(reply, path)
  return reply.octets
}

/** Names in a folder; none where it cannot be read. */
export async function listNames({ perform }: DeviceFiles, path: string): Promise<readonly string[]> {
  const reply = await perform({ call: 'list', path })
  return reply.kind === 'names' ? reply.names : []
}

/** What stands there, or why that cannot be known: `ENOENT` where nothing does. */
export async function lookAt({ perform }: DeviceFiles, path: string): Promise<EntryKind | { readonly errno: string }> {
  const reply = await perform({ call: 'look', path })
  if (reply.kind === 'entry') return reply.entry
  return { errno: reply.kind === 'failed' ? reply.code : 'UNKNOWN' }
}

function faultOf(reply: FileReply, what: string): DeviceFault {
  return new DeviceFault(reply.kind === 'failed' ? reply.code : 'UNKNOWN', what)
}
