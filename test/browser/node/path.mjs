/** The part of node:path that readers of fixtures use. @module */
export function join(...parts) {
  const made = []
  for (const part of parts.join('/').split('/')) {
    if (part === '..' && made.length > 0 && made.at(-1) !== '..') made.pop()
    else if (part !== '' && part !== '.') made.push(part)
  }
  return made.join('/')
}

export function basename(path) {
  return path.slice(path.lastIndexOf('/') + 1)
}
