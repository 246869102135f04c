import { MobileOneError, type Model, type Node, tensor, withCard } from '@mobileone/core'

type LinearNode = Extract<Node, { op: 'linear' }>

/** The linear layer that makes the logits, undefined where the model ends in something else. */
export function headOf(model: Model): LinearNode | undefined {
  const logits = model.outputs.logits ?? Object.values(model.outputs)[0]
  const last = model.nodes.find((node) => node.name === logits)
  return last?.op === 'linear' ? last : undefined
}

/**
 * `model`, in either form, with other classes: the weight [classes, features] and the bias [classes] of its last linear
 * layer replaced, under their names, and `labels` in the card.
 * @throws MobileOneError `unsupported` where the model does not end in a linear layer, `invalid-argument` for wrong lengths.
 */
export function withHead(
  model: Model,
  head: { readonly weight: Float32Array; readonly bias: Float32Array },
  labels: readonly string[],
): Model {
  const old = headOf(model)
  const features = old && model.weights[old.weight]?.shape[1]
  if (!old || features === undefined) {
    throw new MobileOneError(
      'unsupported',
      `model "${model.name}" does not end in a linear layer, so there is no head to replace`,
    )
  }
  if (head.weight.length !== labels.length * features || head.bias.length !== labels.length) {
    throw new MobileOneError(
      'invalid-argument',
      `a head of ${labels.length} classes on ${features} features has ${labels.length * features} weights and ${labels.length} biases, not ${head.weight.length} and ${head.bias.length}`,
    )
  }
  const bias = old.bias ?? `${old.name}.bias`
  const weights = {
    ...model.weights,
    [old.weight]: tensor([labels.length, features], head.weight),
    [bias]: tensor([labels.length], head.bias),
  }
  const nodes = model.nodes.map((node) => (node === old ? { ...old, bias } : node))
  return withCard({ ...model, nodes, weights }, { labels })
}
