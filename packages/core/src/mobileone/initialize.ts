import { type Graph, type Model, weightRoles } from '../model/model.ts'
import { elementCount, type Tensor, tensor } from '../model/tensor.ts'
import { random } from '../random.ts'

export interface InitializeOptions {
  readonly seed: number
  /**
   * `fresh` (default): running mean 0 and variance 1, scale 1, shift 0, as before training. `random`: statistics and
   * affine parameters as a trained network might have them, so that folding has something to fold.
   */
  readonly statistics?: 'fresh' | 'random'
}

/** `graph` with random weights: He normal by fan-in (He et al. 2015, eq. 10) for convolutions and linear layers, zero biases. */
export function initialize(graph: Graph, options: InitializeOptions): Model {
  const source = random(options.seed)
  const weights: Record<string, Tensor> = {}
  const fill = (name: string, next: () => number): void => {
    const shape = graph.weights[name]?.shape ?? []
    const data = new Float32Array(elementCount(shape))
    for (let index = 0; index < data.length; index++) data[index] = next()
    weights[name] = tensor(shape, data)
  }
  const spread = options.statistics === 'random' ? 1 : 0

  for (const node of graph.nodes) {
    for (const [role, name] of weightRoles(node)) {
      if (node.op === 'batchNorm') {
        if (role === 'weight') fill(name, () => 1 + spread * 0.3 * source.normal())
        else if (role === 'runningVar') fill(name, () => 1 + spread * (source.next() - 0.5))
        else fill(name, () => spread * 0.2 * source.normal())
      } else if (role === 'weight') {
        const fanIn = elementCount((graph.weights[name]?.shape ?? []).slice(1))
        const deviation = Math.sqrt(2 / fanIn)
        fill(name, () => deviation * source.normal())
      } else {
        fill(name, () => spread * 0.1 * source.normal())
      }
    }
  }
  return { ...graph, weights }
}
