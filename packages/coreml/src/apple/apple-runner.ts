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
import { openModel } from '../read/open-model.ts'
import { type AppleSystem, defaultCache, ensureHelper, refusalOf } from './compile-helper.ts'
import { HelperProcess } from './helper-process.ts'

/** What Core ML may run on, and where the helper that calls it is kept; macOS only. */
export interface AppleRunnerOptions {
  /** What may run the model: `MLModelConfiguration.computeUnits`. Default `all`. */
  readonly computeUnits?: 'all' | 'cpuOnly' | 'cpuAndGPU' | 'cpuAndNeuralEngine'
  /** Folder that keeps the compiled helper. Default `~/Library/Caches/mobileone`. */
  readonly cacheDirectory?: string
}

const name = 'coreml-apple'
/** Told wherever the runner is offered. */
const untested = 'untested: the Swift program that runs it has never been compiled or run'

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
    name,
    features: ['Core ML', untested],
    async probe() {
      const reason = await refusalOf(cacheDirectory, system)
      return reason && `${reason} (${untested})`
    },
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
    backend: name,
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
 * The backend `coreml-apple`: packages run by Core ML itself, through {@link appleRunner}. It refuses machines that are no Mac with a
 * Swift compiler. Untested: neither its Swift program nor Core ML has been run by this project.
 */
export function coremlAppleBackend(
  options: Omit<CoreMLBackendOptions, 'runner'> & AppleRunnerOptions = {},
): CoreMLBackend {
  return coremlAppleBackendOn(thisSystem, options)
}

/** {@link coremlAppleBackend} on a machine that is given. */
export function coremlAppleBackendOn(
  system: AppleSystem,
  options: Omit<CoreMLBackendOptions, 'runner'> & AppleRunnerOptions = {},
): CoreMLBackend {
  return coremlBackend({ ...options, runner: appleRunnerOn(system, options) })
}
