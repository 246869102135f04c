import { initialize, mobileone, type Variant, variants } from '@mobileone/core'
import { expect, test } from 'vitest'
import { stepMemory } from '../src/trainer/step-memory.ts'

/** Peaks of the heap in MB, counted at its allocations on Node 20 with tfjs 4.22. */
const measured: readonly (readonly [variant: Variant, size: number, batch: number, megabytes: number])[] = [
  ['s0', 64, 2, 339],
  ['s0', 64, 48, 526],
  ['s0', 224, 48, 2730],
  ['s2', 64, 2, 794],
  ['s4', 64, 2, 1615],
]

test.each(measured)(
  '%s at %i pixels with batches of %i takes some %i MB',
  (variant, size, batch, megabytes) => {
    const model = initialize(mobileone({ ...variants[variant], classes: 10 }, { form: 'train' }), { seed: 0 })
    const { fixedBytes, bytesPerImage } = stepMemory(model, [size, size])
    const ratio = (fixedBytes + batch * bytesPerImage) / 1e6 / megabytes
    expect(ratio).toBeGreaterThan(0.85)
    expect(ratio).toBeLessThan(1.15)
  },
)
