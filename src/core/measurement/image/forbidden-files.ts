/**
 * Files by which whoever holds the host, or breaks into the gateway, could reach further: shells, remote logins, agents of the host,
 * debuggers, package managers, interpreters; whatever takes on another's rights; and words that open Node's inspector. @module
 */
import type { ImageFinding } from './finding.ts'

export interface TreeEntry {
  /** From the root of the image, without a slash before it. */
  readonly path: string
  readonly kind: 'file' | 'folder' | 'link' | 'other'
  /** Permission bits. */
  readonly mode: number
  /** For texts that start programs, such as units and scripts. */
  readonly text?: string
}

const FORBIDDEN: readonly (readonly [why: string, names: RegExp])[] = [
  [
    'a shell',
    /^(?:(?:sh|bash|rbash|dash|ash|sash|yash|posh|ksh|lksh|mksh|zsh|fish|tcsh|csh|busybox|toybox)[0-9.]*(?:[-.]static)?|nu|pwsh|systemd-sulogin-shell)$/,
  ],
  [
    'a login',
    /^(?:agetty|getty|login|sulogin|su|sudo|doas|runuser|pkexec|newgrp|systemd-run|run0|nsenter|chroot|setpriv)$/,
  ],
  ['a remote login', /^(?:sshd|ssh|dropbear|telnetd|in\.telnetd|rshd|mosh-server|sshd-session|ssh-agent)$/],
  [
    'an agent of the host',
    /^(?:qemu-ga|qemu-guest-agent|vmtoolsd|open-vm-tools|VBoxService|hv_fcopy_daemon|hv_fcopy_uio_daemon|hv_kvp_daemon|waagent|walinuxagent|amazon-ssm-agent|google_guest_agent|google_osconfig_agent|google-guest-agent|cloud-init|spice-vdagentd|snapd|xe-daemon)$/,
  ],
  [
    'a debugger',
    /^(?:gdb|gdbserver|lldb|lldb-server|strace|ltrace|perf|bpftrace|bpftool|trace-cmd|crash|kexec|gcore|eu-stack|valgrind|systemd-coredump|coredumpctl|delv|dlv|rr)$/,
  ],
  [
    'a package manager',
    /^(?:apt|apt-get|apt-cache|apt-key|dpkg|dpkg-deb|dpkg-query|rpm|dnf|yum|apk|npm|npx|corepack|pip3?|snap|flatpak|yarn|pnpm)$/,
  ],
  [
    'an interpreter',
    /^(?:perl[0-9.]*(?:-[\w-]+)?|python[0-9.]*|ruby[0-9.]*|lua[0-9.]*|tclsh[0-9.]*|php[0-9.]*|awk|gawk|mawk|nawk|original-awk|expect|gcc|cc|tcc|make)$/,
  ],
  ['a way out', /^(?:nc|ncat|netcat|nc\.(?:openbsd|traditional)|curl|wget|tftp|ftp|rsync|scp|sftp)$/],
]

const SETUID = 0o4000
const SETGID = 0o2000
const WORLD_WRITABLE = 0o002
const STICKY = 0o1000

/** In what starts a program. `--inspect` opens a debugger to whoever reaches its port; NODE_OPTIONS brings in code. */
const INSPECTOR = /--(?:inspect(?:[-_](?:brk|port|wait|publish[-_]uid))?|debug[-_]port|debug)(?![\w-])/
const NODE_OPTIONS = /\bNODE_OPTIONS\s*[:+?]?=|PassEnvironment=.*\bNODE_OPTIONS\b/

/** `allowed` are paths that the image is known to need; each is compared whole. */
export function checkTree(
  entries: readonly TreeEntry[],
  { allowed = [] }: { readonly allowed?: readonly string[] } = {},
): readonly ImageFinding[] {
  if (!entries.some(({ kind }) => kind === 'file'))
    return [forbidden('/', 'the tree holds no file: nothing was looked at')]
  return entries.filter(({ path }) => !allowed.includes(path)).flatMap(checkEntry)
}

function checkEntry({ path, kind, mode, text }: TreeEntry): readonly ImageFinding[] {
  const name = path.slice(path.lastIndexOf('/') + 1)
  // A folder of such a name runs nothing; a link does, whatever it leads to.
  const why =
    kind === 'folder'
      ? undefined
      : FORBIDDEN.find(
          ([, names]) => isProgram(path, mode, kind) && (names.test(name) || names.test(name.toLowerCase())),
        )
  const isWritable = kind !== 'link' && (mode & WORLD_WRITABLE) !== 0 && !(kind === 'folder' && (mode & STICKY) !== 0)
  return [
    ...(why === undefined ? [] : [forbidden(path, `is ${why[0]}`)]),
    ...(kind === 'file' && (mode & (SETUID | SETGID)) !== 0
      ? [forbidden(path, 'takes on the rights of its owner')]
      : []),
    ...(isWritable && kind !== 'other' ? [forbidden(path, 'can be written by anybody')] : []),
    ...(kind === 'other' ? [forbidden(path, 'is a device, a socket or a pipe')] : []),
    ...(text !== undefined && INSPECTOR.test(text) ? [forbidden(path, "opens Node's inspector")] : []),
    ...(text !== undefined && NODE_OPTIONS.test(text) ? [forbidden(path, 'sets NODE_OPTIONS')] : []),
  ]
}

const EXECUTABLE = 0o111

/** Where programs lie, a file need not be marked as one: a loader runs it all the same. Elsewhere `perl` may be a grammar's name, but not of what is marked. */
function isProgram(path: string, mode: number, kind: TreeEntry['kind']): boolean {
  return /(?:^|\/)s?bin\/[^/]+$/.test(path) || (kind === 'file' && (mode & EXECUTABLE) !== 0)
}

function forbidden(where: string, detail: string): ImageFinding {
  return { code: 'IMAGE_FORBIDDEN_FILE', where, detail }
}
