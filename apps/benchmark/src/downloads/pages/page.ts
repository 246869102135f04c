/** What every page of `npm run bench:downloads` does: the first class of a picture of 256 x 256 pixels, by a model's file. */
export type Classify = (model: string, picture: HTMLCanvasElement) => Promise<number>

declare global {
  var classify: Classify | undefined
}

const size = 224
const mean = [0.485, 0.456, 0.406] as const
const std = [0.229, 0.224, 0.225] as const

/** Where the server has the files that runtimes ask for by address. */
export const vendor: string = new URL('../../vendor/', location.href).href

/** The middle of the picture. */
export function crop(picture: HTMLCanvasElement): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), { width: size, height: size })
  const margin = (picture.width - size) / 2
  canvas.getContext('2d', { willReadFrequently: true })?.drawImage(picture, -margin, -margin)
  return canvas
}

/** The middle of the picture as ImageNet's networks take it: [1, 3, 224, 224], or [1, 224, 224, 3]. */
export function pixels(picture: HTMLCanvasElement, layout: 'NCHW' | 'NHWC'): Float32Array {
  const context = crop(picture).getContext('2d') as CanvasRenderingContext2D
  const { data } = context.getImageData(0, 0, size, size)
  const values = new Float32Array(3 * size * size)
  for (let pixel = 0; pixel < size * size; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = (data[4 * pixel + channel] as number) / 255
      const index = layout === 'NCHW' ? channel * size * size + pixel : 3 * pixel + channel
      values[index] = (value - (mean[channel] as number)) / (std[channel] as number)
    }
  }
  return values
}

export function best(logits: Float32Array): number {
  return logits.indexOf(Math.max(...logits))
}
