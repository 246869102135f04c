/**
 * What is known of the input of a layer after some runs, in memory that does not grow with them: the mean behind each weight, for each
 * channel how its values are distributed, how those behind one result vary together, and a few inputs of single results.
 */
import type { Tensor } from '../../model/tensor.ts'
import { type Random, random } from '../../random.ts'
import type { Layer } from './plan.ts'
import { SecondMoments } from './second-moments.ts'

/** Results of a layer that are computed again to see what int8 costs it. */
const maxPatches = 48
const patchesPerRun = 4
/** Results of a run whose inputs tell how these vary together. */
const momentsPerRun = 128

/** Of one layer, or of several that read one value in the same way. */
export class InputStatistics {
  /** Sizes of a patch: [C, kernelHeight, kernelWidth], of a linear layer [I, 1, 1]. */
  readonly #patch: readonly [number, number, number]
  readonly #layer: Layer
  /** One for each element of a patch. */
  readonly #sums: Float64Array
  #positions = 0
  readonly #patches: Float32Array[] = []
  readonly histograms: readonly Histogram[]
  /** Undefined where they are not wanted, of a grouped convolution, and where a result has too many inputs. */
  readonly moments: SecondMoments | undefined
  readonly #places = random(2)

  /**
   * @param distributions Whether to keep a histogram for each channel, of a layer with non-negative inputs.
   * @param moments Whether to keep how the inputs behind a result vary together.
   */
  constructor(layer: Layer, weightShape: readonly number[], distributions: boolean, moments: boolean) {
    const [, depth = 1, height = 1, width = 1] = weightShape
    this.#layer = layer
    this.#patch = [depth * (layer.op === 'conv2d' ? layer.groups : 1), height, width]
    this.#sums = new Float64Array(this.#patch[0] * height * width)
    const isDense = layer.op === 'linear' || layer.groups === 1
    this.moments = moments && isDense ? SecondMoments.of(this.#sums.length) : undefined
    this.histograms = distributions ? Array.from({ length: this.#patch[0] }, () => new Histogram()) : []
  }

  /** How many values of each channel were seen. */
  get positions(): number {
    return this.#positions
  }

  /** The mean of what each weight is multiplied with, over all results: [C, kernelHeight, kernelWidth]; padding counts as zero. */
  get means(): Float64Array {
    return this.#sums.map((sum) => sum / Math.max(1, this.#positions))
  }

  /** Inputs of single results, [C, kernelHeight, kernelWidth] each. */
  get patches(): readonly Float32Array[] {
    return this.#patches
  }

  /** Take in the value `x` that the layer reads. */
  add(x: Tensor, source: Random): void {
    const map = this.#view(x)
    const before = this.#positions
    this.#positions += map.batch * map.outHeight * map.outWidth
    this.#addSums(map)
    for (const [channel, histogram] of this.histograms.entries()) {
      forEachOf(map, channel, 0, 0, (value) => histogram.add(value))
    }
    const added = this.#positions - before
    for (let count = 0; this.moments && count < Math.min(momentsPerRun, added); count++) {
      this.moments.add(this.#patchAt(map, this.#places))
    }
    for (let count = 0; count < Math.min(patchesPerRun, added); count++) {
      if (this.#patches.length === maxPatches) return
      this.#patches.push(this.#patchAt(map, source))
    }
  }

  #addSums(map: View): void {
    const [channels, height, width] = this.#patch
    let at = 0
    for (let channel = 0; channel < channels; channel++) {
      for (let ky = 0; ky < height; ky++) {
        for (let kx = 0; kx < width; kx++) {
          let sum = 0
          forEachOf(map, channel, ky, kx, (value) => {
            sum += value
          })
          this.#sums[at] = (this.#sums[at] as number) + sum
          at++
        }
      }
    }
  }

  #patchAt(map: View, source: Random): Float32Array {
    const [channels, height, width] = this.#patch
    const item = source.integer(0, map.batch - 1)
    const top = source.integer(0, map.outHeight - 1) * map.stride[0] - map.padding[0]
    const left = source.integer(0, map.outWidth - 1) * map.stride[1] - map.padding[1]
    const patch = new Float32Array(channels * height * width)
    let at = 0
    for (let channel = 0; channel < channels; channel++) {
      for (let ky = 0; ky < height; ky++) {
        for (let kx = 0; kx < width; kx++) {
          const [y, x] = [top + ky * map.dilation[0], left + kx * map.dilation[1]]
          const inside = y >= 0 && y < map.height && x >= 0 && x < map.width
          patch[at++] = inside
            ? (map.data[offset(map, item, channel) + y * map.rowStride + x * map.pixelStride] as number)
            : 0
        }
      }
    }
    return patch
  }

  /** A value as a map: one of tokens [N, ..., I] has one row of them, and its channels side by side. */
  #view({ shape, data }: Tensor): View {
    const layer = this.#layer
    if (layer.op === 'linear') {
      const channels = shape.at(-1) as number
      const tokens = data.length / channels
      return {
        data,
        batch: 1,
        height: 1,
        width: tokens,
        outHeight: 1,
        outWidth: tokens,
        itemStride: 0,
        channelStride: 1,
        rowStride: 0,
        pixelStride: channels,
        stride: [1, 1],
        padding: [0, 0],
        dilation: [1, 1],
      }
    }
    const [batch = 1, channels = 1, height = 1, width = 1] = shape
    const [, kernelHeight, kernelWidth] = this.#patch
    const { stride, padding, dilation } = layer
    const steps = (size: number, axis: 0 | 1, kernel: number): number =>
      Math.floor((size + 2 * padding[axis] - dilation[axis] * (kernel - 1) - 1) / stride[axis]) + 1
    return {
      data,
      batch,
      height,
      width,
      outHeight: steps(height, 0, kernelHeight),
      outWidth: steps(width, 1, kernelWidth),
      itemStride: channels * height * width,
      channelStride: height * width,
      rowStride: width,
      pixelStride: 1,
      stride,
      padding,
      dilation,
    }
  }
}

interface View {
  readonly data: Float32Array
  readonly batch: number
  readonly height: number
  readonly width: number
  readonly outHeight: number
  readonly outWidth: number
  readonly itemStride: number
  readonly channelStride: number
  readonly rowStride: number
  readonly pixelStride: number
  readonly stride: readonly [number, number]
  readonly padding: readonly [number, number]
  readonly dilation: readonly [number, number]
}

function offset(map: View, item: number, channel: number): number {
  return item * map.itemStride + channel * map.channelStride
}

/** Every value of `channel` that the weight at (ky, kx) meets, padding left out. */
function forEachOf(map: View, channel: number, ky: number, kx: number, visit: (value: number) => void): void {
  const dy = ky * map.dilation[0] - map.padding[0]
  const dx = kx * map.dilation[1] - map.padding[1]
  for (let item = 0; item < map.batch; item++) {
    const start = offset(map, item, channel)
    for (let row = 0; row < map.outHeight; row++) {
      const y = row * map.stride[0] + dy
      if (y < 0 || y >= map.height) continue
      for (let column = 0; column < map.outWidth; column++) {
        const x = column * map.stride[1] + dx
        if (x < 0 || x >= map.width) continue
        visit(map.data[start + y * map.rowStride + x * map.pixelStride] as number)
      }
    }
  }
}

const binCount = 1024
/** Places within a bin at which its values are taken to be. */
const places = 8

/** How values are distributed, what is not positive counting as zero: equal bins, twice as wide whenever a value does not fit. */
export class Histogram {
  readonly #counts = new Uint32Array(binCount)
  #width = 0
  #total = 0
  #sum = 0
  #squares = 0
  #most = 0

  get most(): number {
    return this.#most
  }

  get total(): number {
    return this.#total
  }

  get mean(): number {
    return this.#sum / Math.max(1, this.#total)
  }

  get deviation(): number {
    const { mean } = this
    return Math.sqrt(Math.max(0, this.#squares / Math.max(1, this.#total) - mean * mean))
  }

  /** Values that are not finite are not counted. */
  add(value: number): void {
    if (!Number.isFinite(value)) return
    this.#total++
    if (!(value > 0)) return
    this.#sum += value
    this.#squares += value * value
    if (value > this.#most) {
      this.#most = value
      this.#fit(value)
    }
    const bin = Math.floor(value / this.#width)
    this.#counts[bin] = (this.#counts[bin] as number) + 1
  }

  /** The value that `share` of all values do not exceed, straight within a bin. */
  percentile(share: number): number {
    let left = this.#total * (1 - share)
    for (let bin = binCount - 1; bin >= 0; bin--) {
      const count = this.#counts[bin] as number
      if (count > left) {
        return Math.min(this.#most, (bin + 1 - left / count) * this.#width)
      }
      left -= count
    }
    return 0
  }

  /** What rounding to steps from zero adds to the mean. Values that are more than half a step beyond `levels` of them count as unchanged. */
  meanOfRounding(step: number, levels: number): number {
    let sum = 0
    for (let bin = 0; bin < binCount; bin++) {
      const count = this.#counts[bin] as number
      if (count === 0) continue
      let errors = 0
      for (let place = 0; place < places; place++) {
        const value = (bin + (place + 0.5) / places) * this.#width
        const level = Math.floor(value / step + 0.5)
        if (level <= levels) errors += level * step - value
      }
      sum += (count * errors) / places
    }
    return sum / Math.max(1, this.#total)
  }

  #fit(value: number): void {
    if (this.#width === 0) this.#width = 2 ** Math.ceil(Math.log2(value) + 1) / binCount
    while (value >= this.#width * binCount) {
      for (let bin = 0; bin < binCount; bin++) {
        const low = 2 * bin < binCount ? (this.#counts[2 * bin] as number) : 0
        const high = 2 * bin + 1 < binCount ? (this.#counts[2 * bin + 1] as number) : 0
        this.#counts[bin] = low + high
      }
      this.#width *= 2
    }
  }
}
