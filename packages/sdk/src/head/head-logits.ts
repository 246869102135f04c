import type { HeadData } from './head-data.ts'

/** Raw scores [classes] of an embedding [features]; summed in float64, rounded once. */
export function headLogits({ weight, bias }: HeadData, embedding: ArrayLike<number>): Float32Array {
  const features = embedding.length
  return bias.map((shift, k) => {
    let sum = shift
    for (let j = 0, p = k * features; j < features; j++) sum += weight[p + j]! * embedding[j]!
    return sum
  })
}
