/**
 * Finds a driver, a device or an engine that computes wrongly, before it gives a wrong answer: a dozen small runs, compared
 * with the reference, or stored inputs compared with stored outputs. It is not responsible for proving a backend;
 * `@mobileone/conformance` does that.
 */
import type { Backend, CompileOptions, Executor } from './backend.ts'
import { MobileOneError, throwIfAborted } from './errors.ts'
import { withInputs, withOutputs } from './model/edit.ts'
import type { Model } from './model/model.ts'
import { elementCount, formatShape, sameShape, type Tensor, type Tensors, tensor } from './model/tensor.ts'
import { type Random, random } from './random.ts'
import { reference } from './reference/reference.ts'
import { maxAbsDifference } from './transforms/compare.ts'

/** Inputs of a model with the outputs they must give. */
export interface Golden {
  readonly inputs: Tensors
  readonly outputs: Tensors
  /** Largest allowed difference over the largest magnitude of the output (or 1). Default: the backend's own. */
  readonly tolerance?: number
}

/** A backend whose executors may have entry points of their own. */
type BackendOf<E extends Executor> = Backend & {
  compile(model: Model, options?: CompileOptions): Promise<E>
}

/** Largest difference allowed where a backend does not state its own: float32, summed in any order. */
export const defaultTolerance = 2e-5

const seed = 1

/**
 * `backend`, checked each time it compiles a model. With `true` the network is run on seeded random inputs, by itself and compared
 * with the reference: at even and at odd sizes up to 67 pixels (where the network takes them), in batches of one and of two, with
 * inputs in turn so that no run may show in another, and with NaN, unless the backend says that it has none. With stored inputs
 * and outputs these are run at the size of the model.
 */
export function verified<E extends Executor>(
  backend: BackendOf<E>,
  verify: true | Golden = true,
): BackendOf<E> {
  const checked: BackendOf<E> = {
    specVersion: 1,
    name: backend.name,
    ...(backend.tolerance !== undefined && { tolerance: backend.tolerance }),
    ...(backend.nan !== undefined && { nan: backend.nan }),
    ...(backend.precision !== undefined && { precision: backend.precision }),
    probe: () => backend.probe(),
    unsupported: (model) => backend.unsupported(model),
    compile: (model: Model, options?: CompileOptions): Promise<E> =>
      compileVerified(backend, model, verify, options),
  }
  return checked
}

/**
 * Compile `model` and check what was compiled, see {@link verified}. Nothing is left behind where the check fails.
 * @throws MobileOneError `wrong-result` naming the node or the output, the largest difference and what is allowed;
 * `invalid-argument` for stored outputs the model lacks.
 */
export async function compileVerified<E extends Executor>(
  backend: BackendOf<E>,
  model: Model,
  verify: true | Golden,
  options: CompileOptions = {},
): Promise<E> {
  const executor = (await backend.compile(model, options)) as E
  try {
    if (verify === true) await compareWithReference(backend, model, options)
    else await compareWithGolden(backend, model, executor, verify, options)
    throwIfAborted(options.signal, `checking ${backend.name}`)
    return executor
  } catch (error) {
    await executor.dispose()
    throw error
  }
}

async function compareWithGolden(
  backend: Backend,
  model: Model,
  executor: Executor,
  golden: Golden,
  options: CompileOptions,
): Promise<void> {
  options.onProgress?.({ phase: 'verify', done: 0, total: 1 })
  const got = await executor.run(golden.inputs, options.signal && { signal: options.signal })
  for (const [name, wanted] of Object.entries(golden.outputs)) {
    const result = got[name]
    if (!result || result.data.length !== wanted.data.length) {
      const shown = Object.entries(got).map(([output, { shape }]) => `"${output}" ${formatShape(shape)}`)
      throw new MobileOneError(
        'invalid-argument',
        `verify: the stored output "${name}" ${formatShape(wanted.shape)} is none of model "${model.name}"; it has ${shown.join(', ')}`,
      )
    }
    const tolerance = golden.tolerance ?? backend.tolerance ?? defaultTolerance
    const problem = difference(result, wanted, tolerance)
    if (!problem) continue
    await compareWithReference(backend, model, options)
    throw wrong(backend, `output "${name}" of model "${model.name}"`, `${problem} of the stored output`)
  }
  options.onProgress?.({ phase: 'verify', done: 1, total: 1 })
}

/** Inputs, and the outputs that the reference gives for them. */
interface Sample {
  readonly inputs: Tensors
  readonly outputs: Tensors
}

/** A model at one size, with samples and the order in which they are run. */
interface Check {
  readonly model: Model
  readonly samples: readonly Sample[]
  readonly order: readonly number[]
}

async function compareWithReference(backend: Backend, model: Model, options: CompileOptions): Promise<void> {
  const { signal, onProgress } = options
  const checks = [checkOddBatch, checkTurns]
  const source = random(seed)
  for (const [done, make] of checks.entries()) {
    onProgress?.({ phase: 'verify', done, total: checks.length })
    await runCheck(backend, await make(backend, model, source, signal), signal)
  }
  onProgress?.({ phase: 'verify', done: checks.length, total: checks.length })
}

/** Two images at an odd size beyond 64 where the network is that large; then the same two in the other order. */
async function checkOddBatch(
  _: Backend,
  model: Model,
  source: Random,
  signal: AbortSignal | undefined,
): Promise<Check> {
  const odd = resized(model, 2, (size, axis) =>
    Math.min(size % 2 === 0 ? size + 1 : size, axis === 2 ? 65 : 67),
  )
  const given = await sample(odd, randomInputs(odd, source), signal)
  const swapped = { inputs: swapHalves(given.inputs), outputs: swapHalves(given.outputs) }
  const isBatch = Object.values({ ...given.inputs, ...given.outputs }).every(({ shape }) => shape[0] === 2)
  return { model: odd, samples: isBatch ? [given, swapped] : [given], order: isBatch ? [0, 1, 0] : [0] }
}

/** Images of an even size in turn, one of them with NaN: every run must give what the reference gives, whatever ran before. */
async function checkTurns(
  backend: Backend,
  model: Model,
  source: Random,
  signal: AbortSignal | undefined,
): Promise<Check> {
  const small = resized(model, 1, (size) => Math.min(size, 32))
  const samples = [
    await sample(small, randomInputs(small, source), signal),
    await sample(small, randomInputs(small, source), signal),
  ]
  if (backend.nan === 'unspecified') return { model: small, samples, order: [0, 1, 0, 0, 1, 1, 0, 1] }
  samples.push(await sample(small, withNaN(randomInputs(small, source)), signal))
  return { model: small, samples, order: [0, 1, 0, 2, 0, 1, 1, 0] }
}

/** Run the samples in their order on one executor; outputs are compared at the end, when later runs could have spoilt them. */
async function runCheck(
  backend: Backend,
  { model, samples, order }: Check,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = signal && { signal }
  const executor = await backend.compile(model, options)
  const results: Tensors[] = []
  try {
    for (const index of order) results.push(await executor.run((samples[index] as Sample).inputs, options))
  } finally {
    await executor.dispose()
  }
  const tolerance = backend.tolerance ?? defaultTolerance
  const right = new Set<number>()
  for (const [run, index] of order.entries()) {
    const { inputs, outputs } = samples[index] as Sample
    for (const [name, wanted] of Object.entries(outputs)) {
      const problem = difference(results[run]?.[name], wanted, tolerance)
      if (!problem) continue
      const what = `output "${name}" of model "${model.name}"`
      if (right.has(index)) {
        throw wrong(
          backend,
          what,
          `${problem} in run ${run + 1}, though an earlier run of the same input was right`,
        )
      }
      await compareNodes(backend, model, inputs, signal)
      throw wrong(
        backend,
        what,
        run === 0
          ? `${problem}, though each node alone is right`
          : `${problem} in run ${run + 1}, though each node alone is right`,
      )
    }
    right.add(index)
  }
}

/** Show every node, to find the first wrong one. */
async function compareNodes(
  backend: Backend,
  model: Model,
  inputs: Tensors,
  signal: AbortSignal | undefined,
): Promise<void> {
  const shown = withOutputs(model, Object.fromEntries(model.nodes.map(({ name }) => [name, name])))
  const { outputs } = await sample(shown, inputs, signal)
  const got = await runOnce(backend, shown, inputs, signal)
  for (const { name } of model.nodes) {
    const problem = difference(got[name], outputs[name] as Tensor, backend.tolerance ?? defaultTolerance)
    if (problem) throw wrong(backend, `node "${name}" of model "${model.name}"`, problem)
  }
}

function wrong({ name }: Backend, what: string, problem: string): MobileOneError {
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
  if (wanted.data.some((value, index) => Number.isNaN(value) && !Number.isNaN(got.data[index]))) {
    return 'a number in place of NaN'
  }
  return `off by up to ${worst.toPrecision(2)} where ${(tolerance * scale).toPrecision(2)} is allowed`
}

async function sample(model: Model, inputs: Tensors, signal: AbortSignal | undefined): Promise<Sample> {
  return { inputs, outputs: await runOnce(reference(), model, inputs, signal) }
}

async function runOnce(
  backend: Backend,
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

/** Standard normal. */
function randomInputs(model: Model, source: Random): Tensors {
  return mapTensors(model.inputs, ({ shape }) =>
    Float32Array.from({ length: elementCount(shape) }, () => source.normal()),
  )
}

function withNaN(inputs: Tensors): Tensors {
  return mapTensors(inputs, ({ data }) => data.map((value, index) => (index === 0 ? Number.NaN : value)))
}

/** The second half of every tensor before the first. */
function swapHalves(tensors: Tensors): Tensors {
  return mapTensors(tensors, ({ data }) => {
    const swapped = new Float32Array(data.length)
    swapped.set(data.subarray(data.length / 2))
    swapped.set(data.subarray(0, data.length / 2), data.length / 2)
    return swapped
  })
}

function mapTensors<T extends { readonly shape: readonly number[] }>(
  tensors: Readonly<Record<string, T>>,
  make: (given: T) => Float32Array,
): Tensors {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, given]) => [name, tensor(given.shape, make(given))]),
  )
}

/** `model` for `batch` inputs of other sizes, as far as the network takes them. */
function resized(model: Model, batch: number, size: (size: number, axis: number) => number): Model {
  const shapes = (spatial: typeof size): Record<string, readonly number[]> =>
    Object.fromEntries(
      Object.entries(model.inputs).map(([name, { shape }]) => [
        name,
        shape.map((old, axis) => (axis === 0 ? batch : axis === 1 ? old : spatial(old, axis))),
      ]),
    )
  for (const candidate of [shapes(size), shapes((old) => old)]) {
    try {
      return withInputs(model, candidate)
    } catch {
      // A network with a linear layer on a flattened map takes one size only.
    }
  }
  return model
}
