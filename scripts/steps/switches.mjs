// What the copy of the sources calls at each step: notes which steps fail, and takes out the one that is switched off.

/** Thrown where a decoder that was taken out has nothing to give. */
class Undecoded extends Error {}

export function createSwitches() {
  const failed = new Set()
  let off
  const failing = (id) => {
    failed.add(id)
    return off === id
  }
  return {
    failed,
    /** @param id of the step to take out; undefined for none */
    turnOff(id) {
      off = id
      failed.clear()
    },
    failing,
    holds: (id, condition) => condition || failing(id),
    decoding: (id, decoder) => () => {
      try {
        return decoder()
      } catch (error) {
        if (failing(id)) throw new Undecoded()
        throw error
      }
    },
    including: (id, verdict) => (verdict.ok || !failing(id) ? verdict : { ...verdict, ok: true, checks: [] }),
  }
}
