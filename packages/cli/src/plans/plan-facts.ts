import { classCount, imagenetPreprocess, MobileOneError, type Model, type Preprocess } from '@mobileone/core'
import { toOnnx } from '@mobileone/onnx'

/** What the programs of a plan read, as plan.json. */
export interface PlanFacts {
  /** Of the network, as its file is called. */
  readonly name: string
  /** The input of the ONNX file: uint8 [N, height, width, channels], 0 to 255. */
  readonly input: string
  /** The output of the ONNX file: float32 [N, classes], which add up to 1. */
  readonly output: 'probabilities'
  readonly preprocess: Preprocess
  readonly classes: number
  readonly labels: readonly string[] | null
  /** Classes of each picture, unless asked for otherwise. */
  readonly top: number
}

/**
 * The facts of a folded classifier. Where its card has no preprocessing or no labels for 1000 classes they are ImageNet's, as in `export`.
 * @throws MobileOneError `invalid-model` unless it has one input of 1 or 3 channels and one output [N, classes].
 */
export async function planFacts(model: Model, top: number): Promise<PlanFacts> {
  const [input, ...others] = Object.entries(model.inputs)
  const classes = classCount(model)
  const [, channels, height, width] = input?.[1].shape ?? []
  if (
    !input ||
    others.length > 0 ||
    classes === undefined ||
    !height ||
    !width ||
    (channels !== 1 && channels !== 3)
  ) {
    throw new MobileOneError(
      'invalid-model',
      `a plan is for a classifier of one picture, grey or RGB, with one output; model "${model.name}" is none`,
    )
  }
  const preprocess = { ...imagenetPreprocess([height, width], channels), ...model.card?.preprocess }
  const usual = classes === 1000 ? (await import('@mobileone/vision/imagenet')).imagenetLabels : null
  const { size, resize, interpolation, mean, std } = preprocess
  return {
    name: fileName(model.name),
    input: input[0],
    output: 'probabilities',
    preprocess: { size, resize, interpolation, mean, std },
    classes,
    labels: model.card?.labels ?? usual,
    top: Math.min(top, classes),
  }
}

/** The network as an ONNX file of any batch: pixels in, probabilities out. */
export function planNetwork(model: Model, { preprocess, labels }: PlanFacts): Uint8Array {
  const card = { ...model.card, preprocess, ...(labels && { labels }) }
  const options = {
    softmax: true,
    dynamicBatch: true,
    preprocess: { layout: 'nhwc', dtype: 'uint8' },
  } as const
  return toOnnx({ ...model, card }, options)
}

/** A name for files, of letters, digits, `_`, `-` and `.`. */
function fileName(name: string): string {
  return name.replace(/[^\w.-]+/g, '_').replace(/^[.-]+/, '') || 'model'
}
