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
  const { preprocess, labels } = await assumedCard(model)
  return withCard(model, { preprocess, ...(labels && { labels }) })
}

/** The preprocessing and labels of the card, completed with what {@link withAssumedCard} assumes. */
export async function assumedCard(
  model: Model,
): Promise<{ readonly preprocess: Preprocess; readonly labels: readonly string[] | undefined }> {
  const [, { shape }] = onlyInput(model)
  const [, channels = 3, height = 224, width = 224] = shape
  const usual = imagenetPreprocess([height, width], channels === 3 ? 3 : 1)
  return {
    preprocess: { ...usual, ...model.card?.preprocess },
    labels: model.card?.labels ?? (await imagenetLabels(model)),
  }
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

async function imagenetLabels(model: Model): Promise<readonly string[] | undefined> {
  return classCount(model) === 1000 ? (await import('@mobileone/vision/imagenet')).imagenetLabels : undefined
}
