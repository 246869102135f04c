import { type Backend, MobileOneError, type Model, type Variant, verified } from '@mobileone/core'
import type { CoreMLSource } from '@mobileone/coreml'
import { type FetchWeightsOptions, fetchWeights, knownSources, parseFetched } from '@mobileone/hub'
import { type Classifier, createClassifier, loadModel } from '@mobileone/sdk'
import { type BackendFlags, createBackend } from './backends.ts'
import { UsageError } from './command.ts'
import { openCoreML, readCoreML } from './coreml.ts'
import { printNote, progressBar } from './terminal.ts'

/** The flags that choose weights. */
export interface WeightFlags {
  readonly weights?: string | undefined
  readonly variant?: string | undefined
  readonly sha256?: string | undefined
  readonly offline?: boolean
}

export interface RunFlags extends WeightFlags, BackendFlags {
  readonly backend: string
  readonly verify: boolean
}

const interrupt = new AbortController()

/** Aborts when the program is interrupted, once {@link abortOnInterrupt} was called. */
export const interrupted: AbortSignal = interrupt.signal

/** Let the first Ctrl+C abort whatever is under way, so that nothing is left half done; a second one ends the program at once. */
export function abortOnInterrupt(): void {
  process.once('SIGINT', () => interrupt.abort(new Error('interrupted')))
}

/** The hub id, path or URL the flags name. */
export function sourceOf(flags: WeightFlags): string {
  if (flags.weights !== undefined) return flags.weights
  if (flags.variant !== undefined) return knownSources[flags.variant as Variant].hub
  throw new UsageError(
    'say which weights to use: --weights <path|url|hub id>, or --variant s0 for the published ones',
  )
}

function fetchOptions(flags: WeightFlags): FetchWeightsOptions {
  return {
    signal: interrupted,
    onWarning: printNote,
    ...(flags.sha256 !== undefined && { sha256: flags.sha256 }),
    ...(flags.offline && { offline: true }),
  }
}

/** Fetch with a progress bar. */
export async function fetchFor(source: string, flags: WeightFlags): ReturnType<typeof fetchWeights> {
  return withProgress((onProgress) => fetchWeights(source, { ...fetchOptions(flags), onProgress }))
}

/** The Core ML file the flags name, if it is one. */
export async function coremlFor(source: string, flags: WeightFlags): Promise<CoreMLSource | undefined> {
  return openCoreML(source, flags, async () => {
    const fetched = await fetchFor(source, flags)
    const { describeCoreML } = await import('@mobileone/coreml')
    await parseFetched(fetched, describeCoreML)
    return fetched.bytes
  })
}

/** The model the flags name, in the form its weights have. */
export async function loadFor(flags: WeightFlags): Promise<Model> {
  const source = sourceOf(flags)
  const file = await coremlFor(source, flags)
  if (file) return readCoreML(file)
  return withProgress((onProgress) => loadModel(source, { ...fetchOptions(flags), onProgress }))
}

/** The classifier the flags name, compiled. */
export async function classifierFor(flags: RunFlags): Promise<Classifier> {
  const source = sourceOf(flags)
  const file = await coremlFor(source, flags)
  const model = file ? await readCoreML(file) : source
  const backend =
    file && flags.backend === 'coreml'
      ? await ownBackend(file, flags)
      : await createBackend(flags.backend, flags)
  const probe = await backend.probe()
  if (!probe.ok)
    throw new MobileOneError('unavailable', `--backend ${flags.backend} cannot run here: ${probe.reason}`)
  return withProgress((onProgress) =>
    createClassifier({
      model,
      backend: flags.verify ? verified(backend) : backend,
      ...fetchOptions(flags),
      onProgress,
    }),
  )
}

/** A Core ML package is run as it is, not read and exported again. */
async function ownBackend(file: CoreMLSource, flags: RunFlags): Promise<Backend> {
  if (flags.precision !== undefined) {
    throw new UsageError('a Core ML package runs in the precision it was written in; leave --precision out')
  }
  if (flags.verify) {
    throw new UsageError(
      'a Core ML package runs as it is, so there is nothing to compare it with; leave --verify out',
    )
  }
  const { packageBackend } = await import('@mobileone/coreml')
  return packageBackend(file, await readCoreML(file))
}

/** Do `work` with a progress bar. */
export async function withProgress<T>(
  work: (onProgress: ReturnType<typeof progressBar>['onProgress']) => Promise<T>,
): Promise<T> {
  const progress = progressBar()
  try {
    return await work(progress.onProgress)
  } finally {
    progress.end()
  }
}
