/** Files as node:fs gives them, out of what the page has loaded: so fixtures are read by one code in Node and in a browser. @module */
const files = new Map()
/** Names directly below a folder, by folder. */
const folders = new Map()

/** @param loaded octets by path */
export function mount(loaded) {
  for (const [path, octets] of loaded) {
    files.set(path, octets)
    const parts = path.split('/')
    for (let depth = parts.length - 1; depth > 0; depth--) {
      const folder = parts.slice(0, depth).join('/')
      folders.set(folder, (folders.get(folder) ?? new Set()).add(parts[depth]))
    }
  }
}

const pathOf = (file) => (file instanceof URL ? file.pathname.slice(1) : file)

export function existsSync(path) {
  return files.has(path) || folders.has(path)
}

export function readFileSync(file, encoding) {
  const octets = files.get(pathOf(file))
  if (octets === undefined) throw new Error(`no file ${pathOf(file)}`)
  return encoding === undefined ? octets : new TextDecoder().decode(octets)
}

export function readdirSync(folder, { withFileTypes = false } = {}) {
  const names = [...(folders.get(folder) ?? [])].sort()
  if (!withFileTypes) return names
  return names.map((name) => ({ name, isDirectory: () => folders.has(`${folder}/${name}`) }))
}
