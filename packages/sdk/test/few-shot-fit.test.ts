import { random } from '@mobileone/core'
import { describe, expect, it } from 'vitest'
import { project, spanOf, standardization, standardize } from '../src/few-shot/features.ts'
import { dealFolds, fitShots, type Shot } from '../src/few-shot/fit.ts'
import { minimize } from '../src/few-shot/lbfgs.ts'
import { logisticLoss } from '../src/few-shot/logistic.ts'

/** Pictures whose features are a mean per class plus noise; some features dead, some a thousand times larger. */
function clouds(
  classes: number,
  perClass: number,
  features: number,
  options: { readonly seed: number; readonly distance: number; readonly views?: number },
): Shot[] {
  const source = random(options.seed)
  const means = Array.from({ length: classes }, () =>
    Float64Array.from({ length: features }, () => options.distance * source.normal()),
  )
  const size = Float64Array.from({ length: features }, (_, j) => (j % 7 === 0 ? 0 : j % 5 === 0 ? 1000 : 1))
  return Array.from({ length: classes * perClass }, (_, index) => ({
    class: index % classes,
    views: Array.from({ length: options.views ?? 1 }, () =>
      Float32Array.from(
        means[index % classes]!,
        (mean, j) => 3 * size[j]! + size[j]! * (mean + source.normal()),
      ),
    ),
  }))
}

const largest = (values: Float64Array): number =>
  values.reduce((max, value) => Math.max(max, Math.abs(value)), 0)

describe('minimize', () => {
  it('finds the minimum of a badly conditioned quadratic function', async () => {
    const size = 30
    const found = await minimize(
      (x, gradient) => {
        let value = 0
        for (let i = 0; i < size; i++) {
          const curvature = 10 ** ((4 * i) / size)
          const from = x[i]! - i
          value += 0.5 * curvature * from * from
          gradient[i] = curvature * from
        }
        return value
      },
      new Float64Array(size),
      { tolerance: 1e-8, maxIterations: 1000 },
    )
    expect(found.converged).toBe(true)
    expect(largest(found.x.map((value, i) => value - i))).toBeLessThan(1e-7)
  })

  it('says when it ran out of iterations', async () => {
    const found = await minimize(
      ([x = 0, y = 0], gradient) => {
        gradient[0] = -2 * (1 - x) - 400 * x * (y - x * x)
        gradient[1] = 200 * (y - x * x)
        return (1 - x) ** 2 + 100 * (y - x * x) ** 2
      },
      Float64Array.of(-1.2, 1),
      { tolerance: 1e-10, maxIterations: 5 },
    )
    expect(found).toMatchObject({ iterations: 5, converged: false })
  })
})

describe('logisticLoss', () => {
  it('has the gradient of its finite differences', () => {
    const source = random(5)
    const [count, features, classes] = [11, 4, 3]
    const loss = logisticLoss(
      {
        count,
        features,
        x: Float64Array.from({ length: count * features }, () => source.normal()),
        y: Int32Array.from({ length: count }, () => source.integer(0, classes - 1)),
        weight: Float64Array.from({ length: count }, () => source.next()),
      },
      classes,
      0.3,
    )
    const at = Float64Array.from({ length: classes * features + classes }, () => source.normal())
    const gradient = new Float64Array(at.length)
    loss(at, gradient)
    const step = 1e-5
    const ignored = new Float64Array(at.length)
    for (let i = 0; i < at.length; i++) {
      const moved = (by: number): number =>
        loss(
          at.map((value, j) => (j === i ? value + by : value)),
          ignored,
        )
      expect(gradient[i]).toBeCloseTo((moved(step) - moved(-step)) / (2 * step), 8)
    }
  })
})

describe('spanOf', () => {
  it('gives an orthonormal basis without the rows that depend on others', async () => {
    const source = random(2)
    const rows = Array.from({ length: 6 }, () => Float64Array.from({ length: 20 }, () => source.normal()))
    rows.splice(
      3,
      0,
      rows[0]!.map((value, j) => 2 * value - rows[1]![j]!),
    )
    const { basis, coordinates } = await spanOf(rows)
    expect(basis).toHaveLength(6)
    for (const [i, direction] of basis.entries()) {
      expect(largest(project(basis, direction).map((value, j) => value - Number(i === j)))).toBeLessThan(
        1e-12,
      )
    }
    for (const [index, row] of rows.entries()) {
      expect(largest(project(basis, row).map((value, j) => value - coordinates[index]![j]!))).toBeLessThan(
        1e-12,
      )
    }
  })
})

describe('fitShots', () => {
  it.each([
    ['few pictures, in their span', 4, 40],
    ['more pictures than features', 30, 12],
  ])('is the optimum over raw features, standardisation folded in: %s', async (_, perClass, features) => {
    const classes = 3
    const shots = clouds(classes, perClass, features, { seed: 3, distance: 0.5, views: 2 }).slice(0, -2)
    const regularization = 0.02
    const fit = await fitShots(shots, classes, { seed: 0, regularization })
    expect(fit.converged).toBe(true)

    const rows = shots.flatMap(({ views }) => views)
    const standard = standardization(rows)
    const parameters = new Float64Array(classes * features + classes)
    for (let k = 0; k < classes; k++) {
      parameters[classes * features + k] = fit.bias[k]!
      for (let j = 0; j < features; j++) {
        const w = fit.weight[k * features + j]!
        parameters[k * features + j] = w / standard.scale[j]!
        parameters[classes * features + k]! += w * standard.mean[j]!
      }
    }
    const perClassCount = (k: number): number => shots.filter((shot) => shot.class === k).length
    const loss = logisticLoss(
      {
        count: rows.length,
        features,
        x: Float64Array.from(rows.flatMap((row) => [...standardize(standard, row)])),
        y: Int32Array.from(shots.flatMap((shot) => [shot.class, shot.class])),
        weight: Float64Array.from(
          shots.flatMap((shot) => Array<number>(2).fill(1 / (classes * 2 * perClassCount(shot.class)))),
        ),
      },
      classes,
      regularization,
    )
    const gradient = new Float64Array(parameters.length)
    loss(parameters, gradient)
    expect(largest(gradient)).toBeLessThan(1e-5)
  })

  it('gives features that never change no weight', async () => {
    const fit = await fitShots(clouds(3, 5, 21, { seed: 8, distance: 1 }), 3, { seed: 0 })
    for (let k = 0; k < 3; k++) for (let j = 0; j < 21; j += 7) expect(fit.weight[k * 21 + j]).toBe(0)
  })

  it('is the same for the same seed', async () => {
    const shots = clouds(4, 12, 30, { seed: 4, distance: 0.4 })
    const [a, b] = [await fitShots(shots, 4, { seed: 1 }), await fitShots(shots, 4, { seed: 1 })]
    expect(a).toEqual(b)
    expect(a.crossValidation?.folds).toBe(5)
    expect(dealFolds(shots, 5, 1)).not.toEqual(dealFolds(shots, 5, 2))
  })

  it.each([
    ['leaving each picture out', 9, 36],
    ['in 5 folds', 30, 5],
  ])('promises chance on noise and success on what can be told apart, %s', async (_, perClass, folds) => {
    const noise = await fitShots(clouds(4, perClass, 60, { seed: 6, distance: 0 }), 4, { seed: 0 })
    expect(noise.crossValidation?.accuracy).toBeLessThan(0.45)
    expect(noise.regularization).toBeGreaterThanOrEqual(0.1)
    const clear = await fitShots(clouds(4, perClass, 60, { seed: 6, distance: 1 }), 4, { seed: 0 })
    expect(clear.crossValidation?.pictures).toBe(4 * perClass)
    expect(clear.crossValidation?.accuracy).toBeGreaterThan(0.9)
    expect(clear.regularization).toBeLessThan(0.1)
    expect(clear.crossValidation?.folds).toBe(folds)
  })

  it('deals every class over the folds evenly', () => {
    const shots = clouds(3, 11, 2, { seed: 1, distance: 1 })
    const fold = dealFolds(shots, 5, 9)
    for (let k = 0; k < 3; k++) {
      for (let f = 0; f < 5; f++) {
        const count = shots.filter((shot, index) => shot.class === k && fold[index] === f).length
        expect(count).toBeGreaterThanOrEqual(2)
        expect(count).toBeLessThanOrEqual(3)
      }
    }
  })

  it('takes the documented regularisation where each class has one picture', async () => {
    const fit = await fitShots(clouds(5, 1, 64, { seed: 1, distance: 1 }), 5, { seed: 0 })
    expect(fit).toMatchObject({ regularization: 0.1, crossValidation: undefined, trainingAccuracy: 1 })
  })

  it('refuses pictures that are all the same to the model', async () => {
    const views = [Float32Array.of(1, 2, 3)]
    const shots = [0, 1, 0, 1].map((label) => ({ class: label, views }))
    await expect(fitShots(shots, 2, { seed: 0 })).rejects.toMatchObject({ code: 'invalid-input' })
  })

  it('stops between two fits', async () => {
    const shots = clouds(4, 9, 200, { seed: 6, distance: 0 })
    const controller = new AbortController()
    const onProgress = (): void => controller.abort(new Error('enough'))
    await expect(
      fitShots(shots, 4, { seed: 0, signal: controller.signal, onProgress }),
    ).rejects.toMatchObject({
      code: 'aborted',
    })
  })
})
