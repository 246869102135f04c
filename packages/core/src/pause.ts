import { throwIfAborted } from './errors.ts'

/** Milliseconds of work after which long work lets the event loop turn. */
const interval = 8

/** Let timers, events and aborts in, without the 4 ms a nested `setTimeout` takes. */
export function pause(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve)
      return
    }
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}

/**
 * For loops of long work: call what this returns at each turn. After 8 ms of work it pauses and hears `signal`.
 * @param what Names the work in the error with code `aborted`.
 */
export function createPacer(signal: AbortSignal | undefined, what: string): () => Promise<void> {
  let last = performance.now()
  return async () => {
    if (performance.now() - last < interval) return
    await pause()
    throwIfAborted(signal, what)
    last = performance.now()
  }
}
