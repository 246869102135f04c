import { dot } from './dot.ts'

/** A smooth function of `x`: its value, and its gradient written into `gradient`. */
export type Objective = (x: Float64Array, gradient: Float64Array) => number

export interface MinimizeOptions {
  /** Done when no element of the gradient is larger. */
  readonly tolerance: number
  readonly maxIterations: number
  /** Called before each evaluation; may let the event loop turn, and throw. */
  readonly pace?: () => Promise<void>
}

export interface Minimum {
  readonly x: Float64Array
  readonly value: number
  readonly iterations: number
  /** False where `maxIterations` or the precision of float64 ended the search first. */
  readonly converged: boolean
}

const memory = 10
const sufficientDecrease = 1e-4
const curvature = 0.9
const longestSearch = 40

/**
 * Minimise a convex function by L-BFGS (Nocedal and Wright 2006, algorithm 7.5), with the bisecting line search for the weak
 * Wolfe conditions of Lewis and Overton (2013, algorithm 2.6). Deterministic.
 */
export async function minimize(
  objective: Objective,
  start: Float64Array,
  options: MinimizeOptions,
): Promise<Minimum> {
  const size = start.length
  let x = Float64Array.from(start)
  let gradient = new Float64Array(size)
  let nextX = new Float64Array(size)
  let nextGradient = new Float64Array(size)
  let value = objective(x, gradient)
  const direction = new Float64Array(size)
  const history: { s: Float64Array; y: Float64Array; rho: number }[] = []

  for (let iteration = 0; ; iteration++) {
    if (largest(gradient) <= options.tolerance) return { x, value, iterations: iteration, converged: true }
    if (iteration === options.maxIterations) return { x, value, iterations: iteration, converged: false }

    twoLoop(history, gradient, direction)
    let slope = dot(direction, gradient)
    if (!(slope < 0)) {
      history.length = 0
      for (let i = 0; i < size; i++) direction[i] = -gradient[i]!
      slope = dot(direction, gradient)
    }

    let low = 0
    let high = Number.POSITIVE_INFINITY
    let step = history.length === 0 ? Math.min(1, 1 / Math.sqrt(-slope)) : 1
    let nextValue = value
    let found = false
    for (let trial = 0; trial < longestSearch && !found; trial++) {
      for (let i = 0; i < size; i++) nextX[i] = x[i]! + step * direction[i]!
      await options.pace?.()
      nextValue = objective(nextX, nextGradient)
      if (!(nextValue <= value + sufficientDecrease * step * slope)) high = step
      else if (dot(direction, nextGradient) < curvature * slope) low = step
      else found = true
      if (!found) step = high === Number.POSITIVE_INFINITY ? 2 * low : (low + high) / 2
    }
    if (!found) return { x, value, iterations: iteration, converged: false }

    const s = new Float64Array(size)
    const y = new Float64Array(size)
    for (let i = 0; i < size; i++) {
      s[i] = nextX[i]! - x[i]!
      y[i] = nextGradient[i]! - gradient[i]!
    }
    const product = dot(s, y)
    if (product > 0) {
      if (history.length === memory) history.shift()
      history.push({ s, y, rho: 1 / product })
    }
    ;[x, nextX] = [nextX, x]
    ;[gradient, nextGradient] = [nextGradient, gradient]
    value = nextValue
  }
}

/** Nocedal and Wright 2006, algorithm 7.4: `direction = -H gradient`. */
function twoLoop(
  history: readonly { s: Float64Array; y: Float64Array; rho: number }[],
  gradient: Float64Array,
  direction: Float64Array,
): void {
  for (let i = 0; i < direction.length; i++) direction[i] = -gradient[i]!
  const alphas = new Array<number>(history.length)
  for (let j = history.length - 1; j >= 0; j--) {
    const { s, y, rho } = history[j]!
    const alpha = rho * dot(s, direction)
    alphas[j] = alpha
    for (let i = 0; i < direction.length; i++) direction[i]! -= alpha * y[i]!
  }
  const last = history.at(-1)
  if (last) {
    const scale = 1 / (last.rho * dot(last.y, last.y))
    for (let i = 0; i < direction.length; i++) direction[i]! *= scale
  }
  for (const [j, { s, y, rho }] of history.entries()) {
    const beta = alphas[j]! - rho * dot(y, direction)
    for (let i = 0; i < direction.length; i++) direction[i]! += beta * s[i]!
  }
}

function largest(values: Float64Array): number {
  let max = 0
  for (let i = 0; i < values.length; i++) max = Math.max(max, Math.abs(values[i]!))
  return max
}
