import { type ReadonlySignal, signal } from '@preact/signals'
import type { Findings } from '../workers/probe-backends.ts'
import type { BackendId } from './choice.ts'
import { reasonForOneThread } from './one-thread.ts'
import { startClassifierWorker } from './start-worker.ts'

const found = signal<Findings | undefined>(undefined)
/** What this machine runs; undefined until somebody asked. */
export const machine: ReadonlySignal<Findings | undefined> = found

const limitMs = 20_000
let asked: Promise<void> | undefined

/** Find out what {@link machine} is, once, in a worker that ends then. */
export function askMachine(): Promise<void> {
  asked ??= new Promise<void>((resolve) => {
    const worker = startClassifierWorker('probe')
    const end = (findings: Findings | undefined): void => {
      clearTimeout(timer)
      worker.terminate()
      if (findings) found.value = findings
      else asked = undefined
      resolve()
    }
    const timer = setTimeout(() => end(undefined), limitMs)
    worker.onmessage = ({ data }: MessageEvent<Findings>) => end(data)
    worker.onerror = (event) => {
      event.preventDefault()
      end(undefined)
    }
  })
  return asked
}

/** What a backend is called, and what can be said of it here. */
export interface BackendFacts {
  readonly title: string
  readonly about: string
  /** Instruction sets, the name of the adapter. */
  readonly features: readonly string[]
  /** Why it cannot be chosen here. */
  readonly refusal: string | undefined
}

/** What the visitor reads of `backend`. */
export function backendFacts(backend: BackendId, findings: Findings | undefined): BackendFacts {
  const probe = findings?.[backend]
  const refusal = probe && !probe.ok ? probe.reason : undefined
  const features = probe?.ok ? probe.features : []
  switch (backend) {
    case 'wasm': {
      const isRelaxed = features.includes('relaxed-simd')
      const shown = features.filter((feature) => !/thread/.test(feature))
      return {
        title: 'WebAssembly',
        about: 'on the processor, in every browser',
        features: probe?.ok && !isRelaxed ? [...shown, 'no relaxed-simd, which is slower'] : shown,
        refusal,
      }
    }
    case 'webgpu':
      return {
        title: 'WebGPU',
        about: 'on the graphics chip; pays for the large models',
        features: features.filter((feature) => /^adapter: |^shader-f16$/.test(feature)),
        refusal,
      }
    default:
      backend satisfies never
      throw new Error(`${backend} is no backend`)
  }
}

/** The numbers of threads that can be chosen, and why there are no more where there is but one. */
export function threadChoices(findings: Findings | undefined): {
  readonly counts: readonly number[]
  readonly refusal: string | undefined
} {
  if (!findings) return { counts: [1], refusal: undefined }
  const { parallelism, isIsolated, threads } = findings
  if (!threads.ok) return { counts: [1], refusal: threads.reason }
  if (!isIsolated) {
    return { counts: [1], refusal: reasonForOneThread(threads.features) ?? 'memory cannot be shared here' }
  }
  return {
    counts: Array.from({ length: parallelism }, (_, index) => index + 1),
    refusal: parallelism === 1 ? 'the machine runs one at a time' : undefined,
  }
}
