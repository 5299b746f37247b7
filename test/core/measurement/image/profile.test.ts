import { expect, test } from 'vitest'
import {
  checkLaunchProfile,
  checkUnifiedKernelImage,
  decodeUkiSections,
  UKI_HEAD_SIZE,
  type UkiSection,
} from '../../../../src/core/measurement/image/index.ts'
import { failureOf } from '../../../kit/failure-of.ts'

const CMDLINE = [
  `roothash=${'ab'.repeat(32)}`,
  'systemd.verity_root_options=panic-on-corruption',
  'systemd.gpt_auto=no',
  'systemd.import_credentials=no',
  'systemd.firstboot=off',
  'systemd.debug_shell=no',
  'systemd.getty_auto=no',
  'efi=noruntime',
  'lockdown=integrity',
  'module.sig_enforce=1',
  'quiet',
].join(' ')
const SECTIONS: readonly UkiSection[] = ['.linux', '.initrd', '.cmdline', '.osrel', '.uname', '.text'].map(
  (name, i) => ({ name, offset: 4096 * i, size: 100 }),
)
const weak = (sections: readonly UkiSection[], cmdline = CMDLINE): readonly string[] =>
  checkUnifiedKernelImage({ sections, cmdline }).map(({ code, where }) => `${code} ${where}`)

test('[M3] takes an image whose kernel, initrd and command line are one file, bound to its root by a hash', () => {
  expect(weak(SECTIONS)).toEqual([])
})

test.each(['.linux', '.initrd', '.cmdline'])(
  '[M3] refuses an image without %s, with two, or with an empty one',
  (name) => {
    const rest = SECTIONS.filter((section) => section.name !== name)
    const own = { name, offset: 0, size: 1 }
    for (const sections of [rest, [...rest, own, own], [...rest, { ...own, size: 0 }]])
      expect(weak(sections)).toEqual([`IMAGE_PROFILE_WEAK ${name}`])
  },
)

test('[M3] refuses an image that boots as several', () => {
  expect(weak([...SECTIONS, { name: '.profile', offset: 0, size: 1 }])).toEqual(['IMAGE_PROFILE_WEAK .profile'])
})

test.each(CMDLINE.split(' ').slice(1, -1))('[M3] refuses a command line without %s', (word) => {
  expect(weak(SECTIONS, CMDLINE.replace(` ${word}`, ''))).toEqual([`IMAGE_PROFILE_WEAK ${word}`])
})

test.each([
  ['none', CMDLINE.replace(/^roothash=\S+/, '')],
  ['two', `${CMDLINE} roothash=${'cd'.repeat(32)}`],
  ['a short one', CMDLINE.replace(/^roothash=../, 'roothash=')],
])('[M3] refuses a command line with %s for a root hash', (_, cmdline) => {
  expect(weak(SECTIONS, cmdline)).toEqual(['IMAGE_PROFILE_WEAK roothash'])
})

test.each([
  'init=/bin/sh',
  'rdinit=/x',
  'rd.break',
  'rescue',
  'systemd.unit=rescue.target',
  'systemd.debug_shell',
  'systemd.debug_shell=yes',
  'systemd.import_credentials=yes',
  'systemd.set_credential=a:b',
  'systemd.gpt_auto=yes',
  'systemd.verity=no',
  'systemd.setenv=NODE_OPTIONS=--require=/x',
  'root=/dev/vdb',
  'lockdown=none',
  'module.sig_enforce=0',
  'initrd=other',
  'countersign.trial-on-a-simulated-tee',
  'systemd.gpt_auto',
  'systemd.import_credentials',
  'systemd.debug-shell',
  'rd.systemd.gpt_auto=yes',
  'module.sig-enforce=0',
  'systemd.set-credential=a:b',
  'systemd.crash_shell',
  '"init=/bin/sh"',
  'systemd.unit="rescue.target"',
  'systemd.mount-extra=/dev/vdb:/usr/lib/countersign:erofs',
  'rd.systemd.swap-extra=/dev/vdb',
  'systemd.confirm_spawn=/dev/hvc0',
  'resume=/dev/vdb',
  'efivar_ssdt=x',
  'efi=runtime',
])('[M3] refuses a command line with %s beside the good words', (word) => {
  expect(weak(SECTIONS, `${CMDLINE} ${word}`)).toContain(`IMAGE_PROFILE_WEAK ${word}`)
})

test('[M3] counts no word behind a NUL, where the loader stops to read', () => {
  expect(weak(SECTIONS, CMDLINE.replace(' lockdown', '\0lockdown'))).not.toEqual([])
  expect(weak(SECTIONS, `${CMDLINE}\0\0`)).toEqual([])
})

test('[M3] names each input of a launch that is unmeasured, or of which nothing is said', () => {
  const inputs = {
    firmware: 'measured',
    acpi: 'measured',
    kernel: 'measured',
    cmdline: 'measured',
    initrd: 'measured',
    root: 'measured',
    weights: 'absent',
  } as const
  const where = (change: Partial<Record<keyof typeof inputs, 'unmeasured' | 'absent'>>): readonly string[] =>
    checkLaunchProfile({ platform: 'snp', inputs: { ...inputs, ...change } }).map(
      (found) => `${found.code} ${found.where}`,
    )
  expect(where({})).toEqual([])
  expect(where({ acpi: 'unmeasured' })).toEqual(['IMAGE_PROFILE_WEAK snp: acpi'])
  expect(where({ cmdline: 'unmeasured', initrd: 'unmeasured' })).toEqual([
    'IMAGE_PROFILE_WEAK snp: cmdline',
    'IMAGE_PROFILE_WEAK snp: initrd',
  ])
  expect(where({ acpi: 'absent', root: 'absent' })).toEqual([])
  expect(where({ firmware: 'absent', kernel: 'absent', cmdline: 'absent', initrd: 'absent' })).toEqual(
    ['firmware', 'kernel', 'cmdline', 'initrd'].map((input) => `IMAGE_PROFILE_WEAK snp: ${input}`),
  )
  expect(checkLaunchProfile({ platform: 'nitro', inputs: { ...inputs, firmware: 'absent' } })).toEqual([])
  expect(checkLaunchProfile({ platform: 'tdx', inputs: {} })).toHaveLength(7)
})

/** A PE head with the given sections. */
function uki(names: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(1024)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, 0x5a4d, true)
  view.setUint32(0x3c, 0x80, true)
  view.setUint32(0x80, 0x4550, true)
  view.setUint16(0x86, names.length, true)
  view.setUint16(0x94, 16, true)
  names.forEach((name, i) => {
    const at = 0x80 + 24 + 16 + i * 40
    bytes.set([...name].map((letter) => letter.charCodeAt(0)).slice(0, 8), at)
    view.setUint32(at + 8, 10, true)
    view.setUint32(at + 16, 16, true)
    view.setUint32(at + 20, 512 + 16 * i, true)
  })
  return bytes
}

test('reads the sections of a unified kernel image, by the octets that count', () => {
  const head = new Uint8Array(UKI_HEAD_SIZE)
  head.set(uki(['.linux', '.cmdline']))
  expect(decodeUkiSections(head, 1 << 30)).toEqual([
    { name: '.linux', offset: 512, size: 10 },
    { name: '.cmdline', offset: 528, size: 10 },
  ])
})

test('refuses what is cut or is no PE file, with the offset', () => {
  const good = uki(['.linux'])
  for (const bad of [new Uint8Array(), good.subarray(0, 63), good.subarray(0, 0x90), good.subarray(0, 200)])
    expect(failureOf(() => decodeUkiSections(bad, 1024))).toBe('KERNEL_FORMAT')
  expect(failureOf(() => decodeUkiSections(good, 520))).toBe('KERNEL_FORMAT')
  expect(
    failureOf(() => decodeUkiSections(Uint8Array.of(...good.map((octet, i) => (i === 0 ? 0 : octet))), 1024)),
  ).toBe('KERNEL_FORMAT')
  expect(failureOf(() => decodeUkiSections(uki([]), 1024))).toBe('KERNEL_FORMAT')
})
