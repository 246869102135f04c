/** A measured value at a step. */
export interface Point {
  readonly step: number
  readonly value: number
}

/** `points` with one more; past `most` each two become their mean, so that a long run takes no more memory than a short one. */
export class Series {
  readonly #most: number
  #points: Point[] = []
  /** Values in a point. */
  #every = 1
  #open: { step: number; sum: number; count: number } | undefined

  constructor(most = 240) {
    this.#most = most
  }

  add(step: number, value: number): void {
    const open = this.#open ?? { step: 0, sum: 0, count: 0 }
    open.step = step
    open.sum += value
    open.count++
    if (open.count < this.#every) {
      this.#open = open
      return
    }
    this.#open = undefined
    this.#points.push({ step: open.step, value: open.sum / open.count })
    if (this.#points.length < this.#most) return
    const halved: Point[] = []
    for (let index = 0; index + 1 < this.#points.length; index += 2) {
      const [a, b] = [this.#points[index] as Point, this.#points[index + 1] as Point]
      halved.push({ step: b.step, value: (a.value + b.value) / 2 })
    }
    this.#points = halved
    this.#every *= 2
  }

  /** The points so far, oldest first; a copy. */
  points(): readonly Point[] {
    return [...this.#points]
  }
}

/** Each value drawn towards those before it: what a noisy line is about. */
export function smoothed(points: readonly Point[], weight = 0.2): readonly Point[] {
  let mean: number | undefined
  return points.map(({ step, value }) => {
    mean = mean === undefined ? value : mean + weight * (value - mean)
    return { step, value: mean }
  })
}

/** About `count` round numbers from at most `low` to at least `high`. */
export function ticks(low: number, high: number, count = 4): readonly number[] {
  const span = Math.max(high - low, 1e-9)
  const rough = span / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) as number)
  const first = Math.floor(low / step + 1e-9)
  const last = Math.ceil(high / step - 1e-9)
  return Array.from({ length: last - first + 1 }, (_, index) =>
    Number(((first + index) * step).toPrecision(12)),
  )
}

/** The `d` of a path through `points` in a square of 100: steps from 0 to `steps`, values from `low` to `high`. */
export function pathOf(
  points: readonly Point[],
  { steps, low, high }: { readonly steps: number; readonly low: number; readonly high: number },
): string {
  return points
    .map(({ step, value }, index) => {
      const x = (100 * step) / steps
      const y = 100 - (100 * (Math.min(high, Math.max(low, value)) - low)) / (high - low)
      return `${index === 0 ? 'M' : 'L'}${x.toFixed(2)} ${y.toFixed(2)}`
    })
    .join('')
}
