import type { Layouts } from '../gradients/parameter-layout.ts'
import type { Recipe } from '../recipe.ts'

export interface StepSettings {
  readonly rate: number
  readonly weightDecay: number
}

/**
 * One step of stochastic gradient descent with momentum and L2 weight decay, in place, as `torch.optim.SGD`:
 * `g += decay w; v = momentum v + g; w -= rate v` (Nesterov: `rate (g + momentum v)`).
 */
export function descend(
  parameters: Float32Array,
  velocity: Float32Array,
  gradients: Float32Array,
  { parameters: layout, kinds }: Layouts,
  { optimizer, weightDecay: { exempt } }: Recipe,
  { rate, weightDecay }: StepSettings,
): void {
  const { momentum, nesterov } = optimizer
  for (const [slot, { offset, size }] of layout.slots.entries()) {
    const kind = kinds[slot]
    const decay = kind !== 'kernel' && exempt.some((each) => each === kind) ? 0 : weightDecay
    for (let index = offset; index < offset + size; index++) {
      const value = parameters[index] as number
      const gradient = (gradients[index] as number) + decay * value
      const speed = momentum * (velocity[index] as number) + gradient
      velocity[index] = speed
      parameters[index] = value - rate * (nesterov ? gradient + momentum * speed : speed)
    }
  }
}

/** Scale `gradients` in place so that their Euclidean norm is at most `limit`; returns the norm before. */
export function clip(gradients: Float32Array, limit: number | null): number {
  let squares = 0
  for (let index = 0; index < gradients.length; index++) squares += (gradients[index] as number) ** 2
  const norm = Math.sqrt(squares)
  if (limit !== null && norm > limit) {
    const scale = limit / norm
    for (let index = 0; index < gradients.length; index++)
      gradients[index] = (gradients[index] as number) * scale
  }
  return norm
}

/** `values` drawn towards `target` by `weight`, in place: running statistics and moving averages. */
export function follow(values: Float32Array, target: Float32Array, weight: number): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number
    values[index] = value + weight * ((target[index] as number) - value)
  }
}

/** Decay of the moving average at `step`, from 0. */
export function averageDecay({ decay, debias }: NonNullable<Recipe['ema']>, step: number): number {
  return debias ? Math.min(decay, (1 + step) / (10 + step)) : decay
}
