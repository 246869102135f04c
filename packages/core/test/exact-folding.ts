import { expect } from 'vitest'
import { initialize, mobileone, print, reparameterize, type Variant, variants } from '../src/index.ts'

/** The train form of a variant, with random weights, folds into the graph and the weights of its deploy form. */
export function expectExactFolding(variant: Variant): void {
  const [train, deploy] = (['train', 'deploy'] as const).map((form) => mobileone(variants[variant], { form }))
  const folded = reparameterize(initialize(train!, { seed: 1, statistics: 'random' }))
  expect(print(folded)).toBe(print(deploy!))
  expect(Object.keys(folded.weights).sort()).toEqual(Object.keys(deploy!.weights).sort())
}
