import { expect, test } from 'vitest'
import { checkTree, type TreeEntry } from '../../../../src/core/measurement/image/index.ts'

const GOOD: readonly TreeEntry[] = [
  { path: 'usr', kind: 'folder', mode: 0o755 },
  { path: 'usr/bin/node', kind: 'file', mode: 0o755 },
  { path: 'usr/bin/env', kind: 'file', mode: 0o755 },
  { path: 'usr/lib/systemd/systemd', kind: 'file', mode: 0o755 },
  { path: 'usr/lib/countersign/dist/cli/main.js', kind: 'file', mode: 0o644 },
  { path: 'usr/lib/countersign/node_modules/yaml/bash', kind: 'folder', mode: 0o755 },
  { path: 'usr/share/perl', kind: 'file', mode: 0o644 },
  { path: 'tmp', kind: 'folder', mode: 0o1777 },
  {
    path: 'usr/lib/systemd/system/countersign.service',
    kind: 'file',
    mode: 0o644,
    text: 'UnsetEnvironment=NODE_OPTIONS LD_PRELOAD\nExecStart=/usr/bin/env -i /usr/bin/node main.js serve\n',
  },
]
const found = (entry: TreeEntry): readonly string[] =>
  checkTree([...GOOD, entry]).map(({ code, where }) => `${code} ${where}`)
const program = (path: string): TreeEntry => ({ path, kind: 'file', mode: 0o755 })

test('[M5] finds nothing in a tree of the gateway and what it needs', () => {
  expect(checkTree(GOOD)).toEqual([])
})

test.each([
  'usr/bin/sh',
  'usr/bin/bash',
  'bin/busybox',
  'usr/sbin/sshd',
  'usr/sbin/qemu-ga',
  'usr/bin/gdb',
  'usr/bin/strace',
  'usr/bin/dpkg',
  'usr/bin/perl5.40-x86_64-linux-gnu'.replace('-x86_64-linux-gnu', ''),
  'usr/bin/python3.13',
  'usr/sbin/agetty',
  'usr/bin/curl',
  'usr/lib/systemd/systemd-coredump',
  'usr/lib/openssh/sshd-session',
  'opt/tools/gdbserver',
  'var/lib/x/bash',
  'etc/sh',
  'sh',
  'usr/bin/BusyBox',
  'usr/bin/busybox.static',
  'usr/bin/bash-static',
  'usr/bin/zsh5',
  'usr/bin/ksh93',
  'usr/bin/nawk',
  'usr/bin/perl5.40-x86_64-linux-gnu',
])('[M5] refuses %s', (path) => {
  expect(found(program(path))).toEqual([`IMAGE_FORBIDDEN_FILE ${path}`])
})

test('[M5] refuses a link of a shell, and one in a folder of programs that nobody may execute', () => {
  expect(found({ path: 'usr/bin/sh', kind: 'link', mode: 0o777 })).toEqual(['IMAGE_FORBIDDEN_FILE usr/bin/sh'])
  expect(found({ path: 'usr/bin/sh', kind: 'file', mode: 0o644 })).toEqual(['IMAGE_FORBIDDEN_FILE usr/bin/sh'])
})

test.each([
  ['ExecStart=/usr/bin/node --inspect main.js'],
  ['ExecStart=/usr/bin/node --inspect-brk=0.0.0.0:9229 main.js'],
  ['ExecStart=/usr/bin/node --inspect-port=9229 main.js'],
  ['ExecStart=/usr/bin/node --debug-port=9229 main.js'],
  ['Environment=NODE_OPTIONS=--require=/x.js'],
  ['ExecStart=/usr/bin/node --inspect_brk main.js'],
  ['ExecStart=/usr/bin/node --debug_port=9229 main.js'],
  ['PassEnvironment=HOME NODE_OPTIONS'],
])('[M5] refuses a unit with %s', (text) => {
  expect(found({ path: 'etc/x.service', kind: 'file', mode: 0o644, text })).toEqual([
    'IMAGE_FORBIDDEN_FILE etc/x.service',
  ])
})

test.each([
  ['a program that takes on rights', { path: 'usr/bin/mount', kind: 'file', mode: 0o4755 }],
  ['a file that anybody can write', { path: 'etc/passwd', kind: 'file', mode: 0o666 }],
  ['a folder that anybody can write', { path: 'var/x', kind: 'folder', mode: 0o777 }],
  ['a device', { path: 'dev/mem', kind: 'other', mode: 0o600 }],
] as const)('[M5] refuses %s', (_, entry) => {
  expect(found(entry)).toEqual([`IMAGE_FORBIDDEN_FILE ${entry.path}`])
})

test('[M5] takes what the image is known to need, by its whole path', () => {
  const shell = program('usr/bin/sh')
  expect(checkTree([...GOOD, shell], { allowed: ['usr/bin/sh'] })).toEqual([])
  expect(checkTree([...GOOD, shell], { allowed: ['bin/sh', 'usr/bin'] })).toHaveLength(1)
})

test('[M5] refuses a tree in which there is nothing to look at', () => {
  expect(checkTree([]).map(({ code }) => code)).toEqual(['IMAGE_FORBIDDEN_FILE'])
})
