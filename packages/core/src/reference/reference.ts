import type { Backend, CompileOptions, Executor } from '../backend.ts'
import { throwIfAborted } from '../errors.ts'
import { createExecutor } from '../executor.ts'
import type { Model, Node } from '../model/model.ts'
import { profile } from '../model/profile.ts'
import { inferShapes, type Shapes } from '../model/shapes.ts'
import { spec, type Tensor, type Tensors, tensor } from '../model/tensor.ts'
import { validate } from '../model/validate.ts'
import { floatWeight } from '../model/weights.ts'
import { createPacer } from '../pause.ts'
import { type Call, kernels } from './kernels.ts'

/** The naive backend: every op of both forms, float32 values with float64 sums. Slow, and right by inspection. */
export function reference(): Backend {
  return {
    specVersion: 1,
    name: 'reference',
    probe: async () => ({ ok: true, features: ['float64 accumulation'] }),
    unsupported: () => [],
    compile: async (model, options) => compile(model, options),
  }
}

function compile(model: Model, options: CompileOptions | undefined): Executor {
  throwIfAborted(options?.signal, 'compiling for reference')
  validate(model)
  const shapes = inferShapes(model)
  const weightBytes = Object.values(model.weights).reduce((sum, weight) => sum + weight.data.byteLength, 0)
  return createExecutor({
    backend: 'reference',
    inputs: model.inputs,
    outputs: Object.fromEntries(
      Object.entries(model.outputs).map(([name, value]) => [name, spec(shapes[value] as readonly number[])]),
    ),
    memoryBytes: weightBytes + profile(model).activationBytes,
    steps: model.nodes.map((node) => ({ node: node.name, kernel: node.op })),
    async execute(inputs, signal) {
      const values = new Map<string, Tensor>(Object.entries(inputs))
      const pace = createPacer(signal, 'a run on reference')
      for (const node of model.nodes) {
        await pace()
        throwIfAborted(signal, 'a run on reference')
        values.set(node.name, runNode(model, node, values, shapes))
      }
      return showOutputs(model, values)
    },
    profile(inputs) {
      const values = new Map<string, Tensor>(Object.entries(inputs))
      return model.nodes.map((node, step) => {
        const start = performance.now()
        values.set(node.name, runNode(model, node, values, shapes))
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

function runNode(model: Model, node: Node, values: ReadonlyMap<string, Tensor>, shapes: Shapes): Tensor {
  const inputs = node.inputs.map((name) => values.get(name) as Tensor)
  const [x, y] = inputs as [Tensor, Tensor]
  const kernel = kernels[node.op] as (call: Call) => Tensor
  return kernel({
    node,
    x,
    y,
    inputs,
    weight: (name) => floatWeight(model, name),
    shape: shapes[node.name] as readonly number[],
  })
}
