/** What collections demand of the models that embed their chunks. @module */
import type { ConfigIssue } from './issue.ts'
import type { MeasuredConfig } from './types.ts'

/** Whether a model behind HTTP embeds is known by asking it; the embedded one never does. */
export function checkEmbeddings({ collections = [], models, upstreams }: MeasuredConfig): readonly ConfigIssue[] {
  return collections.flatMap(({ embeddings }, i): ConfigIssue[] => {
    if (embeddings === undefined) return []
    const path = ['measured', 'collections', i, 'embeddings', 'model']
    const model = models.find(({ id }) => id === embeddings.model)
    if (model === undefined) return [{ path, message: 'names no model of measured.models' }]
    const upstream = Object.hasOwn(upstreams, model.upstream) ? upstreams[model.upstream] : undefined
    if (upstream?.kind !== 'embedded') return []
    return [{ path, message: 'names the embedded model, which answers chats alone: name one behind an http upstream' }]
  })
}
