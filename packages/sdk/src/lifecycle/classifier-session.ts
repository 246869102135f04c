import { MobileOneError } from '@mobileone/core'
import type { Classifier, ClassifierOptions } from '../classifier.ts'
import { type ClassifierSetup, type ClassifierState, idle } from './classifier-state.ts'
import { sameOptions } from './same-options.ts'
import { coded, Store } from './store.ts'

/**
 * One classifier at a time, of the options that were given last: it is loaded after `open`, and disposed of, when running calls are
 * done, after `close` or for other options. A load that is no longer wanted is aborted, and the next begins when it has ended; one
 * that is closed as soon as it is opened never begins.
 */
export class ClassifierSession extends Store<ClassifierState> {
  #setup: ClassifierSetup | undefined
  #stop: AbortController | undefined
  #ready: Promise<Classifier> | undefined
  #last: Promise<void> = Promise.resolve()

  constructor() {
    super(idle)
  }

  /** Have a classifier of `setup`: the same goes on for options that say the same; none for undefined, null or false. */
  open<Options extends object = ClassifierOptions>(
    setup: ClassifierSetup<Options> | undefined | null | false,
  ): void {
    if (!setup) {
      this.close()
      return
    }
    const before = this.#setup
    this.#setup = setup as unknown as ClassifierSetup
    if (!this.#stop || !sameOptions(before, setup)) this.reload()
  }

  /** Load once more, after an error for instance. Nothing where nothing is open. */
  readonly reload = (): void => {
    if (!this.#setup) return
    this.#stop?.abort()
    const stop = new AbortController()
    this.#stop = stop
    this.#ready = this.#last.then(() => this.#load(stop.signal))
    this.#last = this.#hold(this.#ready, stop.signal)
    this.publish({ status: 'loading' })
  }

  readonly close = (): void => {
    if (!this.#stop) return
    this.#stop.abort()
    this.#setup = this.#stop = this.#ready = undefined
    this.publish()
  }

  /**
   * `classify` of the classifier, when it is ready.
   * @throws MobileOneError the error of loading; `aborted` where that was given up, `unavailable` where nothing is open.
   */
  readonly classify: Classifier['classify'] = (async (...args: Parameters<Classifier['classify']>) => {
    // A component's children mount before it does and opens.
    if (!this.#ready) await undefined
    const ready = this.#ready
    const classifier = await ready
    if (classifier && ready === this.#ready) return classifier.classify(...args)
    throw new MobileOneError(ready ? 'aborted' : 'unavailable', 'no classifier: give options')
  }) as Classifier['classify']

  async #load(signal: AbortSignal): Promise<Classifier> {
    try {
      const { loadClassifier } = await import('./load-classifier.ts')
      const classifier = await loadClassifier(
        () => this.#setup,
        signal,
        (progress) => this.publish({ status: 'loading', progress }),
      )
      this.publish({ status: 'ready', classifier })
      return classifier
    } catch (cause) {
      const error = coded(cause)
      if (!signal.aborted) this.publish({ status: 'error', error })
      throw error
    }
  }

  async #hold(ready: Promise<Classifier>, signal: AbortSignal): Promise<void> {
    try {
      const classifier = await ready
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve))
      await classifier.dispose()
    } catch {}
  }
}
