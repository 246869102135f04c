import {
  classCount,
  imagenetPreprocess,
  MobileOneError,
  type Model,
  type Preprocess,
  withCard,
} from '@mobileone/core'

/**
 * `model` with what a classifier assumes of it written into its card: ImageNet's statistics where the card has no
 * preprocessing, ImageNet's labels where it has none for 1000 classes.
 */
export async function withAssumedCard(model: Model): Promise<Model> {
  const labels = await assumedLabels(model)
  return withCard(model, { preprocess: assumedPreprocess(model), ...(labels && { labels }) })
}

/** The preprocessing of the card, completed with what {@link withAssumedCard} assumes. */
export function assumedPreprocess(model: Model): Preprocess {
  const [, { shape }] = onlyInput(model)
  const [, channels = 3, height = 224, width = 224] = shape
  return { ...imagenetPreprocess([height, width], channels === 3 ? 3 : 1), ...model.card?.preprocess }
}

/** @throws MobileOneError `invalid-model` unless `model` has one input. */
export function onlyInput(model: Model): [name: string, input: Model['inputs'][string]] {
  const [first, ...others] = Object.entries(model.inputs)
  if (!first || others.length > 0) {
    throw new MobileOneError(
      'invalid-model',
      `a classifier has one input; model "${model.name}" has ${Object.keys(model.inputs).length}`,
    )
  }
  return first
}

/** The labels of the card, or those that {@link withAssumedCard} assumes, which are loaded. */
export async function assumedLabels(model: Model): Promise<readonly string[] | undefined> {
  return (
    model.card?.labels ??
    (classCount(model) === 1000 ? (await import('@mobileone/vision/imagenet')).imagenetLabels : undefined)
  )
}
