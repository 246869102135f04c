import type { Model } from '@mobileone/core'
import type { Lane } from './benchmark.ts'
import { type CreateContender, type Layout, type ModelSource, statedPrecision } from './contender.ts'
import { localHost, type MemoryProbe } from './host.ts'

/** How a contender on the calling thread is measured. */
export interface LocalLaneOptions {
  /** Default 1. */
  readonly threads?: number
  /** Default NCHW. */
  readonly layout?: Layout
  /** The bytes of a model in the contender's file format. Default: the contender gets the model itself. */
  readonly write?: (model: Model) => Uint8Array
  /** Where the contender finds its own files: a URL or a folder, ending in a slash. */
  readonly assets?: string
  /** Default: what the contender says it holds. */
  readonly memory?: MemoryProbe
  /** The contender computes in integers what the model has in int8, and does not tell. Default false: in float32. */
  readonly integers?: boolean
}

/**
 * A contender in this very page or process. It costs no set-up; what it leaves behind (compiled code, caches, threads) meets the
 * contenders after it, so figures to publish come from lanes with surroundings of their own: `nodeLane`, or a page each.
 */
export function localLane(contender: string, create: CreateContender, options: LocalLaneOptions = {}): Lane {
  const { threads = 1, layout = 'NCHW', write, assets = '', memory } = options
  return {
    contender,
    runtime: typeof document === 'object' ? 'browser' : 'node',
    threads,
    precision: statedPrecision(options),
    open: async ({ model, input, photographs = [] }) =>
      localHost({
        contender: async () => ({ create }),
        source: write ? (write(model) as ModelSource) : model,
        input: input.data,
        inputShape: input.shape,
        layout,
        photograph: async (index) => photographs[index]?.input ?? new Float32Array(),
        threads,
        assets,
        memory,
      }),
  }
}
