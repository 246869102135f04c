/** A tensor of four axes with its axes in another order: axis i of the result is axis `order[i]` of `source`. */
export function permute<Data extends Float32Array | Int8Array>(
  source: { readonly shape: readonly number[]; readonly data: Data },
  order: readonly [number, number, number, number],
): { readonly shape: readonly number[]; readonly data: Data } {
  const strides = source.shape.map((_, axis) =>
    source.shape.slice(axis + 1).reduce((product, size) => product * size, 1),
  )
  const shape = order.map((axis) => source.shape[axis] as number)
  const [a, b, c, d] = shape as [number, number, number, number]
  const [strideA, strideB, strideC, strideD] = order.map((axis) => strides[axis]) as [
    number,
    number,
    number,
    number,
  ]
  const data = source.data.slice() as Data
  let next = 0
  for (let i = 0; i < a; i++) {
    for (let j = 0; j < b; j++) {
      for (let k = 0; k < c; k++) {
        const start = i * strideA + j * strideB + k * strideC
        for (let l = 0; l < d; l++) data[next++] = source.data[start + l * strideD] as number
      }
    }
  }
  return { shape, data }
}
