import { throwIfAborted } from '@mobileone/core'

/** A benchmark that may be held between two turns. */
export interface Pause {
  readonly isPaused: boolean
  pause(): void
  resume(): void
  /**
   * Settles at once, or when it goes on.
   * @throws MobileOneError `aborted`, also while it is held.
   */
  wait(signal?: AbortSignal): Promise<void>
}

/** A pause for {@link BenchmarkOptions.pause}: `pause()` lets the turn that runs end and then holds; no time counts meanwhile. */
export function createPause(): Pause {
  let going: { readonly promise: Promise<void>; readonly resolve: () => void } | undefined
  return {
    get isPaused() {
      return going !== undefined
    },
    pause() {
      if (going) return
      let resolve = (): void => {}
      const promise = new Promise<void>((settle) => {
        resolve = settle
      })
      going = { promise, resolve }
    },
    resume() {
      going?.resolve()
      going = undefined
    },
    async wait(signal) {
      while (going) {
        throwIfAborted(signal, 'the benchmark')
        let stop = (): void => {}
        const aborted = new Promise<void>((resolve) => {
          stop = resolve
        })
        signal?.addEventListener('abort', stop)
        await Promise.race([going.promise, aborted])
        signal?.removeEventListener('abort', stop)
      }
      throwIfAborted(signal, 'the benchmark')
    },
  }
}
