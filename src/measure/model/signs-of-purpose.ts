/** By what the weights of a draft model, an adapter or a projector are known, whatever their maker calls them. @module */

/**
 * Of classes and architectures that only propose tokens for another model: EAGLE, Medusa, multi-token prediction, speculators. An ordinary
 * small model that somebody uses as a draft bears no sign; its digest tells it from the main model.
 */
export const DRAFT_ARCHITECTURE: RegExp =
  /^(?:eagle3?|medusa|mlp_speculator|Eagle3?\w*ForCausalLM|\w+ForCausalLMEagle3?|\w+MTP(?:Model)?|MedusaModel|MLPSpeculator\w*)$/

/** Of tensors of LoRA adapters, in llama.cpp's spelling and in PEFT's. */
export const LOW_RANK_TENSOR: RegExp = /\.lora_(?:[abAB]|embedding_[AB])(?:\.|$)/

/** Of tensors that carry pictures or sound into a model. */
export const PROJECTOR_TENSOR: RegExp =
  /^(?:model\.)?(?:mm_projector|multi_modal_projector|vision_tower|vision_model|audio_tower|visual)\./
