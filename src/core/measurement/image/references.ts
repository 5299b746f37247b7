/**
 * Base images by digest: a tag names whatever its owner puts there next. Reads Dockerfiles, strictly enough to find every image that one
 * can name: FROM, COPY --from, RUN --mount from=, and the syntax directive, which is an image that rewrites the others. @module
 */
import type { ImageFinding } from './finding.ts'

/** `name@sha256:…`, where a tag beside the digest is for people. */
const BY_DIGEST = /^[a-z0-9][a-z0-9._:/-]*@sha256:[0-9a-f]{64}$/

/** An image that a script was given. */
export function checkImageReference(reference: string, where = 'image'): readonly ImageFinding[] {
  return BY_DIGEST.test(reference) ? [] : [notDigest(where, reference)]
}

/**
 * Judges a Dockerfile. `${NAME}` is taken where NAME is an ARG before the first FROM without a default: then the build cannot run unless
 * somebody gives a value, which `given` must hold so that it is judged too.
 */
export function checkDockerfile(
  text: string,
  { file, given = {} }: { readonly file: string; readonly given?: Readonly<Record<string, string>> },
): readonly ImageFinding[] {
  const stages = new Set<string>(['scratch'])
  const args = new Map<string, string | undefined>()
  const findings: ImageFinding[] = []
  let images = 0
  for (const { line, words } of instructions(text)) {
    const where = `${file}:${line}`
    const named: string[] = []
    const [instruction = '', ...rest] = words
    const isFrom = instruction.toUpperCase() === 'FROM'
    if (/^(?:#|\/\/|\{)/.test(instruction)) named.push(...directive(words.join(' ')))
    else if (instruction.toUpperCase() === 'ARG' && images === 0) for (const word of rest) declare(args, word)
    else if (isFrom) named.push(...rest.filter((word) => !word.startsWith('--')).slice(0, 1))
    else named.push(...rest.flatMap(copiedFrom))
    if (words.some((word) => HERE_DOCUMENT.test(word)))
      findings.push(notDigest(where, 'a here-document hides what is a line'))
    for (const image of named) {
      const value = resolve(image, { args, given })
      if (value === undefined) findings.push(notDigest(where, `${image}: give it a value without a default`))
      // A stage that was built before is no image of somebody else. Its number is one too.
      else if (!stages.has(value.toLowerCase()) && !(!isFrom && /^[0-9]+$/.test(value)))
        findings.push(...checkImageReference(value, where))
    }
    if (!isFrom) continue
    images += 1
    const as = rest.findIndex((word) => word.toUpperCase() === 'AS')
    const name = as === -1 ? undefined : rest[as + 1]
    if (name !== undefined) stages.add(name.toLowerCase())
  }
  for (const [name, image] of Object.entries(given)) {
    // Without a default it was judged where it stands.
    if (args.get(name) !== undefined) findings.push(...checkImageReference(image, `${file}: ${name}`))
    else if (!args.has(name)) findings.push(notDigest(file, `${name}: no argument before the first FROM has this name`))
  }
  return images === 0 ? [notDigest(file, 'no FROM was found')] : findings
}

/** Its lines are no instructions, and a reader who takes them for some sees stages that are none. */
const HERE_DOCUMENT = /^\d*<<-?[^<]/

interface Instruction {
  readonly line: number
  readonly words: readonly string[]
}

/** Lines joined where one ends in a backslash, over empty ones too; comments but for directives left out. */
function instructions(text: string): readonly Instruction[] {
  const found: Instruction[] = []
  let open: { line: number; text: string } | undefined
  text.split(/\r?\n/).forEach((line, i) => {
    const isComment = /^\s*#/.test(line)
    if (isComment && !/^\s*#\s*(?:syntax|escape)\s*=/i.test(line)) return
    if (open !== undefined && line.trim() === '') return
    const whole = open === undefined ? line : `${open.text} ${line}`
    const start = open?.line ?? i + 1
    if (/\\\s*$/.test(whole) && !isComment) {
      open = { line: start, text: whole.replace(/\\\s*$/, '') }
      return
    }
    open = undefined
    const words = whole.trim().split(/\s+/)
    if (words[0] !== '') found.push({ line: start, words })
  })
  return found
}

/** What begins a file as directives do and is none that is known is named as it stands: no image, so it is refused. */
function directive(line: string): readonly string[] {
  const image = /^#\s*syntax\s*=\s*(\S+)/i.exec(line)?.[1]
  return image === undefined ? [line] : [image]
}

function copiedFrom(word: string): readonly string[] {
  const copied = /^--from=(.+)$/.exec(word)?.[1]
  // Keys count in any letters, and fields may be quoted as in CSV.
  const mounted = /^--mount=(?:.*,)?"?from=([^,]+)/i.exec(word)?.[1]
  return [copied, mounted].filter((image) => image !== undefined)
}

function declare(args: Map<string, string | undefined>, word: string): void {
  const [name = '', ...value] = word.split('=')
  args.set(name, value.length === 0 ? undefined : value.join('='))
}

interface Values {
  readonly args: ReadonlyMap<string, string | undefined>
  readonly given: Readonly<Record<string, string>>
}

/** What `image` stands for; `undefined` where nobody can know. A default is judged as it stands: a build may leave it in place. */
function resolve(image: string, { args, given }: Values): string | undefined {
  const name = /^\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))$/.exec(image)?.slice(1).find(Boolean)
  if (name === undefined) return image.includes('$') ? undefined : image
  if (!args.has(name)) return undefined
  return args.get(name) ?? (Object.hasOwn(given, name) ? given[name] : undefined)
}

function notDigest(where: string, image: string): ImageFinding {
  return { code: 'IMAGE_NOT_DIGEST', where, detail: image.slice(0, 200) }
}
