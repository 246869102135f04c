import { constants } from 'node:os'
import {
  type Backend,
  MobileOneError,
  type Model,
  reparameterizeAsync,
  type Variant,
  verified,
} from '@mobileone/core'
import type { CoreMLSource } from '@mobileone/coreml'
import { type FetchWeightsOptions, fetchWeights, knownSources } from '@mobileone/hub'
import { createClassifier, type LoadOptions, type LocalClassifier } from '@mobileone/sdk'
import { isZooName, zooNames, zooNetworks } from '@mobileone/zoo'
import { type BackendFlags, checkThreads, createBackend } from './backends.ts'
import { UsageError } from './command.ts'
import { readCoreML } from './coreml.ts'
import { printNote, progressBar } from './terminal.ts'
import { isOfZoo, variantOf } from './variant-of.ts'
import { openWeights, readDeployModel, readModel, type ShapeFlags, type Weights } from './weights.ts'

/** The flags that choose weights. */
export interface WeightFlags extends ShapeFlags {
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

/** Milliseconds that a program has, after SIGTERM, to end by itself: fewer than those after which others send SIGKILL. */
const endLimit = 5000

/**
 * Let the first Ctrl+C or SIGTERM abort whatever is under way, so that nothing is left half done; a second one ends the program at once.
 */
export function abortOnInterrupt(): void {
  const signals = ['SIGINT', 'SIGTERM'] as const
  const abort = (signal: NodeJS.Signals): void => {
    for (const each of signals) process.off(each, abort)
    interrupt.abort(new Interruption(signal))
    // Whoever sends it waits for the end, also of what hears of no abort.
    if (signal === 'SIGTERM') setTimeout(() => process.exit(interruptionCode()), endLimit).unref()
  }
  for (const each of signals) process.on(each, abort)
}

/** Why {@link interrupted} aborts. */
class Interruption extends Error {
  readonly signal: NodeJS.Signals

  constructor(signal: NodeJS.Signals) {
    super(signal === 'SIGINT' ? 'interrupted' : `ended by ${signal}`)
    this.signal = signal
  }
}

/** The exit code of a program that ended because of a signal, as shells give it: 130 for Ctrl+C; undefined where none came. */
export function interruptionCode(): number | undefined {
  const { reason } = interrupted
  return reason instanceof Interruption ? 128 + constants.signals[reason.signal] : undefined
}

/** The hub id, path or URL the flags name. */
export function sourceOf(flags: WeightFlags): string {
  if (flags.weights !== undefined) return flags.weights
  const { variant } = flags
  if (variant !== undefined) return isZooName(variant) ? variant : knownSources[variant as Variant].hub
  throw new UsageError(
    'say which weights to use: --weights <path|url|hub id>, or --variant s0 for the published ones',
  )
}

function loadOptions(flags: WeightFlags): LoadOptions {
  const { variant } = flags
  const network = variant !== undefined && isZooName(variant) ? variant : undefined
  return { ...fetchOptions(flags), networks: zooNetworks({ network }) }
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
export async function fetchFor(
  source: string | Uint8Array,
  flags: WeightFlags,
): ReturnType<typeof fetchWeights> {
  return withProgress((onProgress) => fetchWeights(source, { ...fetchOptions(flags), onProgress }))
}

/** The weights at `source`, of whichever kind. */
export async function weightsFor(source: string, flags: WeightFlags): Promise<Weights> {
  return openWeights(source, {
    sha256: flags.sha256,
    size: flags.size,
    signal: interrupted,
    fetch: (from) => fetchFor(from, flags),
  })
}

/** The model the flags name, in the form its weights have. */
export async function loadFor(flags: WeightFlags): Promise<Model> {
  return modelFor(await weightsFor(sourceOf(flags), flags), flags)
}

/** The model in `weights`, in the form it has there. */
export async function modelFor(weights: Weights, flags: WeightFlags): Promise<Model> {
  const model = await withProgress((onProgress) =>
    readModel(weights, flags, { ...loadOptions(flags), onProgress }),
  )
  checkVariant(model, flags)
  return model
}

/** `model` without its branches, with a progress bar. */
export async function foldFor(model: Model): Promise<Model> {
  return withProgress((onProgress) => reparameterizeAsync(model, { signal: interrupted, onProgress }))
}

/** The classifier the flags name, compiled. */
export async function classifierFor(flags: RunFlags): Promise<LocalClassifier> {
  checkThreads(flags.threads)
  const weights = await weightsFor(sourceOf(flags), flags)
  const backend =
    weights.kind === 'coreml' && flags.backend === 'coreml'
      ? await ownBackend(weights.source, flags)
      : await createBackend(flags.backend, flags)
  const probe = await backend.probe()
  if (!probe.ok)
    throw new MobileOneError('unavailable', `--backend ${flags.backend} cannot run here: ${probe.reason}`)
  const classifier = await withProgress(async (onProgress) => {
    const model = await readDeployModel(weights, flags, { ...loadOptions(flags), onProgress })
    checkVariant(model, flags)
    return createClassifier({
      model,
      backend: flags.verify ? verified(backend) : backend,
      signal: interrupted,
      onProgress,
    })
  })
  if (flags.threads === 'auto') printNote(`--threads auto: ${threadsOf(classifier.features)}`)
  return classifier
}

/** What a backend with threads says of them. */
export function threadsOf(features: readonly string[]): string {
  return features.find((feature) => /\bthreads?\b/.test(feature)) ?? 'as the backend chooses'
}

/** @throws UsageError where the flags name weights and a variant that they are not of. */
function checkVariant(model: Model, { weights, variant }: WeightFlags): void {
  if (weights === undefined || variant === undefined) return
  if (isZooName(variant) ? isOfZoo(model, variant) : variantOf(model) === variant) return
  const found = variantOf(model) ?? zooNames.find((name) => isOfZoo(model, name))
  throw new UsageError(
    `--variant ${variant} contradicts --weights ${weights}, which ${found ? `are of ${found}` : 'are of no published variant'}; leave --variant out`,
  )
}

/** A Core ML package is run as it is, not read and exported again. */
async function ownBackend(file: CoreMLSource, flags: RunFlags): Promise<Backend> {
  if (flags.precision !== undefined) {
    throw new UsageError('a Core ML package runs in the precision it was written in; leave --precision out')
  }
  if (flags.size !== undefined) {
    throw new UsageError('a Core ML package runs at the size it was written for; leave --size out')
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
