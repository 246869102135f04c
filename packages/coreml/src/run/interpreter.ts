import {
  createExecutor,
  type Executor,
  elementCount,
  findLastUses,
  MobileOneError,
  spec,
  type TensorSpec,
  tensor,
  throwIfAborted,
} from '@mobileone/core'
import { roundToFloat16 } from '@mobileone/core/half'
import { WeightBudget } from '../read/limits.ts'
import { type CoreMLSource, openModel } from '../read/open-model.ts'
import { Constants, floatsOf } from '../read/read-constants.ts'
import { type CompiledStep, checkDeclared, compileStep, type Known } from './compile-step.ts'

/** Elements that the values of one run may have together: 1 GiB of float32. */
const maxElements = 2 ** 28
/** S4 makes 3.0e9 for a picture of 224 x 224, in half a minute. */
const mostMultiplyAdds = 2 ** 34
/** Milliseconds of work after which a run lets timers and aborts in. */
const pauseInterval = 10

/** What the interpreter of Core ML programs is called, and how much it may compute. */
export interface InterpretOptions {
  /** The name of the executor's backend. Default `coreml`. */
  readonly backend?: string
  /**
   * Multiply-adds that a run may make in convolutions and linear layers: a small file can ask for hours. Raise it for a program that
   * you trust. Default 2^34, five pictures of 224 x 224 on S4.
   */
  readonly maxMultiplyAdds?: number
}

interface Step extends CompiledStep {
  readonly name: string
  readonly type: string
  readonly half: boolean
  /** Values nothing reads after this step. */
  readonly last: readonly string[]
}

/**
 * Run the bytes of a package (ML Program) without Core ML: each operation in float32 with float64 sums, its result rounded to
 * float16 where the program says float16. Core ML may keep more precision and sum in another order. An image input takes
 * pixels 0..255 as float32 [1, C, H, W]; a classifier shows its probabilities under the name of their dictionary.
 * @throws MobileOneError `invalid-file` or `unsupported` for programs that cannot be run, or would take too long.
 */
export function interpretPackage(source: CoreMLSource, options: InterpretOptions = {}): Executor {
  const { backend = 'coreml', maxMultiplyAdds = mostMultiplyAdds } = options
  const { program, weights, size } = openModel(source)
  if (!program) {
    throw new MobileOneError(
      'unsupported',
      'this Core ML file is a neural network, not an ML program; read it with fromMLModel of @mobileone/coreml/mlmodel and run the model',
    )
  }
  const known = new Map<string, Known>()
  const reader = new Constants(weights, new WeightBudget('program', size))
  const constants = new Map<string, Float32Array>()
  const inputs: Record<string, TensorSpec> = {}
  for (const { name, type } of program.inputs) {
    if (type.kind !== 'tensor' || (type.dtype !== 'fp32' && type.dtype !== 'fp16')) {
      throw new MobileOneError(
        'unsupported',
        `the input "${name}" of the Core ML program is not a tensor of floats`,
      )
    }
    known.set(name, type)
    inputs[name] = spec(type.shape)
  }

  const steps: Omit<Step, 'last'>[] = []
  const shown = new Map(program.outputs.map((name) => [name, name]))
  let elements = 0
  let multiplyAdds = 0
  for (const operation of program.operations) {
    const name = operation.outputs[0]?.name ?? ''
    const constant = reader.read(operation)
    if (constant) {
      known.set(name, { dtype: constant.dtype, shape: constant.shape, constant })
      if (constant.dtype === 'fp16' || constant.dtype === 'fp32') {
        constants.set(name, floatsOf(constant))
      }
      continue
    }
    if (operation.type === 'classify') {
      const binding = operation.inputs.get('probabilities')
      if (binding?.kind === 'name') shown.set(operation.outputs[1]?.name ?? '', binding.name)
      shown.delete(name)
      continue
    }
    const step = compileStep(operation, (key) => known.get(key))
    const dtype = checkDeclared(operation, step.shape)
    elements += elementCount(step.shape)
    if (elements > maxElements) {
      throw new MobileOneError(
        'unsupported',
        `the Core ML program needs more than ${maxElements} elements at once`,
      )
    }
    multiplyAdds += step.multiplyAdds ?? 0
    if (multiplyAdds > maxMultiplyAdds) {
      throw new MobileOneError(
        'unsupported',
        `a run of the Core ML program makes more than ${maxMultiplyAdds} multiply-adds; raise maxMultiplyAdds if you trust the file`,
      )
    }
    known.set(name, { dtype, shape: step.shape })
    steps.push({ ...step, name, type: operation.type, half: dtype === 'fp16' })
  }
  const outputs = Object.fromEntries(
    [...shown].map(([name, value]) => {
      const found = known.get(value)
      if (!found)
        throw new MobileOneError(
          'invalid-file',
          `not a readable Core ML program: nothing makes its output "${name}"`,
        )
      return [name, spec(found.shape)]
    }),
  )
  const lastUses = findLastUses(steps, shown.values())
  const planned = steps.map((step, index): Step => {
    return { ...step, last: [...new Set(step.inputs)].filter((name) => lastUses.get(name) === index) }
  })

  const runStep = (step: Step, values: Map<string, Float32Array>): void => {
    const result = step.apply(
      ...step.inputs.map((name) => (values.get(name) ?? constants.get(name)) as Float32Array),
    )
    values.set(step.name, step.half ? roundToFloat16(result) : result)
    for (const name of step.last) values.delete(name)
  }
  const constantBytes = [...constants.values()].reduce((sum, { byteLength }) => sum + byteLength, 0)
  return createExecutor({
    backend,
    inputs,
    outputs,
    memoryBytes: constantBytes + elements * 4,
    steps: steps.map(({ name, type, half }) => ({
      node: name,
      kernel: `${type} ${half ? 'float16' : 'float32'}`,
    })),
    async execute(given, signal) {
      const values = new Map(Object.entries(given).map(([name, { data }]) => [name, data]))
      let paused = performance.now()
      for (const step of planned) {
        if (performance.now() - paused > pauseInterval) {
          await new Promise((resolve) => {
            setTimeout(resolve, 0)
          })
          paused = performance.now()
        }
        throwIfAborted(signal, `a run on ${backend}`)
        runStep(step, values)
      }
      return Object.fromEntries(
        [...shown].map(([name, value]) => {
          const data = (values.get(value) ?? constants.get(value)) as Float32Array
          return [name, tensor((outputs[name] as TensorSpec).shape, data.slice())]
        }),
      )
    },
    profile(given) {
      const values = new Map(Object.entries(given).map(([name, { data }]) => [name, data]))
      return planned.map((step, index) => {
        const start = performance.now()
        runStep(step, values)
        return { step: index, ms: performance.now() - start }
      })
    },
    free() {
      constants.clear()
    },
  })
}
