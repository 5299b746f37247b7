export const TDX_MUTATIONS: readonly string[]
