import { wasm } from '@mobileone/backend-wasm'
import { webgpu } from '@mobileone/backend-webgpu'
import type { ProbeResult } from '@mobileone/core'

/** What this machine runs, as a worker finds it. */
export interface Findings {
  readonly wasm: ProbeResult
  /** Of two threads, which say why there is but one. */
  readonly threads: ProbeResult
  readonly webgpu: ProbeResult
  /** Threads that the machine runs at a time. */
  readonly parallelism: number
  readonly isIsolated: boolean
}

/** Look at every backend and post what was found to the page, once. */
export async function tellBackends(): Promise<void> {
  const [one, two, gpu] = await Promise.all([wasm().probe(), wasm({ threads: 2 }).probe(), webgpu().probe()])
  const findings: Findings = {
    wasm: one,
    threads: two,
    webgpu: gpu,
    parallelism: navigator.hardwareConcurrency,
    isIsolated: crossOriginIsolated,
  }
  postMessage(findings)
}
