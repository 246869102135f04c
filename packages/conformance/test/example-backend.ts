import {
  type Backend,
  createExecutor,
  inferShapes,
  MobileOneError,
  type Model,
  type Node,
  spec,
  type Tensor,
  tensor,
  throwIfAborted,
  validate,
} from '@mobileone/core'

type Kernel = (inputs: readonly Tensor[], model: Model) => Tensor

/** A backend of three kernels, in plain JavaScript. */
export function example(): Backend {
  return {
    specVersion: 1,
    name: 'example',
    probe: async () => ({ ok: true, features: ['plain JavaScript'] }),
    unsupported: (model) => model.nodes.filter((node) => chooseKernel(node) === undefined),
    async compile(model, { signal } = {}) {
      throwIfAborted(signal, 'compiling for example')
      validate(model)
      const steps = model.nodes.map((node) => {
        const kernel = chooseKernel(node)
        if (kernel) return { node, kernel }
        throw new MobileOneError('unsupported', `example: no kernel for node "${node.name}" (${node.op})`)
      })
      const shapes = inferShapes(model)
      const bytes = Object.values(shapes).map((shape) => 4 * shape.reduce((a, b) => a * b, 1))
      return createExecutor({
        backend: 'example',
        inputs: model.inputs,
        outputs: Object.fromEntries(
          Object.entries(model.outputs).map(([name, value]) => [name, spec(shapes[value] ?? [])]),
        ),
        memoryBytes: bytes.reduce((a, b) => a + b, 0),
        steps: model.nodes.map((node) => ({ node: node.name, kernel: `js ${node.op}` })),
        execute(inputs, signal) {
          const values = new Map(Object.entries(inputs))
          for (const { node, kernel } of steps) {
            throwIfAborted(signal, 'a run on example')
            const read = node.inputs.map((name) => values.get(name) as Tensor)
            values.set(node.name, kernel(read, model))
          }
          return Object.fromEntries(
            Object.entries(model.outputs).map(([name, value]) => {
              const { shape, data } = values.get(value) as Tensor
              return [name, tensor(shape, data.slice())]
            }),
          )
        },
        free() {},
      })
    },
  }
}

/** The kernel for `node`, or undefined: what `unsupported` and `compile` both ask. */
function chooseKernel(node: Node): Kernel | undefined {
  switch (node.op) {
    case 'relu':
      return ([x]) => map(x as Tensor, (value) => Math.max(value, 0))
    case 'sigmoid':
      return ([x]) => map(x as Tensor, (value) => 1 / (1 + Math.exp(-value)))
    case 'add':
      return ([a, b]) => sum(a as Tensor, b as Tensor)
    default:
      return undefined
  }
}

/** The second value may have one number a channel or an item: each goes with as many numbers of the first. */
function sum(a: Tensor, b: Tensor): Tensor {
  const share = a.data.length / b.data.length
  return map(a, (value, index) => value + (b.data[Math.floor(index / share)] as number))
}

function map(x: Tensor, apply: (value: number, index: number) => number): Tensor {
  return tensor(x.shape, x.data.map(apply))
}
