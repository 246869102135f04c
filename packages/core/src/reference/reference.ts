import type { Backend, CompileOptions, Executor } from '../backend.ts'
import { throwIfAborted } from '../errors.ts'
import { createExecutor } from '../executor.ts'
import { integerWeight } from '../model/integer-weight.ts'
import type { Model, Node } from '../model/model.ts'
import { profile } from '../model/profile.ts'
import { inferShapes, type Shapes } from '../model/shapes.ts'
import { type QuantizedTensor, spec, type Tensor, type Tensors, tensor } from '../model/tensor.ts'
import { validate } from '../model/validate.ts'
import { floatWeight } from '../model/weights.ts'
import { createPacer } from '../pause.ts'
import { integerConv2d } from './integer-conv2d.ts'
import { type Call, kernels } from './kernels.ts'

/** What the reference computes in. */
export interface ReferenceOptions {
  /** `float32`: layers of the int8 form in float32, with the weights that their integers stand for. Default `int8`: as the model asks. */
  readonly precision?: 'float32' | 'int8'
}

/**
 * The naive backend: every op of every form, float32 values with float64 sums, layers of the int8 form in integers. Slow, and right
 * by inspection.
 */
export function reference({ precision = 'int8' }: ReferenceOptions = {}): Backend {
  return {
    specVersion: 1,
    name: 'reference',
    probe: async () => ({ ok: true, features: ['float64 accumulation'] }),
    unsupported: () => [],
    compile: async (model, options) => compile(model, precision, options),
  }
}

function compile(model: Model, precision: 'float32' | 'int8', options: CompileOptions | undefined): Executor {
  throwIfAborted(options?.signal, 'compiling for reference')
  validate(model)
  const shapes = inferShapes(model)
  const weightBytes = Object.values(model.weights).reduce((sum, weight) => sum + weight.data.byteLength, 0)
  const integers = (node: Node): QuantizedTensor | undefined =>
    precision === 'int8' ? integerWeight(model, node) : undefined
  return createExecutor({
    backend: 'reference',
    precision: model.nodes.some(integers) ? 'int8' : 'float32',
    inputs: model.inputs,
    outputs: Object.fromEntries(
      Object.entries(model.outputs).map(([name, value]) => [name, spec(shapes[value] as readonly number[])]),
    ),
    memoryBytes: weightBytes + profile(model).activationBytes,
    steps: model.nodes.map((node) => ({
      node: node.name,
      kernel: integers(node) ? `${node.op} int8` : node.op,
    })),
    async execute(inputs, signal) {
      const values = new Map<string, Tensor>(Object.entries(inputs))
      const pace = createPacer(signal, 'a run on reference')
      for (const node of model.nodes) {
        await pace()
        throwIfAborted(signal, 'a run on reference')
        values.set(node.name, runNode(model, integers(node), node, values, shapes))
      }
      return showOutputs(model, values)
    },
    profile(inputs) {
      const values = new Map<string, Tensor>(Object.entries(inputs))
      return model.nodes.map((node, step) => {
        const start = performance.now()
        values.set(node.name, runNode(model, integers(node), node, values, shapes))
        return { step, ms: performance.now() - start }
      })
    },
    free: () => {},
  })
}

function showOutputs(model: Model, values: ReadonlyMap<string, Tensor>): Tensors {
  return Object.fromEntries(
    Object.entries(model.outputs).map(([name, value]) => {
      const result = values.get(value) as Tensor
      return [name, tensor(result.shape, result.data.slice())]
    }),
  )
}

function runNode(
  model: Model,
  integers: QuantizedTensor | undefined,
  node: Node,
  values: ReadonlyMap<string, Tensor>,
  shapes: Shapes,
): Tensor {
  const inputs = node.inputs.map((name) => values.get(name) as Tensor)
  const [x, y] = inputs as [Tensor, Tensor]
  const shape = shapes[node.name] as readonly number[]
  if (integers && node.op === 'conv2d') {
    const bias = node.bias === undefined ? undefined : floatWeight(model, node.bias)
    return integerConv2d(node, x, integers, bias, shape)
  }
  const kernel = kernels[node.op] as (call: Call) => Tensor
  return kernel({
    node,
    x,
    y,
    inputs,
    weight: (name) => floatWeight(model, name),
    shape,
  })
}
