import type { Model } from '../../model/model.ts'
import { imagenetPreprocess } from '../../model/preprocess.ts'
import { elementCount, type Tensor, type Tensors, tensor } from '../../model/tensor.ts'
import { type Random, random } from '../../random.ts'

const count = 16
/** Mean and deviation of the pixels of photographs, in 0..1. */
const [brightness, contrast] = [0.45, 0.25]
/** How much of the contrast the colours share. */
const grey = 0.85

/**
 * Inputs for a network of which no photograph is at hand: images of noise whose amplitude falls as 1 / f, as that of natural images does
 * (Field 1987), prepared as the model's card says, else as for ImageNet; inputs that are no images are standard normal. 16, always
 * the same.
 */
export function* noiseInputs(model: Model): Generator<Tensors, void> {
  const source = random(1)
  for (let index = 0; index < count; index++) {
    yield Object.fromEntries(
      Object.entries(model.inputs).map(([name, { shape }]) => [name, noise(model, shape, source)]),
    )
  }
}

function noise(model: Model, shape: readonly number[], source: Random): Tensor {
  const [batch = 1, channels = 1, height = 1, width = 1] = shape
  const prepared = model.card?.preprocess ?? imagenetPreprocess([height, width], channels)
  if (shape.length !== 4 || prepared?.mean.length !== channels || prepared.std.length !== channels) {
    return tensor(
      shape,
      Float32Array.from({ length: elementCount(shape) }, () => source.normal()),
    )
  }
  const image = new Float32Array(elementCount(shape))
  const pixels = height * width
  for (let item = 0; item < batch; item++) {
    const shared = fractal(height, width, source)
    for (let channel = 0; channel < channels; channel++) {
      const own = fractal(height, width, source)
      const [mean = 0, std = 1] = [prepared.mean[channel], prepared.std[channel]]
      const start = (item * channels + channel) * pixels
      for (let at = 0; at < pixels; at++) {
        const mixed = Math.sqrt(grey) * (shared[at] as number) + Math.sqrt(1 - grey) * (own[at] as number)
        const pixel = Math.min(1, Math.max(0, brightness + contrast * mixed))
        image[start + at] = (pixel - mean) / std
      }
    }
  }
  return tensor(shape, image)
}

/** Octaves of equal power, each a grid of normal numbers between which it is straight; mean about 0, deviation 1. */
function fractal(height: number, width: number, source: Random): Float64Array {
  const sum = new Float64Array(height * width)
  for (let cell = 2 ** Math.ceil(Math.log2(Math.max(height, width))); cell >= 1; cell /= 2) {
    const [rows, columns] = [Math.ceil(height / cell) + 1, Math.ceil(width / cell) + 1]
    const grid = Float64Array.from({ length: rows * columns }, () => source.normal())
    for (let y = 0; y < height; y++) {
      const [row, down] = [Math.floor(y / cell), (y / cell) % 1]
      for (let x = 0; x < width; x++) {
        const [column, right] = [Math.floor(x / cell), (x / cell) % 1]
        const corner = row * columns + column
        const above = mix(grid[corner] as number, grid[corner + 1] as number, right)
        const below = mix(grid[corner + columns] as number, grid[corner + columns + 1] as number, right)
        sum[y * width + x] = (sum[y * width + x] as number) + mix(above, below, down)
      }
    }
  }
  return normalized(sum)
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share
}

function normalized(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const power = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
  const scale = power > 0 ? 1 / Math.sqrt(power) : 0
  return values.map((value) => (value - mean) * scale)
}
