import { elementCount, isMobileOneError, MobileOneError, throwIfAborted } from '@mobileone/core'
import { checkPixels, type Image } from '@mobileone/vision'
import { type Preparation, prepareWith } from './prepare-example.ts'

export interface BatchToLoad {
  /** The decoded pixels of the example at `place` of the batch. */
  load(place: number): Image | Promise<Image>
  /** What messages call each example. */
  readonly names: readonly string[]
  /** Randomness of each example. */
  readonly seeds: Uint32Array
  readonly preparation: Preparation
}

/** Decoded pictures in memory at once: they can be a hundred times the size of what is cut out of them. */
const lanes = 4

/** The pixels of a batch, NHWC. Examples land in their places whatever the order in which they are decoded. */
export async function loadBatch(
  { load, names, seeds, preparation }: BatchToLoad,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const length = elementCount([...preparation.rule.size, preparation.channels])
  const out = new Float32Array(names.length * length)
  const prepare = prepareWith(preparation)
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < names.length) {
      throwIfAborted(signal, 'loading batches')
      const place = next++
      try {
        const loaded = load(place)
        const image = isThenable(loaded) ? await loaded : loaded
        prepare(checkPixels(image, names[place]), seeds[place]!, out, place * length)
      } catch (cause) {
        next = names.length
        throw nameIn(cause, names[place]!)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(lanes, names.length) }, lane))
  return out
}

function isThenable(value: Image | Promise<Image>): value is Promise<Image> {
  return typeof (value as Partial<Promise<Image>>).then === 'function'
}

/** The same error, naming the example where it does not yet. */
function nameIn(cause: unknown, name: string): MobileOneError {
  if (!isMobileOneError(cause)) {
    const message = cause instanceof Error ? cause.message : String(cause)
    return new MobileOneError('invalid-input', `${name} cannot be loaded: ${message}`, { cause })
  }
  if (cause.code === 'aborted' || cause.message.includes(name)) return cause
  return new MobileOneError(cause.code, `${name}: ${cause.message}`, { cause })
}
