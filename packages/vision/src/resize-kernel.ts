import type { Preprocess } from '@mobileone/core'
import { inflateBase64 } from '@mobileone/core/embedded-wasm'
import { type Coefficients, spanOf } from './coefficients.ts'
import { resizeKernel } from './generated/resizeKernel.ts'
import type { Place } from './normalize.ts'
import type { Part } from './picture.ts'

interface Kernels {
  horizontal(
    ...of: [
      channels: number,
      src: number,
      stride: number,
      count: number,
      axis: number,
      columns: number,
      pairs: number,
      dst: number,
    ]
  ): void
  vertical(
    ...of: [
      src: number,
      columns: number,
      axis: number,
      count: number,
      pairs: number,
      planes: number,
      statistics: number,
      dst: number,
    ]
  ): void
}

/** Resizes and normalises in WebAssembly, with the bits of `bothPasses` and `normalizationTables`. */
export class ResizeKernel {
  readonly #memory: WebAssembly.Memory
  readonly #kernels: Kernels

  private constructor(memory: WebAssembly.Memory, kernels: Kernels) {
    this.#memory = memory
    this.#kernels = kernels
  }

  /** Undefined where the engine has no SIMD, or may not compile: under a policy without 'wasm-unsafe-eval'. */
  static async load(): Promise<ResizeKernel | undefined> {
    try {
      const memory = new WebAssembly.Memory({ initial: 16, maximum: MAX_PAGES })
      const bytes = await inflateBase64(resizeKernel)
      const { instance } = await WebAssembly.instantiate(bytes, { env: { memory } })
      return new ResizeKernel(memory, instance.exports as unknown as Kernels)
    } catch {
      return undefined
    }
  }

  /**
   * Resize the inputs that the axes read, counted from the picture's corner, and write them as planes into `out`.
   * @param part Holds those inputs: grey for one plane, RGB or RGBA for three.
   * @returns false where they need more memory than this kernel takes; nothing is written then.
   */
  run(
    { image, left, top }: Part,
    horizontal: Coefficients,
    vertical: Coefficients,
    { mean, std }: Pick<Preprocess, 'mean' | 'std'>,
    out: Float32Array,
    place: Place,
  ): boolean {
    const { channels } = image
    const planes = mean.length
    const [columns, rows] = [spanOf(horizontal), spanOf(vertical)]
    const [across, down] = [horizontal.starts.length, vertical.starts.length]
    const between = 4 * aligned(across, 4)
    const rowBytes = columns.count * channels
    const stripRows = Math.min(rows.count, Math.ceil(STRIP / rowBytes))

    let end = 0
    const take = (bytes: number): number => {
      const at = end
      end = aligned(end + bytes, 16)
      return at
    }
    const [acrossPairs, downPairs] = [pairsOf(horizontal), pairsOf(vertical)]
    const acrossTable = take(across * (4 + 8 * acrossPairs))
    const downTable = take(down * (4 + 8 * downPairs))
    const statistics = take(8 * planes)
    const halfway = take((rows.count + 2) * between)
    const strip = take(stripRows * rowBytes + 2 * channels * acrossPairs + 16)
    const result = take(planes * down * between)
    if (!this.#grow(end)) return false

    const { buffer } = this.#memory
    pack(new Int32Array(buffer, acrossTable), horizontal, columns.first, channels)
    pack(new Int32Array(buffer, downTable), vertical, rows.first, between)
    const numbers = new Float32Array(buffer, statistics, 2 * planes)
    mean.forEach((value, plane) => {
      numbers[2 * plane] = value
      numbers[2 * plane + 1] = std[plane]!
    })

    const bytes = new Uint8Array(buffer)
    const stride = image.width * channels
    const first = (rows.first - top) * stride + (columns.first - left) * channels
    for (let row = 0; row < rows.count; row += stripRows) {
      const count = Math.min(stripRows, rows.count - row)
      if (stride === rowBytes) {
        const from = first + row * stride
        bytes.set(image.data.subarray(from, from + count * stride), strip)
      } else {
        for (let y = 0; y < count; y++) {
          const from = first + (row + y) * stride
          bytes.set(image.data.subarray(from, from + rowBytes), strip + y * rowBytes)
        }
      }
      const to = halfway + row * between
      this.#kernels.horizontal(channels, strip, rowBytes, count, acrossTable, across, acrossPairs, to)
    }
    this.#kernels.vertical(halfway, across, downTable, down, downPairs, planes, statistics, result)
    copyPlanes(
      new Float32Array(buffer, result, (planes * down * between) / 4),
      out,
      planes,
      across,
      down,
      place,
    )
    return true
  }

  #grow(bytes: number): boolean {
    const missing = Math.ceil((bytes - this.#memory.buffer.byteLength) / PAGE)
    if (missing <= 0) return true
    try {
      this.#memory.grow(missing)
      return true
    } catch {
      return false
    }
  }
}

const PAGE = 2 ** 16
/** 256 MiB. */
const MAX_PAGES = 4096
/** Bytes of source rows at a time: they stay in the second-level cache. */
const STRIP = 2 ** 17

function aligned(value: number, to: number): number {
  return Math.ceil(value / to) * to
}

function pairsOf({ counts }: Coefficients): number {
  return Math.ceil(counts.reduce((most, count) => Math.max(most, count), 0) / 2)
}

/** The table that the assembly describes, for inputs `unit` bytes apart of which the first is input `first`. */
function pack(table: Int32Array, axis: Coefficients, first: number, unit: number): void {
  const { starts, counts, weights, stride } = axis
  const pairs = pairsOf(axis)
  let to = 0
  for (let i = 0; i < starts.length; i++) {
    table[to++] = (starts[i]! - first) * unit
    const end = i * stride + counts[i]!
    for (let tap = i * stride, pair = 0; pair < pairs; pair++, tap += 2) {
      const a = tap < end ? weights[tap]! : 0
      const b = tap + 1 < end ? weights[tap + 1]! : 0
      table[to++] = (a & 0x7ff) | ((b & 0x7ff) << 16)
      table[to++] = ((a >> 11) & 0xffff) | ((b >> 11) << 16)
    }
  }
}

function copyPlanes(
  from: Float32Array,
  out: Float32Array,
  planes: number,
  width: number,
  height: number,
  { left, top, columns }: Place,
): void {
  const plane = out.length / planes
  const stride = aligned(width, 4)
  if (stride === columns && width === columns && plane === height * columns) {
    out.set(from)
    return
  }
  for (let c = 0; c < planes; c++) {
    for (let y = 0; y < height; y++) {
      const row = from.subarray((c * height + y) * stride, (c * height + y) * stride + width)
      out.set(row, c * plane + (top + y) * columns + left)
    }
  }
}
