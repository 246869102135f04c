import { MobileOneError } from '../errors.ts'
import { type Graph, type ModelCard, weightRoles } from './model.ts'
import { inferShapes } from './shapes.ts'
import { formatShape, type Tensor, type TensorSpec } from './tensor.ts'
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
  return changed
}

/** The same network for `batch` items at once: axis 0 of every input. */
export function withBatch<G extends Graph>(graph: G, batch: number): G {
  const shapes = Object.entries(graph.inputs).map(([name, input]) => [name, [batch, ...input.shape.slice(1)]])
  return withInputs(graph, Object.fromEntries(shapes))
}

/**
 * The same network showing other values, named by `outputs` (output name to value name). Nodes and weights that no
 * output needs are dropped.
 * @throws MobileOneError `invalid-argument` where a value does not exist.
 */
export function withOutputs<G extends Graph>(graph: G, outputs: Readonly<Record<string, string>>): G {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]))
  const needed = new Set<string>()
  const pending: string[] = []
  for (const [name, value] of Object.entries(outputs)) {
    if (!byName.has(value) && !Object.hasOwn(graph.inputs, value)) {
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
    pending.push(...(byName.get(name)?.inputs ?? []))
  }
  const nodes = graph.nodes.filter((node) => needed.has(node.name))
  const used = new Set(nodes.flatMap((node) => weightRoles(node).map(([, name]) => name)))
  const weights = Object.fromEntries(Object.entries(graph.weights).filter(([name]) => used.has(name)))
  return { ...graph, nodes, outputs, weights }
}

/** The same network with `card` merged over its card. */
export function withCard<G extends Graph>(graph: G, card: ModelCard): G {
  return { ...graph, card: { ...graph.card, ...card } }
}

/**
 * `graph` with the elements of its weights: every weight present and of the right shape, nothing left over.
 * @throws MobileOneError `missing-weights` listing every missing, extra and mis-shaped name.
 */
export function attachWeights(graph: Graph, tensors: Readonly<Record<string, Tensor>>): Graph<Tensor> {
  const missing: string[] = []
  const misshaped: string[] = []
  const weights: Record<string, Tensor> = {}
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
