import {
  type Backend,
  type Executor,
  type Model,
  type Node,
  type QuantizedTensor,
  reference,
  type Tensors,
} from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import { conformance, runCases } from '../src/index.ts'

type Run = Executor['run']

/** The reference with other executors. */
function changed(change: (executor: Executor, model: Model) => Partial<Executor>): Backend {
  const good = reference()
  return {
    ...good,
    async compile(model, options) {
      const executor = await good.compile(model, options)
      return { ...executor, ...change(executor, model) }
    },
  }
}

/** The reference, compiling another model than it was given. */
function compiling(rewrite: (node: Node) => Node): Backend {
  const good = reference()
  return {
    ...good,
    compile: (model, options) => good.compile({ ...model, nodes: model.nodes.map(rewrite) }, options),
  }
}

/** The reference, with other int8 weights. */
function quantizedAs(change: (weight: QuantizedTensor) => QuantizedTensor): Backend {
  const good = reference()
  return {
    ...good,
    compile: (model, options) => {
      const weights = Object.entries(model.weights).map(([name, weight]) => [
        name,
        weight.dtype === 'int8' ? change(weight) : weight,
      ])
      return good.compile({ ...model, weights: Object.fromEntries(weights) }, options)
    },
  }
}

const editOutputs =
  (edit: (data: Float32Array) => void): ((executor: Executor) => Partial<Executor>) =>
  (executor) => ({
    async run(inputs, options) {
      const outputs = await executor.run(inputs, options)
      for (const { data } of Object.values(outputs)) edit(data)
      return outputs
    },
  })

/** What is wrong with a backend, and the case that must find it. */
const faults: readonly (readonly [fault: string, backend: () => Backend, caught: string])[] = [
  [
    'ignores dilation',
    () =>
      compiling((node) =>
        node.op === 'conv2d' && node.dilation[0] === node.dilation[1] && node.padding[0] >= 1
          ? { ...node, dilation: [1, 1], padding: [node.padding[0], node.padding[1]] }
          : node,
      ),
    'conv2d: depthwise, dilation',
  ],
  [
    'takes the height for the width',
    () =>
      compiling((node) =>
        node.op === 'conv2d' ? { ...node, stride: [node.stride[1], node.stride[0]] } : node,
      ),
    'conv2d: dense, sides unequal',
  ],
  [
    'has no bias',
    () => changed(editOutputs((data) => (data[data.length - 1]! += 0.01))),
    'conv2d: pointwise',
  ],
  [
    'loses precision',
    () => changed(editOutputs((data) => data.set(data.map((value) => value * 1.001)))),
    'network: MobileOne, deploy form',
  ],
  [
    'takes silu for gelu',
    () => compiling((node) => (node.op === 'gelu' ? { ...node, op: 'silu' } : node)),
    'gelu: generated shapes',
  ],
  [
    'turns NaN into 0',
    () => changed(editOutputs((data) => data.set(data.map((value) => (Number.isNaN(value) ? 0 : value))))),
    'NaN and infinity: relu',
  ],
  [
    'turns NaN everywhere into a constant',
    () => changed(editOutputs((data) => data.some(Number.isNaN) && data.fill(Number.NaN))),
    'NaN and infinity: conv2d, depthwise',
  ],
  [
    'sums integers and scales them in one rounding more',
    () => quantizedAs((weight) => ({ ...weight, scales: weight.scales.map((scale) => scale * (1 + 2e-7)) })),
    'int8 form: single layers, bit for bit',
  ],
  [
    'puts an input in the middle of two steps on the other side',
    () =>
      quantizedAs((weight) => ({
        ...weight,
        ...(weight.inputSteps && { inputSteps: weight.inputSteps.map((step) => step * (1 + 2e-7)) }),
      })),
    'int8 form: inputs of every level, halves between them, and beyond both ends',
  ],
  [
    'loses the diagonal',
    () => quantizedAs(({ diagonal: _, ...weight }) => weight),
    'int8 form: single layers, bit for bit',
  ],
  [
    'uses its input as scratch memory',
    () =>
      changed((executor) => ({
        async run(inputs, options) {
          const outputs = await executor.run(inputs, options)
          for (const { data } of Object.values(inputs)) data[0] = 0
          return outputs
        },
      })),
    'run: inputs are left as they were',
  ],
  [
    'gives the same buffers each time',
    () => {
      const kept = new Map<string, Float32Array>()
      return changed((executor) => ({
        async run(inputs, options) {
          const outputs = await executor.run(inputs, options)
          return Object.fromEntries(
            Object.entries(outputs).map(([name, output]) => {
              const data = kept.get(name) ?? output.data
              kept.set(name, data)
              data.set(output.data.subarray(0, data.length))
              return [name, { ...output, data }]
            }),
          )
        },
      }))
    },
    "run: outputs are the caller's",
  ],
  [
    'shows an input itself as an output',
    () =>
      changed((executor, model) => ({
        async run(inputs, options) {
          const outputs: Record<string, Tensors[string]> = { ...(await executor.run(inputs, options)) }
          for (const [name, value] of Object.entries(model.outputs)) {
            if (inputs[value]) outputs[name] = inputs[value]
          }
          return outputs
        },
      })),
    "run: outputs are the caller's",
  ],
  [
    'settles calls in any order',
    () => {
      let calls = 0
      return changed((executor) => ({
        async run(inputs, options) {
          const delay = calls++ % 2 === 0 ? 20 : 0
          const outputs = await executor.run(inputs, options)
          await new Promise((resolve) => setTimeout(resolve, delay))
          return outputs
        },
      }))
    },
    'run: calls queue and settle in order',
  ],
  [
    'takes any input',
    () =>
      changed((executor) => {
        const run: Run = (inputs, options) =>
          executor.run(inputs, options).catch((error: { code?: string }) => {
            if (error.code === 'invalid-input') return {}
            throw error
          })
        return { run }
      }),
    'run: wrong inputs are refused, and the next run is right',
  ],
  [
    'knows no signals',
    () => changed((executor) => ({ run: (inputs) => executor.run(inputs) })),
    'abort: before a run',
  ],
  [
    'looks at the signal before a run only',
    () =>
      changed((executor) => ({
        run: (inputs, options) => executor.run(inputs, options?.signal?.aborted ? options : {}),
      })),
    'abort: between the steps of a run',
  ],
  [
    'looks at the signal after a run only',
    () =>
      changed((executor) => ({
        async run(inputs, options) {
          const outputs = await executor.run(inputs)
          if (options?.signal?.aborted) await executor.run(inputs, options)
          return outputs
        },
      })),
    'abort: between the steps of a run',
  ],
  [
    'runs after it was disposed',
    () => changed(() => ({ dispose: async () => {} })),
    'dispose: calls afterwards are refused',
  ],
  [
    'is disposed before its runs end',
    () => changed((executor) => ({ dispose: async () => void executor.dispose() })),
    'dispose: during runs, which end first',
  ],
  [
    'can be disposed once',
    () => {
      return changed((executor) => {
        let disposed = false
        return {
          async dispose() {
            if (disposed) throw new Error('disposed')
            disposed = true
            await executor.dispose()
          },
        }
      })
    },
    'dispose: twice, and by `await using`',
  ],
  [
    'names every node unsupported',
    () => ({ ...reference(), unsupported: (model) => model.nodes }),
    'compile: refuses what unsupported() names, and nothing else',
  ],
  [
    'refuses what it says it supports',
    () => ({
      ...reference(),
      compile: async (model) => Promise.reject(new Error(`no kernel for ${model.nodes[0]?.name}`)),
    }),
    'compile: refuses what unsupported() names, and nothing else',
  ],
  [
    'knows no memory',
    () => changed(() => ({ memory: { bytes: 0 } })),
    'executor: says what it takes, gives, does and holds',
  ],
  [
    'has no steps',
    () => changed(() => ({ steps: [] })),
    'executor: says what it takes, gives, does and holds',
  ],
  [
    'refuses this machine',
    () => ({ ...reference(), probe: async () => ({ ok: false, reason: 'no' }) }),
    'probe: this machine is accepted, with features',
  ],
]

describe('a backend that', () => {
  it.each(faults)('%s is found', async (_, backend, caught) => {
    const [result] = await runCases(conformance(backend).filter(({ name }) => name === caught))
    expect(result?.error).toBeTypeOf('string')
  })
})

it('a leak is found', async () => {
  let held = 0
  const cases = conformance(
    () => ({
      ...reference(),
      compile(model, options) {
        held++
        return reference().compile(model, options)
      },
    }),
    { memory: { measure: () => held, allowance: 10 } },
  )
  const [result] = await runCases(cases.filter(({ name }) => name.startsWith('memory:')))
  expect(result?.error).toContain('50 cycles took the memory from 5 to 55, and it may grow by 10')
})

it('a failure prints the seed, every parameter and the model', async () => {
  const backend = changed(editOutputs((data) => (data[0]! += 1)))
  const [result] = await runCases(conformance(() => backend).filter(({ name }) => name === 'conv2d: grouped'))
  expect(result?.error).toMatch(/elements differ by more than 0.00002 x .*; the worst, at \[0, 0, 0, 0\]/)
  expect(result?.error).toMatch(
    /seed \d+: batch \d, size \[\d+,\d+\], inChannels \d+, outChannels \d+, groups \d/,
  )
  expect(result?.error).toContain('conv2d')
})

describe('exceptions', () => {
  it('skip a case by its name and by the ops it needs', () => {
    const exceptions = { gelu: 'no error function', 'conv2d: grouped': 'depthwise only' }
    const skipped = conformance(reference, { exceptions }).filter(({ skip }) => skip)
    expect(Object.fromEntries(skipped.map(({ name, skip }) => [name, skip]))).toEqual({
      'conv2d: grouped': 'depthwise only',
      'gelu: generated shapes': 'no error function',
      'NaN and infinity: gelu': 'no error function',
      'elementwise functions of tokens': 'no error function',
      "network: random networks of a classifier's ops": 'no error function',
      'network: random networks of every op on maps': 'no error function',
      'memory: flat after many cycles of compile, run, abort and dispose': 'the options have no memory hook',
    })
  })

  it('must name something and have a reason', () => {
    expect(() => conformance(reference, { exceptions: { conv3d: 'no' } })).toThrow('neither a case nor an op')
    expect(() => conformance(reference, { exceptions: { gelu: ' ' } })).toThrow('has no reason')
  })
})
