/** Joins a TypeScript program and all that it imports into one classic script, which any JavaScript engine can run. @module */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import ts from 'typescript'

const options: ts.CompilerOptions = { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.CommonJS }

/** @param entry path of a module; what it imports must be files with relative names, or packages without side effects */
export function bundle(entry: string): string {
  const modules = new Map<string, string>()
  const add = (path: string): void => {
    if (modules.has(path)) return
    modules.set(path, '')
    const source = readFileSync(path, 'utf8')
    const { outputText } = ts.transpileModule(source, { compilerOptions: options, fileName: path })
    const linked = outputText.replaceAll(/\brequire\("([^"]+)"\)/g, (_, name: string) => {
      const target = name.startsWith('.') ? resolve(dirname(path), name) : createRequire(path).resolve(name)
      add(target)
      return `load(${JSON.stringify(target)})`
    })
    modules.set(path, `${JSON.stringify(path)}: (exports) => {${linked}}`)
  }
  add(entry)
  return `{
    const made = {}
    const load = (path) => made[path] ?? (modules[path]((made[path] = {})), made[path])
    const modules = { ${[...modules.values()].join(',\n')} }
    load(${JSON.stringify(entry)})
  }`
}
