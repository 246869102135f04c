import type { Graph } from '../model/model.ts'
import { weightRoles } from '../model/ops.ts'
import { elementCount, type Tensor, type TensorSpec, tensor, type Weight } from '../model/tensor.ts'
import { toFloat32 } from '../model/weights.ts'
import { random } from '../random.ts'

/** How `initialize` draws weights; equal seeds give equal weights. */
export interface InitializeOptions {
  readonly seed: number
  /**
   * `fresh` (default): running mean 0 and variance 1, scale 1, shift 0, as before training. `random`: statistics and
   * affine parameters as a trained network might have them, so that folding has something to fold.
   */
  readonly statistics?: 'fresh' | 'random'
  /**
   * Convolutions and linear layers. `he` (default): normal of deviation sqrt(2 / fan-in) (He et al. 2015, eq. 10), zero biases.
   * `pytorch`: what `torch.nn.Conv2d` and `torch.nn.Linear` start from, and so what the recipes of the paper are tuned for:
   * uniform within 1 / sqrt(fan-in), biases too. The smaller weights make steps of one learning rate go further.
   */
  readonly scheme?: 'he' | 'pytorch'
}

/**
 * `graph` with random float32 weights, a function of the seed. Weights that have their elements keep them: a new head on a trained
 * backbone, say.
 */
export function initialize(graph: Graph<TensorSpec | Weight>, options: InitializeOptions): Graph<Tensor> {
  const source = random(options.seed)
  const weights: Record<string, Tensor> = {}
  const fill = (name: string, next: () => number): void => {
    const given = graph.weights[name]
    if (given && 'data' in given) {
      weights[name] = toFloat32(given)
      return
    }
    const shape = given?.shape ?? []
    const data = new Float32Array(elementCount(shape))
    for (let index = 0; index < data.length; index++) data[index] = next()
    weights[name] = tensor(shape, data)
  }
  const spread = options.statistics === 'random' ? 1 : 0

  for (const node of graph.nodes) {
    for (const [role, name] of weightRoles(node)) {
      if (node.op === 'batchNorm' || node.op === 'layerNorm') {
        if (role === 'weight') fill(name, () => 1 + spread * 0.3 * source.normal())
        else if (role === 'runningVar') fill(name, () => 1 + spread * (source.next() - 0.5))
        else fill(name, () => spread * 0.2 * source.normal())
        continue
      }
      const weight = weightRoles(node).find(([each]) => each === 'weight')?.[1] ?? name
      const fanIn = elementCount((graph.weights[weight]?.shape ?? []).slice(1))
      if (options.scheme === 'pytorch') {
        const bound = 1 / Math.sqrt(fanIn)
        fill(name, () => bound * (2 * source.next() - 1))
      } else if (role === 'weight') {
        const deviation = Math.sqrt(2 / fanIn)
        fill(name, () => deviation * source.normal())
      } else {
        fill(name, () => spread * 0.1 * source.normal())
      }
    }
  }
  return { ...graph, weights }
}
