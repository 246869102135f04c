/**
 * Finds a driver, a device or an engine that computes wrongly, before it gives a wrong answer: one small run, compared with the
 * reference or with stored outputs. It is not responsible for proving a backend; `@mobileone/conformance` does that.
 */
import type { Backend, CompileOptions, Executor } from './backend.ts'
import { MobileOneError, throwIfAborted } from './errors.ts'
import { withInputs, withOutputs } from './model/edit.ts'
import type { Model } from './model/model.ts'
import { elementCount, formatShape, sameShape, type Tensor, type Tensors, tensor } from './model/tensor.ts'
import { random } from './random.ts'
import { reference } from './reference/reference.ts'
import { maxAbsDifference } from './transforms/compare.ts'

/** Inputs of a model with the outputs they must give. */
export interface Golden {
  readonly inputs: Tensors
  readonly outputs: Tensors
  /** Largest allowed difference over the largest magnitude of the output (or 1). Default: the backend's own. */
  readonly tolerance?: number
}

/** What has to compile for a check: a backend, or the part of one. */
export type Verifiable<E extends Executor = Executor> = Pick<Backend, 'name' | 'tolerance'> & {
  compile(model: Model, options?: CompileOptions): Promise<E>
}

export interface VerifyOptions extends CompileOptions {
  /** Values to compare with the reference as well as the outputs, where showing them does not change the kernels. */
  readonly values?: readonly string[]
}

/** Largest difference allowed where a backend does not state its own. */
export const defaultTolerance = 1e-3

/** Height and width to which feature maps are cut: the reference takes a fifth of a second for S0 at this size. */
const side = 64
const seed = 1

/** `backend`, checked each time it compiles a model: by {@link verifyRandom}, or against stored outputs. */
export function verified<E extends Executor>(
  backend: Backend & Verifiable<E>,
  verify: true | Golden = true,
): Backend & Verifiable<E> {
  return {
    specVersion: 1,
    name: backend.name,
    ...(backend.tolerance !== undefined && { tolerance: backend.tolerance }),
    probe: () => backend.probe(),
    unsupported: (model) => backend.unsupported(model),
    compile: (model, options) => compileVerified(backend, model, verify, options),
  }
}

/**
 * Compile `model` and check what was compiled. Nothing is left behind where the check fails.
 * @throws MobileOneError `wrong-result` naming the node or the output, the largest difference and what is allowed.
 */
export async function compileVerified<E extends Executor>(
  backend: Verifiable<E>,
  model: Model,
  verify: true | Golden,
  options: VerifyOptions = {},
): Promise<E> {
  const executor = await backend.compile(model, options)
  try {
    if (verify === true) await verifyRandom(backend, model, options)
    else await verifyGolden(backend, model, executor, verify, options)
    throwIfAborted(options.signal, `checking ${backend.name}`)
    return executor
  } catch (error) {
    await executor.dispose()
    throw error
  }
}

/**
 * Run stored inputs on `executor`, which `backend` compiled of `model`, and compare with the stored outputs. Where they differ, the
 * reference tells which node is wrong, if it can.
 * @throws MobileOneError `wrong-result`; `invalid-argument` for outputs the model lacks.
 */
export async function verifyGolden(
  backend: Verifiable,
  model: Model,
  executor: Executor,
  golden: Golden,
  options: VerifyOptions = {},
): Promise<void> {
  const signal = options.signal && { signal: options.signal }
  options.onProgress?.({ phase: 'verify', done: 0, total: 1 })
  const got = await executor.run(golden.inputs, signal)
  for (const [name, wanted] of Object.entries(golden.outputs)) {
    const result = got[name]
    if (!result || result.data.length !== wanted.data.length) {
      throw new MobileOneError(
        'invalid-argument',
        `verify: the stored output "${name}" ${formatShape(wanted.shape)} is none of model "${model.name}"; ` +
          `it has ${Object.entries(got)
            .map(([output, { shape }]) => `"${output}" ${formatShape(shape)}`)
            .join(', ')}`,
      )
    }
    const tolerance = golden.tolerance ?? backend.tolerance ?? defaultTolerance
    const problem = difference(result, wanted, tolerance)
    if (!problem) continue
    await verifyRandom(backend, model, options)
    throw wrong(backend, `output "${name}" of model "${model.name}"`, `${problem} of the stored output`)
  }
  options.onProgress?.({ phase: 'verify', done: 1, total: 1 })
}

/**
 * Compile `model` with feature maps cut to at most 64 x 64 (where the network takes that), run it on seeded standard normal
 * inputs, and compare its outputs with the reference. Where they differ, every node is shown to find the first wrong one.
 * @throws MobileOneError `wrong-result`.
 */
export async function verifyRandom(
  backend: Verifiable,
  model: Model,
  options: VerifyOptions = {},
): Promise<void> {
  const { signal, onProgress, values = [] } = options
  onProgress?.({ phase: 'verify', done: 0, total: 1 })
  const tolerance = backend.tolerance ?? defaultTolerance
  const small = shrink(model)
  const inputs = randomInputs(small)
  /** The first of `names` that is wrong, with what is wrong. */
  const check = async (shown: Model, names: readonly string[]): Promise<[string, string] | undefined> => {
    const wanted = await runOnce(reference(), shown, inputs, signal)
    const got = await runOnce(backend, shown, inputs, signal)
    for (const name of names) {
      const problem = difference(got[name], wanted[name] as Tensor, tolerance)
      if (problem) return [name, problem]
    }
    return undefined
  }
  const checkNodes = async (names: readonly string[]): Promise<void> => {
    const shown = withOutputs(small, Object.fromEntries(names.map((name) => [name, name])))
    const found = await check(shown, names)
    if (found) throw wrong(backend, `node "${found[0]}" of model "${model.name}"`, found[1])
  }

  if (values.length > 0) await checkNodes(values)
  else {
    const found = await check(small, Object.keys(small.outputs))
    if (found) {
      await checkNodes(small.nodes.map(({ name }) => name))
      const [name, problem] = found
      throw wrong(
        backend,
        `output "${name}" of model "${model.name}"`,
        `${problem}, though each node alone is right`,
      )
    }
  }
  onProgress?.({ phase: 'verify', done: 1, total: 1 })
}

function wrong({ name }: Verifiable, what: string, problem: string): MobileOneError {
  return new MobileOneError(
    'wrong-result',
    `${name}: this machine computes ${what} wrongly, ${problem}; update the driver or the runtime, or use another backend`,
  )
}

/** How far `got` is off, where that is more than `tolerance` times the largest magnitude of `wanted` (or times 1). */
function difference(got: Tensor | undefined, wanted: Tensor, tolerance: number): string | undefined {
  if (!got) return 'which did not come out'
  if (!sameShape(got.shape, wanted.shape)) {
    return `with shape ${formatShape(got.shape)} in place of ${formatShape(wanted.shape)}`
  }
  let scale = 1
  for (const value of wanted.data) if (Number.isFinite(value)) scale = Math.max(scale, Math.abs(value))
  const worst = maxAbsDifference(got, wanted)
  if (worst <= tolerance * scale) return undefined
  return `off by up to ${worst.toPrecision(2)} where ${(tolerance * scale).toPrecision(2)} is allowed`
}

async function runOnce(
  backend: Verifiable,
  model: Model,
  inputs: Tensors,
  signal: AbortSignal | undefined,
): Promise<Tensors> {
  const options = signal && { signal }
  const executor = await backend.compile(model, options)
  try {
    return await executor.run(inputs, options)
  } finally {
    await executor.dispose()
  }
}

function randomInputs(model: Model): Tensors {
  const source = random(seed)
  return Object.fromEntries(
    Object.entries(model.inputs).map(([name, { shape }]) => {
      const data = new Float32Array(elementCount(shape))
      for (let index = 0; index < data.length; index++) data[index] = source.normal()
      return [name, tensor(shape, data)]
    }),
  )
}

function shrink(model: Model): Model {
  const shapes = Object.entries(model.inputs).map(([name, { shape }]) => [
    name,
    shape.map((size, axis) => (axis === 0 ? 1 : axis === 1 ? size : Math.min(size, side))),
  ])
  try {
    return withInputs(model, Object.fromEntries(shapes))
  } catch {
    return model
  }
}
