import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createExecutor,
  type Executor,
  elementCount,
  formatShape,
  MobileOneError,
  sameShape,
  spec,
  type Tensor,
  type TensorSpec,
  type Tensors,
} from '@mobileone/core'
import {
  type CoreMLBackend,
  type CoreMLBackendOptions,
  type CoreMLRunner,
  coremlBackend,
} from '../backend.ts'
import type { Feature } from '../mil/program.ts'
import { writePackage } from '../node.ts'
import type { CoreMLPackage } from '../package.ts'
import { openModel } from '../read/files.ts'
import { type AppleSystem, defaultCache, ensureHelper, refusalOf } from './compile-helper.ts'
import { HelperProcess } from './helper-process.ts'

export interface AppleRunnerOptions {
  /** What may run the model: `MLModelConfiguration.computeUnits`. Default `all`. */
  readonly computeUnits?: 'all' | 'cpuOnly' | 'cpuAndGPU' | 'cpuAndNeuralEngine'
  /** Folder that keeps the compiled helper. Default `~/Library/Caches/mobileone`. */
  readonly cacheDirectory?: string
}

const thisSystem: AppleSystem = { platform: process.platform, arch: process.arch, env: process.env }

/**
 * Runs packages with Core ML itself, on macOS 12 or later: a small Swift program, compiled on first use by Swift's compiler
 * and kept in the user's cache, loads the package and stays. It takes and gives arrays. Neither the program nor Core ML has
 * been run by this project, which has no Apple hardware.
 */
export function appleRunner(options: AppleRunnerOptions = {}): CoreMLRunner {
  return appleRunnerOn(thisSystem, options)
}

/** {@link appleRunner} on a machine that is given. */
export function appleRunnerOn(system: AppleSystem, options: AppleRunnerOptions = {}): CoreMLRunner {
  const { computeUnits = 'all', cacheDirectory = defaultCache() } = options
  return {
    probe: () => refusalOf(cacheDirectory, system),
    async open(from, { signal } = {}) {
      const { description } = openModel(from)
      const inputs = specsOf(description.inputs)
      const outputs = specsOf(description.outputs)
      const command = await ensureHelper(cacheDirectory, system, signal)
      const folder = await mkdtemp(join(tmpdir(), 'mobileone-coreml-'))
      try {
        const path = join(folder, `${from.name}.mlpackage`)
        await writePackage(path, from)
        const outputBytes = Object.values(outputs).reduce(
          (sum, { shape }) => sum + elementCount(shape) * 4,
          0,
        )
        const helper = await HelperProcess.start(command, [path, computeUnits], outputBytes, signal)
        return executorOf(helper, { inputs, outputs, from, computeUnits })
      } finally {
        // Core ML keeps a compiled copy of its own.
        await rm(folder, { recursive: true, force: true })
      }
    },
  }
}

function executorOf(
  helper: HelperProcess,
  {
    inputs,
    outputs,
    from,
    computeUnits,
  }: {
    readonly inputs: Readonly<Record<string, TensorSpec>>
    readonly outputs: Readonly<Record<string, TensorSpec>>
    readonly from: CoreMLPackage
    readonly computeUnits: string
  },
): Executor {
  const values = [...Object.values(inputs), ...Object.values(outputs)]
  const valueBytes = values.reduce((sum, { shape }) => sum + elementCount(shape) * 4, 0)
  return createExecutor({
    backend: 'coreml',
    inputs,
    outputs,
    memoryBytes: Object.values(from.files).reduce((sum, { byteLength }) => sum + byteLength, valueBytes),
    steps: [{ node: from.name, kernel: `Core ML (${computeUnits})` }],
    async execute(given, signal) {
      return pick(outputs, await helper.run(Object.entries(given), signal))
    },
    free: () => helper.close(),
  })
}

/** The outputs that the package has, each of the shape it says. */
function pick(specs: Readonly<Record<string, TensorSpec>>, made: ReadonlyMap<string, Tensor>): Tensors {
  return Object.fromEntries(
    Object.entries(specs).map(([name, { shape }]) => {
      const found = made.get(name)
      if (!found || !sameShape(found.shape, shape)) {
        throw new MobileOneError(
          'invalid-model',
          `Core ML gave the output "${name}" ${found ? `as ${formatShape(found.shape)}` : 'not at all'}, and the package says ${formatShape(shape)}`,
        )
      }
      return [name, found]
    }),
  )
}

function specsOf(features: readonly Feature[]): Readonly<Record<string, TensorSpec>> {
  return Object.fromEntries(
    features.map(({ name, type }) => {
      if (type.kind === 'multiArray' && type.shape.length > 0) return [name, spec(type.shape)]
      throw new MobileOneError(
        'unsupported',
        `Core ML is given and gives arrays here, and "${name}" is none; export with input: 'array' and output: 'values'`,
      )
    }),
  )
}

/**
 * The Core ML backend of this machine: Core ML itself where it can be run, the interpreter elsewhere. `probe` says which, and
 * why it is not Core ML.
 */
export async function systemCoremlBackend(
  options: Omit<CoreMLBackendOptions, 'runner'> & AppleRunnerOptions = {},
): Promise<CoreMLBackend> {
  return await coremlBackendOn(thisSystem, options)
}

/** {@link systemCoremlBackend} on a machine that is given. */
export async function coremlBackendOn(
  system: AppleSystem,
  options: Omit<CoreMLBackendOptions, 'runner'> & AppleRunnerOptions = {},
): Promise<CoreMLBackend> {
  const runner = appleRunnerOn(system, options)
  const reason = await runner.probe()
  if (reason === undefined) return coremlBackend({ ...options, runner })
  const interpreter = coremlBackend(options)
  return {
    ...interpreter,
    async probe() {
      const probed = await interpreter.probe()
      return probed.ok ? { ok: true, features: [...probed.features, reason] } : probed
    },
  }
}
