import { MobileOneError, type Progress, throwIfAborted } from '@mobileone/core'
import type { Classifier } from '../classifier.ts'
import type { ClassifierSetup } from './classifier-state.ts'

/** Progress is shown when its phase changes or it went on by this part of the whole. */
const progressStep = 0.01

/**
 * The classifier of `setup()`, whose `onProgress` is asked for at each step; `show` gets the steps that are worth rendering.
 * @throws MobileOneError of `create`; `aborted`, also where it was made all the same, and is disposed of then.
 */
export async function loadClassifier(
  setup: () => ClassifierSetup | undefined,
  signal: AbortSignal,
  show: (progress: Progress) => void,
): Promise<Classifier> {
  const given = setup()
  throwIfAborted(signal, 'loading the classifier')
  if (!given) throw new MobileOneError('unavailable', 'the classifier has no options')
  const { create, key: _, ...options } = given
  let shown: Progress | undefined
  const onProgress = (progress: Progress): void => {
    if (signal.aborted) return
    setup()?.onProgress?.(progress)
    const { phase, fraction = 1 } = progress
    if (shown?.phase === phase && fraction < (shown.fraction ?? 1) + progressStep) return
    shown = progress
    show(progress)
  }
  const make = create ?? (await import('../create-classifier.ts')).createClassifier
  const classifier = await make({ ...options, signal, onProgress })
  if (signal.aborted) await classifier.dispose()
  throwIfAborted(signal, 'loading the classifier')
  return classifier
}
