/** The embedded model from its files: loaded and measured in one read, so that the digest is of what runs. Node only. @module */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { digestUri } from '../../core/crypto/index.ts'
import { createModel, EngineError, type Model } from '../../engine/index.ts'
import { CountersignError } from '../../errors.ts'

export interface EmbeddedModel {
  readonly model: Model
  /** `sha256:` of the file model.safetensors, or the root of the folder where it was measured. */
  readonly digest: string
  readonly tokenizer: Uint8Array
  readonly chatTemplate: Uint8Array
}

/** The package's own model; src/ and dist/ lie equally deep. */
export const EMBEDDED_MODEL_DIRECTORY: string = fileURLToPath(new URL('../../../model', import.meta.url))

/** What a folder was measured to. */
export interface MeasuredModel {
  readonly root: string
  readonly files: readonly { readonly name: string; readonly digest: string }[]
}

/**
 * Reads config.json, model.safetensors, tokenizer.json and chat_template.jinja.
 * @param measured of the folder: what is loaded must be what was measured
 * @throws CountersignError ERR_CONFIG when a file is missing or not what it should be
 */
export async function loadEmbeddedModel(
  directory: string = EMBEDDED_MODEL_DIRECTORY,
  measured?: MeasuredModel,
): Promise<EmbeddedModel> {
  const read = async (name: string): Promise<Uint8Array> => {
    const octets = await readOctets(directory, name)
    // Files are read again here: between the two readings somebody may have put another one in its place.
    if (
      measured !== undefined &&
      !measured.files.some((file) => file.name === name && file.digest === digestUri(octets))
    )
      throw new CountersignError('ERR_CONFIG', `the embedded model's file ${name} changed after it was measured`)
    return octets
  }
  const [config, weights, tokenizer, chatTemplate] = await Promise.all([
    read('config.json'),
    read('model.safetensors'),
    read('tokenizer.json'),
    read('chat_template.jinja'),
  ])
  try {
    const model = createModel({ config, weights, tokenizer })
    return { model, digest: measured?.root ?? digestUri(weights), tokenizer, chatTemplate }
  } catch (cause) {
    if (!(cause instanceof EngineError)) throw cause
    throw new CountersignError('ERR_CONFIG', `the embedded model cannot be used: ${cause.message}`, { cause })
  }
}

async function readOctets(directory: string, name: string): Promise<Uint8Array> {
  try {
    return await readFile(join(directory, name))
  } catch (cause) {
    throw new CountersignError('ERR_CONFIG', `the embedded model's file ${name} cannot be read`, { cause })
  }
}
