/**
 * Whether everything that decides what an image runs is measured. The host chooses disks, command lines and firmware tables: what is not
 * part of the measured kernel image, or bound to it by a hash, is the host's to change. @module
 */
import type { ImageFinding } from './finding.ts'
import type { UkiSection } from './uki.ts'

export const PROFILE_INPUTS = ['firmware', 'acpi', 'kernel', 'cmdline', 'initrd', 'root', 'weights'] as const
export type ProfileInput = (typeof PROFILE_INPUTS)[number]

/** What one platform measures of what a launch is given. */
export interface LaunchProfile {
  readonly platform: 'snp' | 'tdx' | 'nitro'
  readonly inputs: Readonly<Partial<Record<ProfileInput, 'measured' | 'unmeasured' | 'absent'>>>
}

/** What a launch may go without: firmware and a root of its own only an enclave; a kernel, its command line and its initrd none. */
const MAY_BE_ABSENT: Readonly<Record<LaunchProfile['platform'], readonly ProfileInput[]>> = {
  snp: ['acpi', 'root', 'weights'],
  tdx: ['acpi', 'root', 'weights'],
  nitro: ['firmware', 'acpi', 'root', 'weights'],
}

/** Names each input that is unmeasured, or of which the profile says nothing, or that it denies though no launch is without. */
export function checkLaunchProfile({ platform, inputs }: LaunchProfile): readonly ImageFinding[] {
  return PROFILE_INPUTS.flatMap((input) => {
    const state = inputs[input]
    if (state === 'measured' || (state === 'absent' && MAY_BE_ABSENT[platform].includes(input))) return []
    return [weak(`${platform}: ${input}`, WEAKNESS[state ?? 'unsaid'])]
  })
}

const WEAKNESS = {
  unmeasured: 'is not measured',
  absent: 'is never absent',
  unsaid: 'the profile does not say whether it is measured',
} as const

export interface UnifiedKernelImage {
  readonly sections: readonly UkiSection[]
  /** Text of its section `.cmdline`; `absent` where it has none. */
  readonly cmdline: string
}

/** Each must be there once: with two of them the loader takes one, and readers may take the other. */
const REQUIRED_SECTIONS = ['.linux', '.initrd', '.cmdline', '.osrel', '.uname']
/** Sections by which one file boots as several, or with another's device tree. */
const FORBIDDEN_SECTIONS = ['.profile', '.dtb', '.dtbauto', '.efifw', '.hwids']

/** Without these, systemd takes orders that the host gives beside the image; words of an EFI variable too, if it can read one. */
const REQUIRED_WORDS = [
  'systemd.verity_root_options=panic-on-corruption',
  'systemd.gpt_auto=no',
  'systemd.import_credentials=no',
  'systemd.firstboot=off',
  'systemd.debug_shell=no',
  'systemd.getty_auto=no',
  'efi=noruntime',
  'lockdown=integrity',
  'module.sig_enforce=1',
]

/** Words that start something else, open a way in, or take back a check. The last is the trial's: never in production. */
const FORBIDDEN_WORDS: readonly RegExp[] = [
  /^(?:rd)?init=/,
  /^(?:rd\.)?systemd\.(?:unit|wants|run|mask|setenv|set_credential(?:_binary)?|debug_shell$|debug_shell=(?!no$)|crash_shell|volatile|image_policy|pull|mount_extra|swap_extra|confirm_spawn)/,
  /^(?:rd\.)?(?:rescue|emergency|break(?:=.*)?)$/,
  /^(?:single|s|S|1|-b|rescue|emergency)$/,
  /^(?:rd\.)?(?:systemd\.verity|veritytab|luks)=/,
  /^(?:systemd\.verity_root_(?:data|hash)|root|rootfstype|rootflags|usrhash|mount\.usr)=/,
  /^(?:ignore_corruption|ignore-corruption)$/,
  /^(?:kgdboc|kgdbwait|kdb|earlyprintk|debug|nokaslr|iomem=relaxed)/,
  /^(?:acpi_rsdp|dsdt|memmap|initrd|resume|efivar_ssdt)=/,
  /^enforcing=0$/,
  /^countersign\.trial-on-a-simulated-tee/,
]

/** Judges a unified kernel image by its sections and its command line. */
export function checkUnifiedKernelImage({ sections, cmdline }: UnifiedKernelImage): readonly ImageFinding[] {
  return [
    ...REQUIRED_SECTIONS.flatMap((name) => countOf(sections, name)),
    ...FORBIDDEN_SECTIONS.filter((name) => sections.some((section) => section.name === name)).map((name) =>
      weak(name, 'would let one file boot as several'),
    ),
    ...checkCommandLine(cmdline),
  ]
}

function countOf(sections: readonly UkiSection[], name: string): readonly ImageFinding[] {
  const found = sections.filter((section) => section.name === name)
  if (found.length === 1) return found[0]?.size === 0 ? [weak(name, 'is empty')] : []
  return [weak(name, found.length === 0 ? 'is not in the image, so not measured with it' : 'is there more than once')]
}

function checkCommandLine(cmdline: string): readonly ImageFinding[] {
  const [text = '', ...rest] = cmdline.replace(/\0+$/, '').split('\0')
  const words = text.split(/\s+/).filter((word) => word !== '')
  const hashes = words.filter((word) => word.startsWith('roothash='))
  const isHash = hashes.length === 1 && /^roothash=[0-9a-f]{64}$/.test(hashes[0] ?? '')
  return [
    ...(isHash ? [] : [weak('roothash', 'must be on the command line once, with 64 hexadecimal digits')]),
    // The loader stops at the first: what stands behind it is read by nobody but a reader of the file.
    ...(rest.length === 0 ? [] : [weak('.cmdline', 'goes on behind a NUL')]),
    ...REQUIRED_WORDS.filter((word) => !words.includes(word)).map((word) => weak(word, 'is not on the command line')),
    // systemd and the kernel take the last of two words that contradict each other, so a good one says nothing about a bad one beside it.
    ...words
      .filter((word) => word.includes('"') || contradicts(word) || isForbidden(word))
      .map((word) => weak(word.slice(0, 80), 'opens a way around what is measured')),
  ]
}

/** As kernel and systemd compare keys: a dash is an underscore, and `rd.` means the same in the initrd. */
function spelling(word: string): string {
  const [key = '', ...value] = word.split('=')
  return [key.replaceAll('-', '_').replace(/^rd\./, ''), ...value].join('=')
}

function isForbidden(word: string): boolean {
  return FORBIDDEN_WORDS.some((bad) => bad.test(word) || bad.test(spelling(word)))
}

/** A key without a value counts as yes. */
function contradicts(word: string): boolean {
  const key = (text: string): string => spelling(text).split('=', 1)[0] ?? ''
  return REQUIRED_WORDS.some((required) => word !== required && key(word) === key(required))
}

function weak(where: string, detail: string): ImageFinding {
  return { code: 'IMAGE_PROFILE_WEAK', where, detail }
}
