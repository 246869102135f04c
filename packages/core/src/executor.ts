import type { Executor, ExecutorPrecision, RunOptions, Step } from './backend.ts'
import { MobileOneError, throwIfAborted } from './errors.ts'
import { formatShape, sameShape, type TensorSpec, type Tensors } from './model/tensor.ts'

/** The parts of an executor that differ between backends. */
export interface ExecutorParts {
  readonly backend: string
  readonly inputs: Readonly<Record<string, TensorSpec>>
  readonly outputs: Readonly<Record<string, TensorSpec>>
  readonly memoryBytes: number
  readonly steps: readonly Step[]
  readonly features?: readonly string[]
  readonly precision?: ExecutorPrecision
  /** Run once. Inputs have been checked; no other call is under way. Must return fresh outputs. */
  execute(inputs: Tensors, signal: AbortSignal | undefined): Tensors | Promise<Tensors>
  profile?(
    inputs: Tensors,
  ):
    | readonly { readonly step: number; readonly ms: number }[]
    | Promise<readonly { readonly step: number; readonly ms: number }[]>
  /** Free everything. Called once, after the last run. */
  free(): void | Promise<void>
}

/**
 * Do `work` after the calls made before, as a run does: with code `disposed` after `dispose`, `aborted` where `signal` was aborted
 * before or while it waited.
 */
export type ExecutorQueue = <T>(signal: AbortSignal | undefined, work: () => T | Promise<T>) => Promise<T>

/**
 * Build an {@link Executor} that keeps the contract every backend shares: inputs are checked against their specs, calls
 * queue and never interleave, an aborted call rejects with code `aborted`, calls after `dispose` reject with `disposed`. `extend` makes
 * entry points of the backend's own, which join the same queue.
 */
export function createExecutor(parts: ExecutorParts): Executor
export function createExecutor<Extra extends object>(
  parts: ExecutorParts,
  extend: (queue: ExecutorQueue) => Extra,
): Executor & Extra
export function createExecutor(parts: ExecutorParts, extend?: (queue: ExecutorQueue) => object): Executor {
  let tail: Promise<unknown> = Promise.resolve()
  let disposal: Promise<void> | undefined

  const enqueue = <T>(work: () => T | Promise<T>): Promise<T> => {
    const result = tail.then(work)
    tail = result.catch(() => {})
    return result
  }
  const refuseDisposed = (): void => {
    if (disposal) {
      throw new MobileOneError(
        'disposed',
        `this ${parts.backend} executor has been disposed; compile the model again`,
      )
    }
  }

  const queue: ExecutorQueue = (signal, work) => {
    try {
      refuseDisposed()
      throwIfAborted(signal, `a run on ${parts.backend}`)
    } catch (error) {
      return Promise.reject(error)
    }
    return enqueue(() => {
      throwIfAborted(signal, `a run on ${parts.backend}`)
      return work()
    })
  }

  const profile = parts.profile?.bind(parts)
  const executor: Executor = {
    backend: parts.backend,
    inputs: parts.inputs,
    outputs: parts.outputs,
    memory: { bytes: parts.memoryBytes },
    steps: parts.steps,
    ...(parts.features && { features: parts.features }),
    ...(parts.precision && { precision: parts.precision }),
    async run(inputs: Tensors, options?: RunOptions): Promise<Tensors> {
      refuseDisposed()
      checkInputs(parts.backend, parts.inputs, inputs)
      const signal = options?.signal
      return queue(signal, () => {
        // The caller may have transferred, resized or changed what was fine when it asked.
        checkInputs(parts.backend, parts.inputs, inputs)
        return parts.execute(inputs, signal)
      })
    },
    ...(profile && {
      async profile(inputs: Tensors) {
        refuseDisposed()
        checkInputs(parts.backend, parts.inputs, inputs)
        return queue(undefined, () => {
          checkInputs(parts.backend, parts.inputs, inputs)
          return profile(inputs)
        })
      },
    }),
    dispose(): Promise<void> {
      disposal ??= enqueue(() => parts.free())
      return disposal
    },
    [Symbol.asyncDispose](): Promise<void> {
      return executor.dispose()
    },
  }
  return extend ? Object.assign(executor, extend(queue)) : executor
}

/**
 * Check `inputs` against `specs`: every name present and known, float32 data, the exact shape.
 * @throws MobileOneError `invalid-input`, naming the input, both shapes and the remedy.
 */
export function checkInputs(
  backend: string,
  specs: Readonly<Record<string, TensorSpec>>,
  inputs: Tensors,
): void {
  const fail = (message: string): never => {
    throw new MobileOneError('invalid-input', `${backend}: ${message}`)
  }
  const names = Object.keys(specs)
  if (typeof inputs !== 'object' || inputs === null) {
    fail(`run takes an object of tensors by name, { ${names.join(', ')} }, not ${String(inputs)}`)
  }
  for (const name of Object.keys(inputs)) {
    if (!Object.hasOwn(specs, name)) fail(`there is no input "${name}"; the inputs are ${quoteAll(names)}`)
  }
  for (const name of names) {
    const want = (specs[name] as TensorSpec).shape
    const given = Object.hasOwn(inputs, name) ? inputs[name] : undefined
    if (given === undefined) fail(`the input "${name}" (${formatShape(want)}) is missing`)
    else if (typeof given !== 'object' || given === null) {
      fail(`the input "${name}" must be a tensor, made by tensor(shape, data), not ${String(given)}`)
    } else if (!Array.isArray(given.shape)) fail(`the input "${name}" has no shape`)
    else if (!(given.data instanceof Float32Array)) fail(`the data of input "${name}" must be a Float32Array`)
    else if (!sameShape(given.shape, want)) {
      fail(
        `the input "${name}" has shape ${formatShape(given.shape)}, but this executor was compiled for ${formatShape(want)}; ` +
          'resize the image, or compile the model with that shape (withInputs, withBatch)',
      )
    } else if (given.data.length !== want.reduce((product, size) => product * size, 1)) {
      const remedy = given.data.length === 0 ? '; was its buffer transferred or detached?' : ''
      fail(`the input "${name}" says ${formatShape(want)} but holds ${given.data.length} elements${remedy}`)
    }
  }
}

function quoteAll(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ')
}
