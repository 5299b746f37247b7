/** What the defaults, the other names and the context of a model demand of each other. @module */
import type { ConfigIssue, ConfigPath } from './issue.ts'
import { entriesOf } from './numeric-parameters.ts'
import type { MeasuredConfig, ModelConfig } from './types.ts'

export function checkParameters({ models, upstreams }: MeasuredConfig): readonly ConfigIssue[] {
  return models.flatMap((model, i) => {
    const path: ConfigPath = ['measured', 'models', i]
    const upstream = Object.hasOwn(upstreams, model.upstream) ? upstreams[model.upstream] : undefined
    const isKnown = model.contextTokens !== undefined && upstream?.kind === 'embedded'
    return [
      ...(isKnown ? [{ path: [...path, 'contextTokens'], message: 'is known of the embedded model: remove it' }] : []),
      ...checkRename(model, [...path, 'rename']),
      ...checkDefaults(model, [...path, 'defaults']),
    ]
  })
}

/** One step from name to name, so that their order says nothing. */
function checkRename({ rename = {} }: ModelConfig, path: ConfigPath): readonly ConfigIssue[] {
  const names = entriesOf(rename)
  return names.flatMap(([from, to], i): ConfigIssue[] => {
    const at = [...path, from]
    if (rename[to] !== undefined)
      return [{ path: at, message: `names ${to}, which is renamed itself: write a name that stays` }]
    const isTwice = names.findIndex(([, other]) => other === to) < i
    return isTwice ? [{ path: at, message: `names ${to}, as another one does: write one of them` }] : []
  })
}

/** Defaults are in the words of the model server. */
function checkDefaults({ defaults = {}, rename = {} }: ModelConfig, path: ConfigPath): readonly ConfigIssue[] {
  const renamed = entriesOf(rename).flatMap(([from, to]): ConfigIssue[] =>
    defaults[from] === undefined ? [] : [{ path: [...path, from], message: `is renamed: write it as ${to}` }],
  )
  if (defaults.max_tokens === undefined || defaults.max_completion_tokens === undefined) return renamed
  const message = 'is the same limit as max_completion_tokens: write one of them'
  return [...renamed, { path: [...path, 'max_tokens'], message }]
}
