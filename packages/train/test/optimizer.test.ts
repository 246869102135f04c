import { expect, test } from 'vitest'
import { layoutsOf } from '../src/gradients/parameter-layout.ts'
import { fashionMnistRecipe, learningRateAt, paperRecipe, weightDecayAt } from '../src/recipe.ts'
import { averageDecay, clip, descend, follow } from '../src/trainer/optimizer.ts'
import { tinyModel } from './models.ts'

const layouts = layoutsOf(tinyModel(1))
const kernel = layouts.kinds.indexOf('kernel')
const batchNorm = layouts.kinds.indexOf('batchNorm')
const at = (slot: number): number => layouts.parameters.slots[slot]?.offset as number

// PyTorch's own results of torch.optim.SGD([1.0], lr=0.1, momentum=0.9) after the gradients 0.5 and -0.25.
test.each([
  { nesterov: false, decayed: 0.9271510243415833, exempt: 0.9300000071525574 },
  { nesterov: true, decayed: 0.9075741171836853, exempt: 0.9120000004768372 },
])('descends as torch.optim.SGD does, nesterov $nesterov', ({ nesterov, decayed, exempt }) => {
  const recipe = fashionMnistRecipe({ optimizer: { momentum: 0.9, nesterov } })
  const parameters = new Float32Array(layouts.parameters.size).fill(1)
  const velocity = new Float32Array(parameters.length)
  for (const gradient of [0.5, -0.25]) {
    const gradients = new Float32Array(parameters.length).fill(gradient)
    descend(parameters, velocity, gradients, layouts, recipe, { rate: 0.1, weightDecay: 0.01 })
  }
  expect(parameters[at(kernel)]).toBeCloseTo(decayed, 6)
  expect(parameters[at(batchNorm)]).toBeCloseTo(exempt, 6)
})

test('clips to the norm asked for', () => {
  const gradients = Float32Array.of(3, 4)
  expect(clip(gradients, null)).toBe(5)
  expect(clip(gradients, 1)).toBe(5)
  expect(Math.hypot(...gradients)).toBeCloseTo(1, 6)
})

test('averages', () => {
  const values = Float32Array.of(1, 2)
  follow(values, Float32Array.of(2, 0), 0.25)
  expect([...values]).toEqual([1.25, 1.5])
  expect(averageDecay({ decay: 0.9995, debias: true }, 0)).toBe(0.1)
  expect(averageDecay({ decay: 0.9995, debias: true }, 1e6)).toBe(0.9995)
  expect(averageDecay({ decay: 0.9995, debias: false }, 0)).toBe(0.9995)
})

test('rate and decay follow their cosines', () => {
  const recipe = paperRecipe('s0')
  expect(learningRateAt(recipe, 0)).toBeCloseTo(1e-4, 10)
  expect(learningRateAt(recipe, 2.5)).toBeCloseTo(0.05005, 8)
  expect(learningRateAt(recipe, 5)).toBeCloseTo(0.1, 10)
  expect(learningRateAt(recipe, 300)).toBeCloseTo(1e-6, 10)
  expect(weightDecayAt(recipe, 0)).toBeCloseTo(1e-4, 10)
  expect(weightDecayAt(recipe, 150)).toBeCloseTo(5.5e-5, 10)
  expect(weightDecayAt(recipe, 300)).toBeCloseTo(1e-5, 10)
})
