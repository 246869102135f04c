import { type FetchWeightsOptions, fetchWeights, knownSources } from '@mobileone/checkpoint'
import type { Model, Variant } from '@mobileone/core'
import { type Classifier, createClassifier, loadModel } from '@mobileone/sdk'
import { backends } from './backends.ts'
import { UsageError } from './command.ts'
import { progressBar } from './terminal.ts'

/** The flags that choose weights. */
export interface WeightFlags {
  readonly weights?: string | undefined
  readonly variant?: string | undefined
  readonly sha256?: string | undefined
  readonly offline?: boolean
}

export interface RunFlags extends WeightFlags {
  readonly backend: string
  readonly threads?: number | undefined
}

/** Interrupting the program aborts whatever is under way, so that nothing is left half done. */
const interrupt = new AbortController()
process.once('SIGINT', () => {
  interrupt.abort(new Error('interrupted'))
  process.exitCode = 130
})
export const interrupted: AbortSignal = interrupt.signal

/** The hub id, path or URL the flags name. */
export function sourceOf(flags: WeightFlags): string {
  if (flags.weights !== undefined) return flags.weights
  if (flags.variant !== undefined) return knownSources[flags.variant as Variant].hub
  throw new UsageError(
    'tell which weights to use: --weights <path|url|hub id>, or --variant s0 for the published ones',
  )
}

function fetchOptions(flags: WeightFlags): FetchWeightsOptions {
  return {
    signal: interrupted,
    onWarning: (message) => process.stderr.write(`${message}\n`),
    ...(flags.sha256 !== undefined && { sha256: flags.sha256 }),
    ...(flags.offline && { offline: true }),
  }
}

/** Fetch with a progress bar. */
export async function fetchFor(source: string, flags: WeightFlags): ReturnType<typeof fetchWeights> {
  return withProgress((onProgress) => fetchWeights(source, { ...fetchOptions(flags), onProgress }))
}

/** The model the flags name, in the form its weights have. */
export async function loadFor(flags: WeightFlags): Promise<Model> {
  return withProgress((onProgress) => loadModel(sourceOf(flags), { ...fetchOptions(flags), onProgress }))
}

/** The classifier the flags name, compiled. */
export async function classifierFor(flags: RunFlags): Promise<Classifier> {
  const create = backends[flags.backend]
  if (!create)
    throw new UsageError(
      `there is no backend "${flags.backend}"; the backends are ${Object.keys(backends).join(', ')}`,
    )
  return withProgress((onProgress) =>
    createClassifier({ model: sourceOf(flags), backend: create(flags), ...fetchOptions(flags), onProgress }),
  )
}

async function withProgress<T>(
  work: (onProgress: ReturnType<typeof progressBar>['onProgress']) => Promise<T>,
): Promise<T> {
  const progress = progressBar()
  try {
    return await work(progress.onProgress)
  } finally {
    progress.end()
  }
}
