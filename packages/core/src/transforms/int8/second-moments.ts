/** Inputs behind a result beyond which their covariance would take more than 16 MiB. */
const maxSize = 2048

/** How the inputs behind a result vary together, in memory that does not grow with the results seen. */
export class SecondMoments {
  /** Inputs behind a result. */
  readonly size: number
  readonly #sums: Float64Array
  /** The lower triangle, row after row. */
  readonly #products: Float64Array
  #count = 0

  /** Undefined for a `size` of which the covariance would be too large. */
  static of(size: number): SecondMoments | undefined {
    return size <= maxSize ? new SecondMoments(size) : undefined
  }

  private constructor(size: number) {
    this.size = size
    this.#sums = new Float64Array(size)
    this.#products = new Float64Array((size * (size + 1)) / 2)
  }

  /** Results seen. */
  get count(): number {
    return this.#count
  }

  /** Take in the inputs behind one result. */
  add(patch: Float32Array): void {
    const [size, sums, products] = [this.size, this.#sums, this.#products]
    this.#count++
    for (let row = 0; row < size; row++) {
      const value = patch[row] as number
      if (value === 0) continue
      sums[row] = (sums[row] as number) + value
      const start = (row * (row + 1)) / 2
      for (let column = 0; column <= row; column++) {
        products[start + column] = (products[start + column] as number) + value * (patch[column] as number)
      }
    }
  }

  /** The covariance: [size, size], of which the lower triangle is filled. */
  covariance(): Float64Array {
    const { size } = this
    const count = Math.max(1, this.#count)
    const found = new Float64Array(size * size)
    for (let row = 0, at = 0; row < size; row++) {
      for (let column = 0; column <= row; column++, at++) {
        const product = ((this.#sums[row] as number) / count) * ((this.#sums[column] as number) / count)
        found[row * size + column] = (this.#products[at] as number) / count - product
      }
    }
    return found
  }
}
