import {
  elementCount,
  type Graph,
  inferShapes,
  type Model,
  type Node,
  type Random,
  random,
  spec,
  type Tensor,
  tensor,
  unaryOps,
} from '@mobileone/core'

type Shape = readonly number[]

/**
 * A small network of random ops, shapes and names, whose unread values are its outputs. Sizes are odd and uneven on
 * purpose. The same seed gives the same model.
 */
export function randomModel(seed: number): Model {
  const source = random(seed)
  const pick = <T>(items: readonly T[]): T => items[source.integer(0, items.length - 1)] as T
  const batch = source.integer(1, 3)
  const input = [batch, source.integer(1, 6), source.integer(5, 12), source.integer(5, 12)]
  const weights: Record<string, Tensor> = {}
  const nodes: Node[] = []
  const shapes = new Map<string, Shape>([['image', input]])
  const weight = (name: string, shape: Shape, make: () => number): string => {
    weights[name] = randomTensor(shape, make)
    return name
  }

  const count = source.integer(4, 14)
  for (let index = 0; index < count; index++) {
    const name = pick(['block.', '/stage/', 'Größe ', 'a:b.']) + index
    const [x, shape] = pick([...shapes].slice(-3))
    const alike = [...shapes].filter(([, other]) => String(other) === String(shape))
    const gates = [...shapes].filter(
      ([, other]) =>
        shape.length === 4 &&
        other.length === 4 &&
        [shape[1], 1].some((channels) => String(other) === String([shape[0], channels, 1, 1])),
    )
    const node = randomNode(
      source,
      pick,
      name,
      x,
      shape,
      weight,
      pick(alike)[0],
      pick([...alike, ...gates])[0],
    )
    nodes.push(node)
    const graph: Graph = { name: '', inputs: { image: spec(input) }, nodes, outputs: {}, weights }
    shapes.set(name, inferShapes(graph)[name] as Shape)
  }

  const read = new Set(nodes.flatMap((node) => node.inputs as readonly string[]))
  const leaves = nodes.filter((node) => !read.has(node.name))
  const named = leaves.map((node, index) => [index === 0 ? 'logits' : `out ${index}`, node.name])
  return {
    name: `random ${seed}`,
    inputs: { image: spec(input) },
    nodes,
    outputs: Object.fromEntries(named),
    weights,
  }
}

function randomNode(
  source: Random,
  pick: <T>(items: readonly T[]) => T,
  name: string,
  x: string,
  shape: Shape,
  weight: (name: string, shape: Shape, make: () => number) => string,
  alike: string,
  factor: string,
): Node {
  const normal = (): number => source.normal() * 0.5
  const biased = source.next() < 0.7
  const ops =
    shape.length === 4
      ? ([
          ...(['conv2d', 'conv2d', 'conv2d', 'batchNorm', 'globalAvgPool', 'flatten'] as const),
          ...(['maxPool', 'upsample', 'upsample', 'channelShuffle'] as const),
        ] as const)
      : (['linear', 'linear', 'batchNorm', 'softmax', 'flatten'] as const)
  const op = pick([...ops, ...unaryOps, 'affine', 'add', 'mul', 'maximum', 'concat', 'slice'] as const)
  const [, c = 1, h = 1, w = 1] = shape
  switch (op) {
    case 'conv2d': {
      const groups = pick([1, c, ...[2, 3].filter((divisor) => c % divisor === 0)])
      const outputs = groups * source.integer(1, 3)
      const kernel = [Math.min(source.integer(1, 3), h), Math.min(source.integer(1, 3), w)] as const
      const dilation = [kernel[0] * 2 <= h ? pick([1, 2]) : 1, kernel[1] * 2 <= w ? pick([1, 2]) : 1] as const
      return {
        op,
        name,
        inputs: [x],
        weight: weight(`${name}.weight`, [outputs, c / groups, ...kernel], normal),
        ...(biased && { bias: weight(`${name}.bias`, [outputs], normal) }),
        stride: [source.integer(1, 2), source.integer(1, 2)],
        padding: [source.integer(0, 2), source.integer(0, 2)],
        dilation,
        groups,
      }
    }
    case 'batchNorm':
      return {
        op,
        name,
        inputs: [x],
        weight: weight(`${name}.weight`, [c], normal),
        bias: weight(`${name}.bias`, [c], normal),
        runningMean: weight(`${name}.running_mean`, [c], normal),
        runningVar: weight(`${name}.running_var`, [c], () => 0.5 + source.next()),
        epsilon: pick([1e-5, 1e-3, 2.5e-4]),
      }
    case 'linear': {
      const outputs = source.integer(1, 7)
      return {
        op,
        name,
        inputs: [x],
        weight: weight(`${name}.weight`, [outputs, c], normal),
        ...(biased && { bias: weight(`${name}.bias`, [outputs], normal) }),
      }
    }
    case 'affine':
      return {
        op,
        name,
        inputs: [x],
        scale: Math.fround(source.normal()),
        offset: pick([0, Math.fround(source.normal())]),
      }
    case 'maximum':
      return { op, name, inputs: [x, alike] }
    case 'add':
    case 'mul':
      return { op, name, inputs: [x, factor] }
    case 'maxPool': {
      const kernel = [Math.min(source.integer(1, 3), h), Math.min(source.integer(1, 3), w)] as const
      const padding = [source.integer(0, kernel[0] >> 1), source.integer(0, kernel[1] >> 1)] as const
      return { op, name, inputs: [x], kernel, stride: [source.integer(1, 2), source.integer(1, 2)], padding }
    }
    case 'channelShuffle': {
      const divisors = Array.from({ length: c }, (_, index) => index + 1).filter((groups) => c % groups === 0)
      return { op, name, inputs: [x], groups: pick(divisors) }
    }
    case 'upsample': {
      const mode = pick(['nearest', 'bilinear'] as const)
      const corners = mode === 'bilinear' && source.next() < 0.5 ? { alignCorners: true } : {}
      const target =
        h * w < 200 && source.next() < 0.5
          ? { scale: [source.integer(1, 3), source.integer(1, 3)] as const }
          : { size: [source.integer(1, 24), source.integer(1, 24)] as const }
      return { op, name, inputs: [x], mode, ...corners, ...target }
    }
    case 'concat':
      return { op, name, inputs: [x, alike, x], axis: source.integer(1, shape.length - 1) }
    case 'slice': {
      const axis = source.integer(1, shape.length - 1)
      const start = source.integer(0, (shape[axis] as number) - 1)
      return { op, name, inputs: [x], axis, start, end: source.integer(start + 1, shape[axis] as number) }
    }
    default:
      return { op, name, inputs: [x] }
  }
}

/** `graph` with normal weights. */
export function attachNormal(graph: Graph, source: Random): Model {
  const weights = Object.entries(graph.weights).map(([name, { shape }]) => [
    name,
    randomTensor(shape, () => source.normal() * 0.5),
  ])
  return { ...graph, weights: Object.fromEntries(weights) }
}

/** A tensor of elements from `make`. */
export function randomTensor(shape: Shape, make: () => number): Tensor {
  const data = new Float32Array(elementCount(shape))
  for (let index = 0; index < data.length; index++) data[index] = make()
  return tensor(shape, data)
}

/** Standard normal inputs for `model`. */
export function randomInputs(model: Graph, seed: number): Record<string, Tensor> {
  const source = random(seed)
  return Object.fromEntries(
    Object.entries(model.inputs).map(([name, { shape }]) => [
      name,
      randomTensor(shape, () => source.normal()),
    ]),
  )
}
