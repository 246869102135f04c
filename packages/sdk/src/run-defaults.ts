import { isMobileOneError, MobileOneError } from '@mobileone/core'
import { checkPreprocessOptions, predict } from '@mobileone/vision'
import type { Changes, ClassifierDefaults } from './run-options.ts'

/** The options of `setOptions`, and those of a call over them: where a call says undefined, the default holds. */
export class RunDefaults {
  readonly #classes: number
  readonly #labels: readonly string[] | undefined
  #options: ClassifierDefaults = {}

  /** @param classes the length of the logits of one picture. */
  constructor(classes: number, labels: readonly string[] | undefined) {
    this.#classes = classes
    this.#labels = labels
  }

  /** @throws MobileOneError `invalid-argument`. */
  set(options: Changes<ClassifierDefaults>): void {
    const next: ClassifierDefaults = defined({ ...this.#options, ...options })
    if ('signal' in next) {
      throw new MobileOneError(
        'invalid-argument',
        'setOptions: a signal belongs to one call; pass it to classify, embed or watch',
      )
    }
    try {
      checkPreprocessOptions(next)
      predict(new Float32Array(this.#classes), { ...next, ...(this.#labels && { labels: this.#labels }) })
    } catch (error) {
      if (!isMobileOneError(error)) throw error
      throw new MobileOneError(error.code, `setOptions: ${error.message}`, { cause: error })
    }
    this.#options = next
  }

  with<Options extends object>(options: Options | undefined): ClassifierDefaults & Options {
    return { ...this.#options, ...(options && defined(options)) } as ClassifierDefaults & Options
  }
}

function defined<Options extends object>(
  options: Options,
): { [K in keyof Options]: Exclude<Options[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never
}
