/** Loads the embedded model for a replay, with every name by which receipts may know it. @module */
import { digestUri } from '../../core/crypto/index.ts'
import { measureFolder } from '../../measure/index.ts'
import type { LoadedModel } from '../../replay/index.ts'
import { embeddedEngineClaim } from '../../server/upstream/embedded.ts'
import { EMBEDDED_MODEL_DIRECTORY, loadEmbeddedModel } from '../../server/upstream/embedded-model.ts'
import { SOFTWARE_VERSION } from '../../server/version.ts'

const WEIGHTS = 'model.safetensors'

/** @throws CountersignError ERR_CONFIG when a file is missing or not what it should be */
export async function loadModel(directory: string = EMBEDDED_MODEL_DIRECTORY): Promise<LoadedModel> {
  const { model, digest, tokenizer, chatTemplate } = await loadEmbeddedModel(directory)
  const { root, files } = await measureFolder(directory, {})
  // Between the two readings somebody may have put another file in place: then the folder's root is not that of what runs.
  const isOne = files.some((file) => file.name === WEIGHTS && file.digest === digest)
  return {
    model,
    digests: isOne ? [digest, root] : [digest],
    tokenizer: digestUri(tokenizer),
    chatTemplate: digestUri(chatTemplate),
    engine: embeddedEngineClaim(SOFTWARE_VERSION),
  }
}
