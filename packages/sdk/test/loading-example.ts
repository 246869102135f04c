import {
  type ClassifierProfile,
  createClassifier,
  isCached,
  type LocalClassifier,
  type ModelSource,
  preload,
} from '@mobileone/sdk'

/** A classifier that knows three kinds of shoes alone, behind a progress bar that goes from 0 to 1 once. */
export async function openShoes(
  model: ModelSource,
  bar: (fraction: number, phase: string) => void,
): Promise<LocalClassifier> {
  const classifier = await createClassifier({
    model,
    storage: 'float16',
    warmUp: true,
    onProgress: ({ phase, fraction = 0 }) => bar(fraction, phase),
  })
  classifier.setOptions({ topK: 1, allow: ['Sandal', 'Sneaker', 'Ankle boot'] })
  return classifier
}

/** Have the model there before it is needed. */
export async function prepare(model: ModelSource): Promise<void> {
  const options = { storage: 'float16' } as const
  if (!(await isCached(model, options))) await preload(model, options)
}

/** The five kernels that take most of a run, such as `41 % of 5 ms: pointwise (13 steps)`. */
export function hottest({ ms, kernels }: ClassifierProfile): string[] {
  return kernels
    .slice(0, 5)
    .map(
      ({ kernel, steps, share }) =>
        `${Math.round(100 * share)} % of ${ms.toFixed(0)} ms: ${kernel} (${steps} steps)`,
    )
}
