/** Times kernels on one matrix product, in turns; loaded where a choice between them is to be made. */
import * as abi from './abi.ts'
import { chooseBlock, type Int8Kernel, K_BLOCK } from './choose.ts'
import type { Simd } from './detect-simd.ts'
import { tileHeights } from './generated/tile-heights.ts'
import { dotOf } from './int8-layers.ts'
import type { Kernels } from './load.ts'

/** The product that is timed, 14 x 14 pixels of a layer of S0, a part of its panels at a time. */
const PIXELS = 196
const CHANNELS = 256
const PART = 4
/** Where its operands lie in a memory of so many pages, and the records before them. */
const PAGES = 14
const SOURCE = 65536
const WEIGHTS = 5 * 65536
const RESULT = 10 * 65536
/** Milliseconds to let the engine see what is hot, to let it compile that, and of each of several looks at each contender. */
const WARM_MS = 6
const COMPILE_MS = 4
const LOOK_MS = 1
const LOOKS = 3
/** What is this many times as fast as every other in two looks needs no third. */
const CLEAR_LEAD = 1.15

export interface Contender<Name extends string> {
  readonly name: Name
  readonly step: Kernels['step']
  /** Address of what {@link writeProduct} wrote. */
  readonly record: number
}

/** Memory for the product, `shared` or not. */
export function allocateProduct(shared: boolean): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared })
  // Memory that was never written is one page to the processor, which then predicts the way in its cache wrongly.
  new Float32Array(memory.buffer).fill(1, SOURCE / 4)
  return memory
}

/** Write the product, by `kernel` of the build `simd`, as record `index` of `memory`; its address. */
export function writeProduct(
  memory: WebAssembly.Memory,
  index: number,
  kernel: Int8Kernel | 'float32',
  simd: Simd,
): number {
  const isFloat = kernel === 'float32'
  const all: Readonly<Record<number, number>> = {
    [abi.OP]: isFloat ? abi.GEMM : abi.GEMM_INT8,
    [abi.UNITS]: CHANNELS / 8,
    [abi.SRC]: SOURCE,
    [abi.DST]: RESULT,
    [abi.WEIGHTS]: WEIGHTS,
    [abi.K]: isFloat ? CHANNELS : CHANNELS / (kernel === 'dot_i16' ? 8 : 16),
    [abi.PANELS]: CHANNELS / 8,
    [abi.SRC_PLANE]: PIXELS * (isFloat ? 32 : 16),
    [abi.DST_PLANE]: PIXELS * 32,
    [abi.SPLIT]: abi.BY_PANELS,
    [abi.PIXELS]: PIXELS,
    [abi.BLOCK]: isFloat ? chooseBlock(PIXELS, CHANNELS, false, tileHeights[simd]) : PIXELS,
    [isFloat ? abi.K_BLOCK : abi.DOT]: isFloat ? K_BLOCK : dotOf(kernel),
  }
  const record = abi.HEAP + 256 + index * abi.STEP_WORDS * 4
  const words = new Int32Array(memory.buffer, record, abi.STEP_WORDS)
  for (const [word, value] of Object.entries(all)) words[Number(word)] = value
  return record
}

/**
 * A look at the contenders, in turns, after the engine has compiled for speed what it first compiles in haste: products of one size a
 * millisecond of each, the highest of all looks so far. Nothing but a second look tells a slow kernel from one that is still to be compiled
 * for speed.
 */
export function createLook<Name extends string>(
  contenders: readonly Contender<Name>[],
): () => Promise<ReadonlyMap<Name, number>> {
  const best = new Map(contenders.map(({ name }) => [name, 0]))
  return async () => {
    const end = performance.now() + WARM_MS
    while (performance.now() < end) for (const { step, record } of contenders) step(record, 0, PART, 0)
    await new Promise((resolve) => setTimeout(resolve, COMPILE_MS))
    let last: Name | undefined
    for (let round = 0; round < LOOKS; round++) {
      const seen = new Map(contenders.map((contender) => [contender.name, rateOf(contender, LOOK_MS)]))
      for (const [name, rate] of seen) best.set(name, Math.max(best.get(name)!, rate))
      const leader = clearLeader(seen)
      if (leader !== undefined && leader === last) break
      last = leader
    }
    return best
  }
}

/** What is faster than every other of `rates` beyond doubt. */
function clearLeader<Name>(rates: ReadonlyMap<Name, number>): Name | undefined {
  const [first, second] = [...rates].sort(([, a], [, b]) => b - a)
  return first![1] > CLEAR_LEAD * second![1] ? first![0] : undefined
}

/** Products a millisecond, for `lookMs` of them. */
export function rateOf({ step, record }: Contender<string>, lookMs: number): number {
  const start = performance.now()
  let now = start
  let count = 0
  for (; now - start < lookMs; now = performance.now(), count++) step(record, 0, PART, 0)
  return count / (now - start)
}
