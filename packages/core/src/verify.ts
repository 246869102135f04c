/**
 * Finds a driver, a device or an engine that computes wrongly, before it gives a wrong answer: a dozen small runs, compared
 * with the reference, or stored inputs compared with stored outputs. It is not responsible for proving a backend;
 * `@mobileone/conformance` does that.
 */
import type { Backend, CompileOptions, Executor } from './backend.ts'
import { MobileOneError, throwIfAborted } from './errors.ts'
import { withOutputs } from './model/edit.ts'
import type { Model } from './model/model.ts'
import { formatShape, sameShape, type Tensor, type Tensors } from './model/tensor.ts'
import { type Random, random } from './random.ts'
import { reference } from './reference/reference.ts'
import { maxAbsDifference } from './transforms/compare.ts'
import { randomInputs, resized, swapHalves, withNaN } from './verify-inputs.ts'
import { integerLayers } from './verify-integers.ts'

/** Inputs of a model with the outputs they must give. */
export interface Golden {
  readonly inputs: Tensors
  readonly outputs: Tensors
  /**
   * Largest allowed difference over the largest magnitude of the output (or 1). Default: the backend's own, and {@link int8Tolerance}
   * where layers are computed in integers.
   */
  readonly tolerance?: number
}

/** A backend whose executors may have entry points of their own. */
type BackendOf<E extends Executor> = Backend & {
  compile(model: Model, options?: CompileOptions): Promise<E>
}

/** Largest difference allowed where a backend does not state its own: float32, summed in any order. */
export const defaultTolerance = 2e-5

/**
 * Largest difference allowed of a network with layers in int8: a float32 sum before one, made in another order, may put an input on the
 * other side of a step, and so may what follows from that. Weights changed by 1e-7 move the logits of the real S0 by 2 to 5 % of the
 * largest, and this is three times as much; the layers themselves give the same bits everywhere.
 */
export const int8Tolerance = 0.15

const seed = 1

/**
 * `backend`, checked each time it compiles a model. With `true` the network is run on seeded random inputs, by itself and compared
 * with the reference: at even and at odd sizes up to 67 pixels (where the network takes them), in batches of one and of two, with
 * inputs in turn so that no run may show in another, and with NaN, unless the backend says that it has none. Where the executor says that
 * it computes layers in integers, they are compared by themselves, bit for bit, and the network with {@link int8Tolerance}. With stored
 * inputs and outputs these are run at the size of the model.
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
    const problem = difference(result, wanted, golden.tolerance ?? toleranceOf(backend, executor))
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

/** What is run at one size of a model, and in which order. */
interface Check {
  readonly samples: readonly Sample[]
  readonly order: readonly number[]
}

/** A check of a compiled model, whose outputs `oracle` knows. */
interface Plan {
  model(model: Model): Model
  check(backend: Backend, model: Model, source: Random, oracle: Oracle): Promise<Check>
}

/** Inputs with the outputs that must come of them. */
type Oracle = (inputs: Tensors) => Promise<Sample>

async function compareWithReference(backend: Backend, model: Model, options: CompileOptions): Promise<void> {
  const { signal, onProgress } = options
  const source = random(seed)
  await compareIntegers(backend, model, signal)
  for (const [done, plan] of plans.entries()) {
    onProgress?.({ phase: 'verify', done, total: plans.length })
    await runPlan(backend, plan.model(model), plan, source, signal)
  }
  onProgress?.({ phase: 'verify', done: plans.length, total: plans.length })
}

const plans: readonly Plan[] = [
  // Two images at an odd size beyond 64 where the network is that large; then the same two in the other order.
  {
    model: (model) =>
      resized(model, 2, (size, axis) => Math.min(size % 2 === 0 ? size + 1 : size, axis === 2 ? 65 : 67)),
    async check(_, model, source, oracle) {
      const given = await oracle(randomInputs(model, source))
      const swapped = { inputs: swapHalves(given.inputs), outputs: swapHalves(given.outputs) }
      const isBatch = Object.values({ ...given.inputs, ...given.outputs }).every(
        ({ shape }) => shape[0] === 2,
      )
      return isBatch ? { samples: [given, swapped], order: [0, 1, 0] } : { samples: [given], order: [0] }
    },
  },
  // Images of an even size in turn, one of them with NaN: every run must give what the reference gives, whatever ran before.
  {
    model: (model) => resized(model, 1, (size) => Math.min(size, 32)),
    async check(backend, model, source, oracle) {
      const samples = [await oracle(randomInputs(model, source)), await oracle(randomInputs(model, source))]
      if (backend.nan === 'unspecified') return { samples, order: [0, 1, 0, 0, 1, 1, 0, 1] }
      samples.push(await oracle(withNaN(randomInputs(model, source))))
      return { samples, order: [0, 1, 0, 2, 0, 1, 1, 0] }
    },
  },
]

/** Run the samples in their order on one executor; outputs are compared at the end, when later runs could have spoilt them. */
async function runPlan(
  backend: Backend,
  model: Model,
  plan: Plan,
  source: Random,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = signal && { signal }
  const executor = await backend.compile(model, options)
  const results: Tensors[] = []
  let check: Check
  try {
    check = await plan.check(backend, model, source, (inputs) => sample(executor, model, inputs, signal))
    for (const index of check.order) {
      results.push(await executor.run((check.samples[index] as Sample).inputs, options))
    }
  } finally {
    await executor.dispose()
  }
  const { samples, order } = check
  const tolerance = toleranceOf(backend, executor)
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

/** Compare the layers in integers by themselves, bit for bit, where the backend computes any. */
async function compareIntegers(
  backend: Backend,
  model: Model,
  signal: AbortSignal | undefined,
): Promise<void> {
  const layers = integerLayers(model)
  if (!layers) return
  const executor = await backend.compile(layers.model, signal && { signal })
  try {
    if (executor.precision !== 'int8') return
    const { outputs } = await sample(executor, layers.model, layers.inputs, signal)
    const got = await executor.run(layers.inputs, signal && { signal })
    for (const [name, wanted] of Object.entries(outputs)) {
      const problem = difference(got[name], wanted, 0)
      if (problem) throw wrong(backend, `node "${name}" of model "${model.name}" in int8`, problem)
    }
  } finally {
    await executor.dispose()
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
  const executor = await backend.compile(shown, signal && { signal })
  try {
    const { outputs } = await sample(executor, shown, inputs, signal)
    const got = await executor.run(inputs, signal && { signal })
    for (const { name } of model.nodes) {
      const problem = difference(got[name], outputs[name] as Tensor, toleranceOf(backend, executor))
      if (problem) throw wrong(backend, `node "${name}" of model "${model.name}"`, problem)
    }
  } finally {
    await executor.dispose()
  }
}

function toleranceOf({ tolerance = defaultTolerance }: Backend, { precision }: Executor): number {
  return precision === 'int8' ? Math.max(tolerance, int8Tolerance) : tolerance
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

/** `inputs`, with what the reference makes of them in the arithmetic of `executor`. */
async function sample(
  { precision }: Executor,
  model: Model,
  inputs: Tensors,
  signal: AbortSignal | undefined,
): Promise<Sample> {
  const options = signal && { signal }
  const oracle = reference({ precision: precision === 'int8' ? 'int8' : 'float32' })
  const executor = await oracle.compile(model, options)
  try {
    return { inputs, outputs: await executor.run(inputs, options) }
  } finally {
    await executor.dispose()
  }
}
