/** A promise that somebody else settles. Nobody has to wait for it. @module */

export interface Deferred<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (reason: unknown) => void
}

export function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined
  let reject: (reason: unknown) => void = () => undefined
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  // Whoever does not ask for the receipt sees the failure on the stream itself.
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}
