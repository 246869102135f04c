/** [N, C, H, W] as [N, H, W, C]; other shapes as they are. */
export function channelsLast(shape: readonly number[]): number[] {
  const [batch = 1, channels = 1, ...spatial] = shape
  return spatial.length === 2 ? [batch, ...spatial, channels] : [...shape]
}

/** The elements of a tensor [N, C, H, W] in the order of [N, H, W, C]; those of other shapes as they are. */
export function toChannelsLast(data: Float32Array, shape: readonly number[]): Float32Array {
  if (shape.length !== 4) return data
  const [batch, channels, height, width] = shape as [number, number, number, number]
  const pixels = height * width
  const result = new Float32Array(data.length)
  for (let image = 0; image < batch; image++) {
    const start = image * channels * pixels
    for (let channel = 0; channel < channels; channel++) {
      for (let pixel = 0; pixel < pixels; pixel++) {
        const value = data[start + channel * pixels + pixel] as number
        result[start + pixel * channels + channel] = value
      }
    }
  }
  return result
}
