import { MobileOneError } from '../errors.ts'
import type { Graph, Linear, Model, ModelCard } from './model.ts'
import { weightRoles } from './ops.ts'
import { inferShapes } from './shapes.ts'
import { formatShape, type TensorSpec, tensor, type Weight } from './tensor.ts'
import { findUses } from './uses.ts'
import { validate } from './validate.ts'

/**
 * The same network for inputs of other shapes.
 * @throws MobileOneError `invalid-argument` for an unknown input, `invalid-model` where the network cannot take the shape.
 */
export function withInputs<G extends Graph>(
  graph: G,
  shapes: Readonly<Record<string, readonly number[]>>,
): G {
  for (const name of Object.keys(shapes)) {
    if (!Object.hasOwn(graph.inputs, name)) {
      throw new MobileOneError('invalid-argument', `model "${graph.name}" has no input "${name}"`)
    }
  }
  const inputs = Object.fromEntries(
    Object.entries(graph.inputs).map(([name, input]) => [
      name,
      { ...input, shape: shapes[name] ?? input.shape },
    ]),
  )
  const changed = { ...graph, inputs }
  inferShapes(changed)
  const [, channels, height, width] = Object.values(inputs)[0]?.shape ?? []
  if (!graph.config || channels === undefined || height === undefined || width === undefined) return changed
  return { ...changed, config: { ...graph.config, input: { channels, size: [height, width] } } }
}

/** The same network for `batch` items at once: axis 0 of every input. */
export function withBatch<G extends Graph>(graph: G, batch: number): G {
  const shapes = Object.entries(graph.inputs).map(([name, input]) => [name, [batch, ...input.shape.slice(1)]])
  return withInputs(graph, Object.fromEntries(shapes))
}

/**
 * The same network showing other values, named by `outputs` (output name to value name). Inputs, nodes and weights that
 * no output needs are dropped.
 * @throws MobileOneError `invalid-argument` where a value does not exist.
 */
export function withOutputs<G extends Graph>(graph: G, outputs: Readonly<Record<string, string>>): G {
  const uses = findUses(graph)
  const needed = new Set<string>()
  const pending: string[] = []
  for (const [name, value] of Object.entries(outputs)) {
    if (!uses.producer(value) && !Object.hasOwn(graph.inputs, value)) {
      throw new MobileOneError(
        'invalid-argument',
        `output "${name}": model "${graph.name}" has no value "${value}"`,
      )
    }
    pending.push(value)
  }
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (needed.has(name)) continue
    needed.add(name)
    pending.push(...(uses.producer(name)?.inputs ?? []))
  }
  const inputs = Object.fromEntries(Object.entries(graph.inputs).filter(([name]) => needed.has(name)))
  const nodes = graph.nodes.filter((node) => needed.has(node.name))
  const used = new Set(nodes.flatMap((node) => weightRoles(node).map(([, name]) => name)))
  const weights = Object.fromEntries(Object.entries(graph.weights).filter(([name]) => used.has(name)))
  return { ...graph, inputs, nodes, outputs, weights }
}

/** The same network with `card` merged over its card. */
export function withCard<G extends Graph>(graph: G, card: ModelCard): G {
  return { ...graph, card: { ...graph.card, ...card } }
}

/** The linear layer that makes the logits (or the first output where none is called so), undefined where something else does. */
export function headOf(graph: Graph): Linear | undefined {
  const logits = graph.outputs.logits ?? Object.values(graph.outputs)[0]
  const last = graph.nodes.find((node) => node.name === logits)
  return last?.op === 'linear' ? last : undefined
}

/** How many classes {@link headOf} tells apart, undefined without one. */
export function classCount(graph: Graph): number | undefined {
  const head = headOf(graph)
  return head && graph.weights[head.weight]?.shape[0]
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
  const classes = labels.length
  if (head.weight.length !== classes * features || head.bias.length !== classes) {
    throw new MobileOneError(
      'invalid-argument',
      `a head of ${classes} classes on ${features} features has ${classes * features} weights and ${classes} biases, not ${head.weight.length} and ${head.bias.length}`,
    )
  }
  const bias = old.bias ?? `${old.name}.bias`
  const weights = {
    ...model.weights,
    [old.weight]: tensor([classes, features], head.weight),
    [bias]: tensor([classes], head.bias),
  }
  const nodes = model.nodes.map((node) => (node === old ? { ...old, bias } : node))
  const changed = withCard({ ...model, nodes, weights }, { labels })
  return model.config ? { ...changed, config: { ...model.config, classes } } : changed
}

/**
 * `graph` with the elements of its weights: every weight present and of the right shape, nothing left over.
 * @throws MobileOneError `missing-weights` listing every missing, extra and mis-shaped name.
 */
export function attachWeights(graph: Graph, tensors: Readonly<Record<string, Weight>>): Model {
  const missing: string[] = []
  const misshaped: string[] = []
  const weights: Record<string, Weight> = {}
  for (const [name, want] of Object.entries(graph.weights) as [string, TensorSpec][]) {
    const found = Object.hasOwn(tensors, name) ? tensors[name] : undefined
    if (!found) missing.push(name)
    else if (formatShape(found.shape) !== formatShape(want.shape)) {
      misshaped.push(`${name} (${formatShape(found.shape)}, expected ${formatShape(want.shape)})`)
    } else weights[name] = found
  }
  const extra = Object.keys(tensors).filter((name) => !Object.hasOwn(graph.weights, name))
  if (missing.length > 0 || misshaped.length > 0 || extra.length > 0) {
    const parts = [
      missing.length > 0 ? `${missing.length} missing: ${missing.join(', ')}` : '',
      misshaped.length > 0 ? `${misshaped.length} of another shape: ${misshaped.join(', ')}` : '',
      extra.length > 0 ? `${extra.length} not part of the model: ${extra.join(', ')}` : '',
    ].filter((part) => part !== '')
    throw new MobileOneError(
      'missing-weights',
      `the weights do not fit model "${graph.name}": ${parts.join('; ')}`,
    )
  }
  const model = { ...graph, weights }
  validate(model)
  return model
}
