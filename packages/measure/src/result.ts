/** What a run of the benchmark measures; see docs/benchmarks.md for what each figure means. */
import type { ExecutorPrecision } from '@mobileone/core'
import type { GpuUse } from './gpu-counter.ts'
import type { Protocol } from './protocol.ts'

/** What it was measured on. */
export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryBytes: number
  readonly platform: string
  /** Load averages of 1, 5 and 15 minutes before and after, where the system tells. */
  readonly load?: { readonly before: readonly number[]; readonly after: readonly number[] }
}

/** The most that one runtime computes, by a loop of multiply-adds in registers. */
export interface Peak {
  readonly runtime: string
  readonly threads: number
  /** Median of the samples. */
  readonly gflops: number
  readonly instruction: string
  readonly samples: readonly number[]
}

/** Figures of one contender on one network, in one runtime, with one number of threads. */
export interface Result {
  readonly contender: string
  readonly variant: string
  readonly runtime: string
  readonly threads: number
  /** Milliseconds; medians over the fresh starts. */
  readonly loadMs: number
  readonly compileMs: number
  readonly firstMs: number
  /** From the model's bytes in memory, and nothing started, to the first result: the three above in one. */
  readonly startMs: number
  /** Null where only starts were measured; so are the figures below that come of it. */
  readonly medianMs: number | null
  readonly p95Ms: number | null
  readonly minMs: number | null
  readonly meanMs: number | null
  readonly lowMs: number | null
  readonly highMs: number | null
  readonly gflops: number | null
  /** Of the peak of this runtime at this number of threads. */
  readonly peakShare: number | null
  readonly memoryBytes: number | null
  readonly memoryKind: string
  /** Bytes of the runtime's own files, as fetched; null where nothing is fetched. Weights are apart. */
  readonly wireBytes: number | null
  readonly wireGzipBytes: number | null
  readonly weightBytes: number
  readonly maxAbsError: number
  /** The largest difference from the reference over the reference's largest value. */
  readonly maxRelError: number
  readonly macs: number
  /** Kernels of a run, one after another; only of contenders that tell. */
  readonly steps?: number
  /** What it was computed in. Absent in reports of earlier versions, for float32. */
  readonly precision?: ExecutorPrecision
  /** Labelled photographs that were classified after the last run, and how many of them rightly. */
  readonly accuracy?: { readonly photographs: number; readonly right: number }
  /** Why it ended before all runs were measured; its figures are of those that were, and its last output was not checked. */
  readonly incomplete?: string
  /** What a run asks of the GPU; only of contenders that use one. */
  readonly gpu?: GpuUse
  readonly samples: readonly number[]
  readonly starts: readonly {
    readonly loadMs: number
    readonly compileMs: number
    readonly firstMs: number
  }[]
}

/** A contender that was not measured, and why. */
export interface Skipped {
  readonly contender: string
  readonly variant: string
  readonly runtime: string
  readonly threads: number
  readonly reason: string
}

/** A run of the benchmark, as its JSON file holds it. */
export interface Report {
  readonly date: string
  readonly machine: Machine
  /** Of runtimes and packages, by name. */
  readonly versions: Readonly<Record<string, string>>
  readonly protocol: Protocol
  /** One thread's peak in the first runtime measured, the browser where there is one. */
  readonly peakGflops: number
  readonly peaks: readonly Peak[]
  readonly results: readonly Result[]
  readonly skipped: readonly Skipped[]
}
