import {
  type Backend,
  type CompileOptions,
  type Executor,
  inferShapes,
  MobileOneError,
  type Model,
  type RunOptions,
  type Step,
  type Tensors,
  throwIfAborted,
} from '@mobileone/core'
import type { CoreMLPackage } from './package.ts'
import { interpretPackage } from './run/interpreter.ts'
import { refusal } from './write/lower-node.ts'
import type { Precision } from './write/program-builder.ts'
import { buildSpecification, packageOf } from './write/to-coreml.ts'

/** In which precision the package is written that the backend then runs, and what runs it. */
export interface CoreMLBackendOptions {
  /** Default `float16`, as the exporter. */
  readonly precision?: Precision
  /** Runs the package in place of the interpreter, and gives the backend its name: see {@link CoreMLRunner}. */
  readonly runner?: CoreMLRunner
}

/** What rounding to each precision may cost, over the largest magnitude of an output. */
const tolerances = { float16: 2e-2, int8: 0.25 } as const

/** Something that runs packages with Core ML: `appleRunner` of `@mobileone/coreml/apple`, or yours. */
export interface CoreMLRunner {
  /** Of the backend: not `coreml`, which is the interpreter on every machine. */
  readonly name: string
  /** What it is, as the backend's probe tells it. */
  readonly features: readonly string[]
  /** Why it cannot run here, undefined where it can. Never throws. */
  probe(): Promise<string | undefined>
  open(from: CoreMLPackage, options?: { readonly signal?: AbortSignal }): Promise<Executor>
}

/** An executor of the Core ML backend, with the package it runs. */
export interface CoreMLExecutor extends Executor {
  readonly artifact: CoreMLPackage
}

/** The backend that `coremlBackend` makes. */
export interface CoreMLBackend extends Backend {
  compile(model: Model, options?: CompileOptions): Promise<CoreMLExecutor>
}

/**
 * The Core ML backend: `compile` exports the model as a package and runs the bytes of that package, so that what is tested
 * is what is shipped. Without a `runner` that is an interpreter in this process, slow, and not Core ML, on a Mac too.
 */
export function coremlBackend(options: CoreMLBackendOptions = {}): CoreMLBackend {
  const { precision = 'float16', runner = interpreter } = options
  return {
    specVersion: 1,
    name: runner.name,
    ...(precision !== 'float32' && { precision: 'float16', tolerance: tolerances[precision] }),
    async probe() {
      const reason = await runner.probe()
      return reason === undefined
        ? { ok: true, features: [...runner.features, precision] }
        : { ok: false, reason }
    },
    unsupported(model) {
      const shapes = inferShapes(model)
      return model.nodes.filter((node) => refusal(node, shapes) !== undefined)
    },
    async compile(model, compileOptions) {
      const { signal, onProgress } = compileOptions ?? {}
      const what = `compiling for ${runner.name}`
      throwIfAborted(signal, what)
      const report = (phase: string, done: number): void => onProgress?.({ phase, done, total: 1 })
      report('pack', 0)
      const built = buildSpecification(model, { precision, input: 'array', output: 'values' })
      const artifact = packageOf(model.name, built)
      report('pack', 1)
      report('compile', 0)
      const executor = await runner.open(artifact, signal && { signal })
      report('compile', 1)
      if (signal?.aborted) await executor.dispose()
      throwIfAborted(signal, what)
      return withModelNames(model, executor, { backend: runner.name, artifact }, built.nodes)
    },
  }
}

const interpreter: CoreMLRunner = {
  name: 'coreml',
  features: ['interpreter of the exported package: not Core ML, not its speed'],
  probe: async () => undefined,
  // What the caller's own model takes is the caller's to choose.
  open: async (from) => interpretPackage(from, { maxMultiplyAdds: Number.POSITIVE_INFINITY }),
}

/** The executor under the names the model has, which are not always identifiers. */
function withModelNames(
  model: Model,
  executor: Executor,
  { backend, artifact }: Pick<CoreMLExecutor, 'backend' | 'artifact'>,
  nodes: ReadonlyMap<string, string>,
): CoreMLExecutor {
  const match = (names: readonly string[], made: readonly string[]): Map<string, string> => {
    if (names.length !== made.length) {
      throw new MobileOneError(
        'invalid-model',
        `the package of "${model.name}" shows other inputs or outputs`,
      )
    }
    return new Map(made.map((name, index) => [name, names[index] as string]))
  }
  const inputs = match(Object.keys(model.inputs), Object.keys(executor.inputs))
  const outputs = match(Object.keys(model.outputs), Object.keys(executor.outputs))
  const rename = <T>(
    values: Readonly<Record<string, T>>,
    names: ReadonlyMap<string, string>,
  ): Record<string, T> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [names.get(name) ?? name, value]))
  const identifiers = new Map([...inputs].map(([identifier, name]) => [name, identifier]))
  const profile = executor.profile?.bind(executor)
  let runs: Promise<unknown> = Promise.resolve()
  const run = async (given: Tensors, runOptions?: RunOptions): Promise<Tensors> =>
    rename(await executor.run(rename(given, identifiers), runOptions), outputs)
  const dispose = async (): Promise<void> => {
    await Promise.all([executor.dispose(), runs])
  }
  return {
    backend,
    artifact,
    inputs: rename(executor.inputs, inputs),
    outputs: rename(executor.outputs, outputs),
    memory: executor.memory,
    steps: nameSteps(model, executor.steps, nodes),
    run(given, runOptions) {
      const running = run(given, runOptions)
      runs = Promise.allSettled([runs, running]).then(() => {})
      return running
    },
    ...(profile && { profile: (given) => profile(rename(given, identifiers)) }),
    dispose,
    [Symbol.asyncDispose]: dispose,
  }
}

/** Steps under the model's node names, by `nodes`; what is no operation, as a whole package that a runner runs, under the first. */
function nameSteps(
  { nodes: [first] }: Model,
  steps: readonly Step[],
  nodes: ReadonlyMap<string, string>,
): readonly Step[] {
  return steps.map((step) => ({ ...step, node: nodes.get(step.node) ?? first?.name ?? step.node }))
}
