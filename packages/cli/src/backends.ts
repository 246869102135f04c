import { availableParallelism } from 'node:os'
import { type ThreadCount, type WasmPrecision, wasm } from '@mobileone/backend-wasm'
import { type Backend, reference } from '@mobileone/core'
import { type Flag, UsageError } from './command.ts'
import { findPackage, importPackage, named } from './project.ts'

/**
 * The flags that choose among what a backend offers. The libraries of others are the user's to install: they are looked for in the
 * project of the working directory and loaded when chosen.
 */
export interface BackendFlags {
  readonly threads?: ThreadCount | undefined
  readonly 'tfjs-backend'?: string | undefined
  readonly provider?: string | undefined
  readonly precision?: string | undefined
}

interface BackendRow {
  /** What it is, for the help of commands. */
  readonly about: string
  /** The flags it reads. */
  readonly flags: readonly (keyof BackendFlags)[]
  /** The sets of flags that `doctor` checks, which choose all there is to choose. */
  readonly checks: readonly BackendFlags[]
  create(flags: BackendFlags): Backend | Promise<Backend>
}

const cores = availableParallelism()

/** Every backend, by its name for `--backend`. */
export const backends = {
  wasm: {
    about: 'our own kernels',
    flags: ['threads', 'precision'],
    checks: cores > 1 ? [{}, { threads: cores }] : [{}],
    create: createWasm,
  },
  webgpu: {
    about: 'our own kernels on the GPU, through the package webgpu',
    flags: ['precision'],
    checks: [{}],
    create: createWebGpu,
  },
  tfjs: {
    about: 'TensorFlow.js: @tensorflow/tfjs-core with @tensorflow/tfjs-backend-wasm or -cpu',
    flags: ['tfjs-backend'],
    checks: [{ 'tfjs-backend': 'wasm' }, { 'tfjs-backend': 'cpu' }],
    create: createTfjs,
  },
  ort: {
    about: 'ONNX Runtime: onnxruntime-node or onnxruntime-web',
    flags: ['threads', 'provider'],
    checks: [{ provider: 'cpu' }, { provider: 'wasm' }],
    create: createOrt,
  },
  coreml: {
    about: 'an interpreter of the exported Core ML program, slow and the same on every machine',
    flags: ['precision'],
    checks: [{}],
    create: createCoreML,
  },
  'coreml-apple': {
    about: 'Core ML itself on a Mac; untested: it has never been compiled or run',
    flags: ['precision'],
    checks: [{}],
    create: createCoreMLApple,
  },
  reference: {
    about: 'naive loops, the measure of all others',
    flags: [],
    checks: [{}],
    create: () => reference(),
  },
} as const satisfies Record<string, BackendRow>

export type BackendName = keyof typeof backends

/** The values of `--backend`. */
export const backendNames: readonly BackendName[] = Object.keys(backends) as BackendName[]

/** @throws UsageError for more threads than the machine runs at a time. */
export function checkThreads(threads: ThreadCount | undefined): void {
  if (threads === undefined || threads === 'auto' || threads <= cores) return
  throw new UsageError(`--threads ${threads} is more than the ${cores} that this machine runs at a time`)
}

/**
 * The backend called `name`.
 * @throws UsageError for flags it does not read or that ask for what cannot be. @throws MobileOneError `unavailable` naming the package to install.
 */
export async function createBackend(name: string, flags: BackendFlags = {}): Promise<Backend> {
  if (!Object.hasOwn(backends, name)) {
    throw new UsageError(`there is no backend "${name}"; the backends are ${backendNames.join(', ')}`)
  }
  const chosen: BackendRow = backends[name as BackendName]
  const rows = Object.entries<BackendRow>(backends)
  for (const flag of new Set(rows.flatMap(([, row]) => row.flags))) {
    if (flags[flag] === undefined || chosen.flags.includes(flag)) continue
    const readers = rows.filter(([, row]) => row.flags.includes(flag)).map(([reader]) => reader)
    throw new UsageError(`--${flag} is for --backend ${readers.join(' and ')}; --backend is ${name}`)
  }
  checkThreads(flags.threads)
  return chosen.create(flags)
}

/** The flags of commands that run networks, with `--backend`. */
export const backendFlags = {
  backend: {
    type: 'string',
    short: 'b',
    value: '<name>',
    help: 'Where to run',
    choices: backendNames,
    default: 'wasm',
  },
  threads: {
    type: 'number',
    word: 'auto',
    value: '<n|auto>',
    help: 'wasm and ort: threads of one run; auto takes the faster of one and several, measured, and says which',
  },
  'tfjs-backend': {
    type: 'string',
    value: '<name>',
    help: 'tfjs: which backend of TensorFlow.js; default wasm where it is installed',
    choices: ['wasm', 'cpu'],
  },
  provider: {
    type: 'string',
    value: '<name>',
    help: "ort: ONNX Runtime's execution provider; wasm is onnxruntime-web, cpu and the others onnxruntime-node",
  },
  precision: {
    type: 'string',
    value: '<type>',
    help: 'wasm: of a file in int8, int8 or float32 (default: the faster); webgpu: float32 (default) or float16 storage; coreml and coreml-apple: of the exported package (default float16)',
    choices: ['float32', 'float16', 'int8'],
  },
  verify: {
    type: 'boolean',
    help: 'Compare the backend with the reference first, and refuse one that computes wrongly here',
  },
} as const satisfies Record<string, Flag>

/** The list of backends for the help of commands. */
export const backendDetails: string = [
  'Backends',
  ...Object.entries<BackendRow>(backends).map(([name, { about }]) => `  ${name.padEnd(12)}  ${about}`),
  'Packages of others are looked for in your project; mobileone doctor shows which backends run here.',
].join('\n')

function createWasm({ threads, precision }: BackendFlags): Backend {
  if (precision === 'float16') throw new UsageError('--precision of --backend wasm is float32 or int8')
  return wasm({
    ...(threads !== undefined && { threads }),
    ...(precision !== undefined && { precision: precision as WasmPrecision }),
  })
}

/** Kept while the program runs: a GPU without a reference takes its devices with it. */
let gpu: GPU | undefined

async function createWebGpu({ precision }: BackendFlags): Promise<Backend> {
  if (precision === 'int8') throw new UsageError('--precision of --backend webgpu is float32 or float16')
  const { webgpu } = await import('@mobileone/backend-webgpu')
  const dawn = await importPackage<{ create(options: readonly string[]): GPU }>('webgpu')
  gpu ??= dawn.create([])
  return webgpu({ gpu, ...(precision === 'float16' && { precision: 'f16-storage' }) })
}

async function createTfjs(flags: BackendFlags): Promise<Backend> {
  const name = flags['tfjs-backend'] ?? (findPackage('@tensorflow/tfjs-backend-wasm') ? 'wasm' : 'cpu')
  const { tfjs } = await import('@mobileone/backend-tfjs')
  const library = await importPackage<Tfjs>('@tensorflow/tfjs-core')
  await importPackage(`@tensorflow/tfjs-backend-${name}`)
  return tfjs({ lib: named(library, 'setBackend'), backend: name as 'wasm' | 'cpu' })
}

type Tfjs = import('@mobileone/backend-tfjs').Tfjs

async function createOrt({ provider, threads }: BackendFlags): Promise<Backend> {
  const web = provider === 'wasm' || (provider === undefined && !findPackage('onnxruntime-node'))
  const name =
    web && (provider === 'wasm' || findPackage('onnxruntime-web')) ? 'onnxruntime-web' : 'onnxruntime-node'
  const { ort } = await import('@mobileone/backend-ort')
  const library = await importPackage<OrtLibrary>(name)
  return ort({
    lib: named(library, 'InferenceSession'),
    executionProviders: [provider ?? (name === 'onnxruntime-web' ? 'wasm' : 'cpu')],
    ...(threads !== undefined && { numThreads: threads }),
  })
}

type OrtLibrary = import('@mobileone/backend-ort').OrtLibrary

async function createCoreML({ precision }: BackendFlags): Promise<Backend> {
  const { coremlBackend } = await import('@mobileone/coreml')
  return coremlBackend(precision === undefined ? {} : { precision: precision as 'float32' })
}

async function createCoreMLApple({ precision }: BackendFlags): Promise<Backend> {
  const { coremlAppleBackend } = await import('@mobileone/coreml/apple')
  return coremlAppleBackend(precision === undefined ? {} : { precision: precision as 'float32' })
}
