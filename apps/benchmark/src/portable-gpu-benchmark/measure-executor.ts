/** One executor on one device: right first, then how long it takes in four ways. */
import type { WebGpuExecutor } from '@mobileone/backend-webgpu'
import { MobileOneError, type Tensors } from '@mobileone/core'
import { checkOutput, type GpuCounter, type GpuUse, gpuTally, median, percentile } from '@mobileone/measure'
import type { Options } from './options.ts'

export interface Timing {
  readonly medianMs: number
  readonly p95Ms: number
  readonly minMs: number
  readonly samples: readonly number[]
}

export interface Measured {
  readonly firstMs: number
  readonly maxAbsError: number
  readonly maxRelError: number
  /** What one run asks of the GPU. */
  readonly use: GpuUse
  /** From the input in memory to the logits in memory. */
  readonly readback: Timing
  /** From the input in memory until the GPU has finished, nothing read back. */
  readonly onGpu: Timing
  /** The part of that in which JavaScript writes the input, encodes and submits. */
  readonly submit: Timing
  /** `batch` inferences submitted back to back until the GPU has finished the last; time of one. */
  readonly batched: Timing & { readonly batch: number }
  /** Milliseconds of each dispatch, medians over `profiles` runs. */
  readonly steps: readonly { readonly node: string; readonly kernel: string; readonly ms: number }[]
  readonly profiles: number
  /** By the GPU's own clock, or from submission to completion. */
  readonly clock: 'timestamp-query' | 'host'
}

export interface MeasureOptions {
  readonly executor: WebGpuExecutor
  readonly device: GPUDevice
  readonly counter: GpuCounter
  readonly inputs: Tensors
  readonly output: string
  readonly expected: Float32Array
  readonly options: Pick<Options, 'runs' | 'batch' | 'precision'>
  readonly onProgress?: (text: string) => void
}

/** Milliseconds spent on each kind of run where `runs` is not given. */
const budgetMs = 5000
const most = 500
const settle = 3
/** Float16 storage, over the largest logit. */
const halfTolerance = 5e-2

/** @throws MobileOneError `wrong-result` where the logits are not the reference's. */
export async function measureExecutor(given: MeasureOptions): Promise<Measured> {
  const { executor, device, counter, inputs, output, options, onProgress = () => {} } = given
  const run = async (): Promise<Float32Array> => {
    const logits = (await executor.run(inputs))[output]
    if (!logits) throw new MobileOneError('invalid-model', `the model has no output "${output}"`)
    return logits.data
  }
  const firstBegin = performance.now()
  await run()
  const firstMs = performance.now() - firstBegin

  onProgress('check the logits')
  const tolerance = options.precision === 'f16-storage' ? halfTolerance : undefined
  const check = async (): Promise<ReturnType<typeof checkOutput>> =>
    checkOutput(Array.from(await run()), Array.from(given.expected), tolerance)
  await check()
  const estimate = await time(run)
  const runs = options.runs ?? Math.max(5, Math.min(most, Math.round(budgetMs / estimate)))
  const batch = options.batch ?? (estimate > 50 ? 4 : 32)

  onProgress(`${runs} runs with the logits read back`)
  const tally = gpuTally(counter)
  const before = counter.counts()
  const readback = await repeat(runs, () => time(run))
  tally.add(before, runs + settle)

  onProgress(`${runs} runs without`)
  const submits: number[] = []
  const onGpu = await repeat(runs, () =>
    time(async () => {
      submits.push(await time(() => executor.runOnGpu(inputs)))
      await device.queue.onSubmittedWorkDone()
    }),
  )

  const turns = Math.max(3, Math.ceil(runs / batch))
  onProgress(`${turns} times ${batch} runs back to back`)
  const batched = await repeat(turns, async () => {
    const all = await time(async () => {
      for (let i = 0; i < batch; i++) await executor.runOnGpu(inputs)
      await device.queue.onSubmittedWorkDone()
    })
    return all / batch
  })

  const profiles = Math.min(runs, 20)
  onProgress(`${profiles} runs, every dispatch timed`)
  const perStep = executor.steps.map((): number[] => [])
  for (let i = 0; i < profiles; i++)
    for (const { step, ms } of (await executor.profile?.(inputs)) ?? []) perStep[step]?.push(ms)

  const { maxAbsError, maxRelError } = await check()
  return {
    firstMs,
    maxAbsError,
    maxRelError,
    use: tally.use(),
    readback,
    onGpu,
    submit: timing(submits.slice(settle)),
    batched: { ...batched, batch },
    steps: executor.steps.map(({ node, kernel }, step) => ({
      node,
      kernel,
      ms: median(perStep[step] ?? []),
    })),
    profiles,
    clock: device.features.has('timestamp-query') ? 'timestamp-query' : 'host',
  }
}

async function time(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now()
  await work()
  return performance.now() - begin
}

/** A few runs unheard, then `runs`. */
async function repeat(runs: number, sample: () => Promise<number>): Promise<Timing> {
  for (let i = 0; i < settle; i++) await sample()
  const samples: number[] = []
  for (let i = 0; i < runs; i++) samples.push(await sample())
  return timing(samples)
}

function timing(samples: readonly number[]): Timing {
  return {
    medianMs: median(samples),
    p95Ms: percentile(samples, 0.95),
    minMs: Math.min(...samples),
    samples,
  }
}
