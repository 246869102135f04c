/** How layers with int8 weights are computed on this machine; loaded where a model has such. */
import { hasIntegerLayers, type Model } from '@mobileone/core'
import * as abi from './abi.ts'
import { chooseBlock, type Int8Kernel, K_BLOCK } from './choose.ts'
import type { Simd } from './detect-simd.ts'
import { tileHeights } from './generated/tile-heights.ts'
import { dotOf, type PlanInt8, planInt8 } from './int8-layers.ts'
import type { Kernels } from './load.ts'
import type { WasmPrecision } from './precision.ts'

/** Products of one size a millisecond, by what computes them. */
export type Rates = ReadonlyMap<Int8Kernel | 'float32', number>

const candidates: Readonly<Record<Simd, readonly (Int8Kernel | 'float32')[]>> = {
  relaxed: ['float32', 'rdot16x2', 'relaxed_dot_add'],
  plain: ['float32', 'dot_i16'],
}

/** The product that is timed, 14 x 14 pixels of a layer of S0, a part of its panels at a time. */
const PIXELS = 196
const CHANNELS = 256
const PART = 4
/** Where its operands, which are 0, lie in a memory of so many pages, and one record of each candidate before them. */
const PAGES = 14
const SOURCE = 65536
const WEIGHTS = 5 * 65536
const RESULT = 10 * 65536
/** Milliseconds to let the engine see what is hot, to let it compile that, and of each of several looks at each candidate. */
const WARM_MS = 6
const COMPILE_MS = 4
const LOOK_MS = 1
const LOOKS = 3
/** What is this many times as fast as every other in two looks needs no third. */
const CLEAR_LEAD = 1.15

const measured = new Map<Simd, Promise<Rates>>()

/**
 * What plans the layers of `model` with int8 weights: by the kernel that is fastest on this machine, which no feature test tells, and in
 * float32 where that is faster and `precision` leaves it open. The kernels are timed once, for some 20 ms.
 * @param link The kernels over a memory, `shared` or not.
 */
export async function chooseInt8(
  model: Model,
  simd: Simd,
  precision: WasmPrecision | undefined,
  link: (memory: WebAssembly.Memory) => Promise<Kernels>,
  shared: boolean,
): Promise<PlanInt8> {
  if (precision === 'float32' || !hasIntegerLayers(model)) return planInt8(undefined)
  let found = measured.get(simd)
  if (!found) {
    found = measureKernels(link, simd, shared)
    measured.set(simd, found)
    found.catch(() => measured.delete(simd))
  }
  const { kernel, text } = fastestKernel(await found, precision)
  return planInt8(kernel, text)
}

/** The fastest of `rates`, undefined for float32, which is none where `precision` is int8; and what there is to say of it. */
export function fastestKernel(
  rates: Rates,
  precision: 'int8' | undefined,
): { readonly kernel: Int8Kernel | undefined; readonly text: string } {
  const float = rates.get('float32')!
  let kernel: Int8Kernel | undefined
  let best = precision === 'int8' ? 0 : float
  for (const [name, rate] of rates) if (name !== 'float32' && rate > best) [kernel, best] = [name, rate]
  const ratio = (best / float).toFixed(1)
  return {
    kernel,
    text: kernel ? `int8 by ${kernel}, ${ratio} x float32` : 'float32, which is faster than int8 here',
  }
}

/** Time the candidates in turns, after the engine has compiled for speed what it first compiles in haste. */
async function measureKernels(
  link: (memory: WebAssembly.Memory) => Promise<Kernels>,
  simd: Simd,
  shared: boolean,
): Promise<Rates> {
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES, shared })
  const { step } = await link(memory)
  const runs = candidates[simd].map((name, index) => {
    const record = abi.HEAP + 256 + index * abi.STEP_WORDS * 4
    writeRecord(new Int32Array(memory.buffer, record, abi.STEP_WORDS), name, simd)
    return { name, record, rate: 0 }
  })
  const look = async (): Promise<void> => {
    const end = performance.now() + WARM_MS
    while (performance.now() < end) for (const { record } of runs) step(record, 0, PART, 0)
    await new Promise((resolve) => setTimeout(resolve, COMPILE_MS))
    let last: string | undefined
    for (let round = 0; round < LOOKS; round++) {
      const seen: Rates = new Map(runs.map(({ name, record }) => [name, rateOf(step, record)]))
      for (const run of runs) run.rate = Math.max(run.rate, seen.get(run.name)!)
      const leader = clearLeader(seen)
      if (leader !== undefined && leader === last) return
      last = leader
    }
  }
  await look()
  const rates = (): Rates => new Map(runs.map(({ name, rate }) => [name, rate]))
  // Nothing but a second look tells a slow kernel from one that is still to be compiled for speed.
  if (!fastestKernel(rates(), undefined).kernel) await look()
  return rates()
}

/** What is faster than every other of `rates` beyond doubt. */
function clearLeader(rates: Rates): string | undefined {
  const [first, second] = [...rates].sort(([, a], [, b]) => b - a)
  return first![1] > CLEAR_LEAD * second![1] ? first![0] : undefined
}

function rateOf(step: Kernels['step'], record: number): number {
  const start = performance.now()
  let now = start
  let count = 0
  for (; now - start < LOOK_MS; now = performance.now(), count++) step(record, 0, PART, 0)
  return count / (now - start)
}

/** The product by one candidate. */
function writeRecord(words: Int32Array, name: Int8Kernel | 'float32', simd: Simd): void {
  const isFloat = name === 'float32'
  const all: Readonly<Record<number, number>> = {
    [abi.OP]: isFloat ? abi.GEMM : abi.GEMM_INT8,
    [abi.UNITS]: CHANNELS / 8,
    [abi.SRC]: SOURCE,
    [abi.DST]: RESULT,
    [abi.WEIGHTS]: WEIGHTS,
    [abi.K]: isFloat ? CHANNELS : CHANNELS / (name === 'dot_i16' ? 8 : 16),
    [abi.PANELS]: CHANNELS / 8,
    [abi.SRC_PLANE]: PIXELS * (isFloat ? 32 : 16),
    [abi.DST_PLANE]: PIXELS * 32,
    [abi.SPLIT]: abi.BY_PANELS,
    [abi.PIXELS]: PIXELS,
    [abi.BLOCK]: isFloat ? chooseBlock(PIXELS, CHANNELS, false, tileHeights[simd]) : PIXELS,
    [isFloat ? abi.K_BLOCK : abi.DOT]: isFloat ? K_BLOCK : dotOf(name),
  }
  for (const [word, value] of Object.entries(all)) words[Number(word)] = value
}
