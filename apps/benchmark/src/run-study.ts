import { wasm } from '@mobileone/backend-wasm'
import type { OnProgress } from '@mobileone/core'
import { prepareSubjectBy, type Report, type Skipped } from '@mobileone/measure'
import { type MeasuredNetworks, measureNetworks, type StudyNetwork } from '@mobileone/measure/studies'
import type { Options } from './options.ts'
import { inRuntimes } from './run.ts'

export interface StudyRunOptions
  extends Pick<Options, 'contenders' | 'runtimes' | 'threads' | 'protocol' | 'adapter'> {
  readonly networks: readonly StudyNetwork[]
  readonly onProgress?: OnProgress
  readonly onSkipped?: (skipped: Skipped) => void
  /** Ends it; the report is of what was measured until then. */
  readonly signal?: AbortSignal
}

/**
 * Measure networks for studies. The right answers come from this project's WebAssembly backend, which is held against the naive reference at
 * fewer pixels first: the reference itself would take ten minutes for the zoo.
 */
export function runStudy(options: StudyRunOptions): Promise<Report & MeasuredNetworks> {
  const { networks, protocol, onProgress, onSkipped, signal } = options
  const witness = wasm({ threads: 1 })
  return inRuntimes(options, ({ lanes, peaks }) =>
    measureNetworks({
      networks,
      lanes,
      peaks,
      protocol,
      prepare: (network, stop) => prepareSubjectBy(witness, network.id, network.make(), stop),
      onProgress,
      onSkipped,
      signal,
    }),
  )
}
