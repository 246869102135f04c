import { MobileOneError, type Model, type Preprocess, withCard } from '@mobileone/core'
import { headOf } from './few-shot/head.ts'

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
  return {
    preprocess: { ...defaultPreprocess(shape), ...model.card?.preprocess },
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

/** ImageNet's statistics, for weights that do not say how their pictures were prepared. */
function defaultPreprocess(shape: readonly number[]): Preprocess {
  const [, channels = 3, height = 224, width = 224] = shape
  const [mean, std] =
    channels === 3
      ? [
          [0.485, 0.456, 0.406],
          [0.229, 0.224, 0.225],
        ]
      : [[0.449], [0.226]]
  return {
    size: [height, width],
    resize: Math.round((Math.max(height, width) * 256) / 224),
    interpolation: 'bilinear',
    mean: mean as number[],
    std: std as number[],
  }
}

async function imagenetLabels(model: Model): Promise<readonly string[] | undefined> {
  const head = headOf(model)
  const classes = head && model.weights[head.weight]?.shape[0]
  return classes === 1000 ? (await import('@mobileone/vision/imagenet')).imagenetLabels : undefined
}
