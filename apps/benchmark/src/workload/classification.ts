import { wasm } from '@mobileone/backend-wasm'
import wasmWorker from '@mobileone/backend-wasm/worker?worker&url'
import type { Backend } from '@mobileone/core'
import { createClassifier, type LocalClassifier, type Prediction } from '@mobileone/sdk'
import type { Suite } from './answer-runner.ts'
import { checkScores } from './expected-scores.ts'
import type { Step } from './measure-step.ts'
import { workloadModel } from './networks.ts'
import type { WorkloadOptions } from './options.ts'
import { workloadPicture } from './picture.ts'

/**
 * Classify a picture of 640 x 480 pixels: shrink, crop, normalise, run, rank. Weights are random, of a seed, and take as long as real
 * ones. `show` gets what is seen of the page change, as an app would.
 */
export function classificationSuite(
  options: WorkloadOptions,
  show: (predictions: readonly Prediction[]) => void,
): Suite & { prepare(): Promise<void> } {
  const { network, measure, runs } = options
  const picture = workloadPicture()
  const model = workloadModel(network)
  let classifier: LocalClassifier | undefined
  let failure: unknown
  let last: readonly Prediction[] = []

  const compile = async (): Promise<void> => {
    classifier = await createClassifier({
      model,
      backend: () => backendOf(options),
      decoder: false,
    })
  }
  const classify = async (): Promise<void> => {
    forceLayout()
    last = await (classifier as LocalClassifier).classify(picture)
    show(last)
    forceLayout()
  }
  const runSteps = (): Step[] =>
    runs === 1
      ? [{ name: 'Benchmark', run: classify }]
      : Array.from({ length: runs }, (_, index) => ({ name: `Image-${index + 1}`, run: classify }))

  return {
    async prepare() {
      if (measure === 'start') return
      await compile().catch((error: unknown) => {
        failure = error
      })
    },
    async steps() {
      if (failure) throw failure
      return measure === 'run'
        ? runSteps()
        : [
            { name: 'Compile', run: compile },
            { name: 'First-Image', run: classify },
          ]
    },
    async check() {
      checkScores(network, last)
    },
  }
}

async function backendOf({ backend, threads }: WorkloadOptions): Promise<Backend> {
  if (backend === 'webgpu') return (await import('@mobileone/backend-webgpu')).webgpu()
  return wasm({ threads: threads ?? 'auto', worker: new URL(wasmWorker, location.href).href })
}

/** So that what the page shows is laid out within the step, as in the runner's other workloads. */
function forceLayout(): void {
  const { width, height } = document.body.getBoundingClientRect()
  document.elementFromPoint(width / 2, height / 2)
}
