import {
  classCount,
  formatShape,
  type Graph,
  headOf,
  MobileOneError,
  type Model,
  type Preprocess,
  spec,
  withOutputs,
} from '@mobileone/core'
import { checkRule } from '@mobileone/vision'
import { onlyInput } from './assumed-card.ts'
import type { ClassifierOptions } from './classifier.ts'

/** @throws MobileOneError `invalid-argument` where labels or preprocessing do not fit the network. */
export function checkFit(
  model: Model,
  rule: Preprocess,
  labels: readonly string[] | undefined,
  given: Pick<ClassifierOptions, 'labels' | 'preprocess'>,
): void {
  const classes = classCount(model)
  if (labels && classes !== undefined && labels.length !== classes) {
    const whose = given.labels ? 'option' : 'card'
    throw new MobileOneError(
      'invalid-argument',
      `the ${whose} has ${labels.length} labels for the ${classes} classes of model "${model.name}"; pass labels, one per class`,
    )
  }
  checkRule(rule)
  const [name, { shape }] = onlyInput(model)
  const [, channels, height, width] = shape
  const image = [rule.mean.length, ...rule.size]
  // A network of other channels takes tensors alone.
  const isOfColours = channels === 1 || channels === 3
  if (
    shape.length === 4 &&
    (rule.size[0] !== height || rule.size[1] !== width || (isOfColours && rule.mean.length !== channels))
  ) {
    const whose = given.preprocess?.size || given.preprocess?.mean ? 'option preprocess' : 'card'
    throw new MobileOneError(
      'invalid-argument',
      `the ${whose} prepares pictures of ${formatShape(image)}, but the input "${name}" of model "${model.name}" is ` +
        `${formatShape(shape)}; pass preprocess: { size: [${height}, ${width}] } and as many means as channels, or a model of that size`,
    )
  }
}

export function withoutWeights(model: Model): Graph {
  const weights = Object.entries(model.weights).map(([name, { shape }]) => [name, spec(shape)])
  return { ...model, weights: Object.fromEntries(weights) }
}

/** Show what the last linear layer reads as `embedding`, beside `logits`. */
export function withEmbedding(model: Model): Model {
  const logits = model.outputs.logits ?? Object.values(model.outputs)[0]
  if (logits === undefined || !model.nodes.some((node) => node.name === logits)) {
    throw new MobileOneError('invalid-model', `model "${model.name}" has no output to classify by`)
  }
  const head = headOf(model)
  return withOutputs(model, head ? { logits, embedding: head.inputs[0] } : { logits })
}
