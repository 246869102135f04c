import { describe, expect, it } from 'vitest'
import {
  averageRanks,
  paperCorrelation,
  paperSet,
  paperTable1,
  paperTable9,
  paretoFront,
  spearman,
} from '../../src/studies/index.ts'
import { incompleteBeta, studentTwoSided } from '../../src/studies/student-t.ts'

/** scipy 1.17.1: special.betainc. */
const betas = [
  [0.5, 0.5, 0.5, 0.5000000000000001],
  [0.1, 9.5, 0.5, 5.990444304398422e-11],
  [0.9, 9.5, 0.5, 0.1625499990297271],
  [0.999, 50, 0.5, 0.7523690199653766],
  [1e-6, 2, 0.5, 3.7500012500007017e-13],
  [0.3, 0.5, 9.5, 0.9898374278793095],
  [0, 2, 3, 0],
  [1, 2, 3, 1],
] as const

/** scipy 1.17.1: 2 * stats.t.sf(abs(t), freedom). */
const tails = [
  [0, 5, 1],
  [1, 1, 0.5000000000000001],
  [2.093, 19, 0.05000237894282798],
  [-2.5, 19, 0.02174041116839744],
  [10, 3, 0.0021283990584141503],
  [0.3, 100, 0.7647998803003035],
  [40, 200, 2.2487396535202197e-97],
] as const

describe("Student's t", () => {
  it.each(betas)('I_%d(%d, %d)', (x, a, b, expected) => {
    expect(Math.abs(incompleteBeta(x, a, b) - expected)).toBeLessThanOrEqual(
      1e-12 * Math.max(expected, 1e-300),
    )
  })
  it.each(tails)('t = %d with %d degrees of freedom', (t, freedom, expected) => {
    expect(Math.abs(studentTwoSided(t, freedom) / expected - 1)).toBeLessThan(1e-11)
  })
  it('has its limits', () => {
    expect(studentTwoSided(Number.POSITIVE_INFINITY, 5)).toBe(0)
    expect(studentTwoSided(Number.NaN, 5)).toBeNaN()
    expect(studentTwoSided(1, 0)).toBeNaN()
  })
})

describe('spearman', () => {
  it('shares ranks among equal values', () => {
    expect(averageRanks([1, 2, 2, 3, 5, 5, 5, 8, 9, 10])).toEqual([1, 2.5, 2.5, 4, 6, 6, 6, 8, 9, 10])
    expect(averageRanks([])).toEqual([])
  })
  /** scipy 1.17.1: stats.spearmanr. */
  it.each([
    [
      [1, 2, 2, 3, 5, 5, 5, 8, 9, 10],
      [2, 1, 4, 4, 6, 5, 9, 9, 7, 12],
      0.9009676546491147,
      0.00037283599802576345,
    ],
    [[3.2, 1.1, 4.4, 4.4, 0.5, 9.1], [10, 20, 5, 7, 30, 30], -0.2647058823529412, 0.612215041726033],
    [[1, 2, 3, 4], [4, 3, 2, 1], -1, 0],
    [[1, 2, 3], [1, 3, 2], 0.5, 0.6666666666666666],
  ])('of %j with %j', (xs, ys, rho, p) => {
    const found = spearman(xs, ys)
    expect(found.rho).toBeCloseTo(rho, 13)
    expect(found.p).toBeCloseTo(p, 11)
    expect(found.n).toBe(xs.length)
  })
  it('is nothing where there is nothing to rank', () => {
    expect(spearman([1, 2], [2, 1]).rho).toBeNaN()
    expect(spearman([1, 1, 1], [1, 2, 3]).rho).toBeNaN()
  })
})

const outsideFigure2 = /^(mobileformer_96|convit_tiny|repvgg_.*)$/
const all = paperTable9.map(({ id }) => id)
const figure2 = all.filter((id) => !outsideFigure2.test(id))
const without = (...ids: string[]): string[] => figure2.filter((id) => !ids.includes(id))

describe("the paper's Table 1 from its Table 9", () => {
  /** scipy's rho of the printed columns: latency on the phone, then on the CPU, each with FLOPs and with parameters. */
  it.each([
    [
      '23, all of Figure 2',
      figure2,
      [0.4841897233201581, 0.33564017941475793, 0.1057312252964427, 0.12605043556813444],
    ],
    [
      '21, with MobileNetV2 1.0 and MobileNeXt 1.4',
      without('mobilenetv2_140', 'mobilenext_100'),
      [0.45714285714285713, 0.3007470116396313, 0.08181818181818182, 0.1286131928826069],
    ],
    [
      '21, with MobileNetV2 1.4 and MobileNeXt 1.0',
      paperSet,
      [0.4623376623376624, 0.30594350428135275, 0.06103896103896104, 0.07210133540388569],
    ],
    ['all 30', all, [0.3793103448275862, 0.3099688550260274, 0.4251390433815351, 0.4726301852658164]],
  ] as const)('%s', (_, ids, expected) => {
    const found = (['mobile', 'cpu'] as const).flatMap((latency) =>
      (['flops', 'params'] as const).map((predictor) => paperCorrelation(ids, predictor, latency).rho),
    )
    for (const [index, rho] of expected.entries()) expect(found[index]).toBeCloseTo(rho, 12)
  })
  it('has p as scipy has it for all 30 networks', () => {
    expect(paperCorrelation(all, 'flops', 'mobile').p).toBeCloseTo(0.03870947184516465, 11)
    expect(paperCorrelation(all, 'params', 'mobile').p).toBeCloseTo(0.09551964516238008, 11)
    expect(paperCorrelation(all, 'flops', 'cpu').p).toBeCloseTo(0.0191814610770138, 11)
    expect(paperCorrelation(all, 'params', 'cpu').p).toBeCloseTo(0.008354350944844702, 11)
  })
  it('is met within 0.01 by the set taken for its 21 networks', () => {
    expect(paperSet).toHaveLength(21)
    for (const latency of ['mobile', 'cpu'] as const) {
      for (const predictor of ['flops', 'params'] as const) {
        const { rho, p, n } = paperCorrelation(paperSet, predictor, latency)
        expect(n).toBe(21)
        expect(Math.abs(rho - paperTable1[latency][predictor].rho)).toBeLessThan(0.01)
        expect(Math.abs(p - paperTable1[latency][predictor].p)).toBeLessThan(0.02)
      }
    }
  })
})

describe('paretoFront', () => {
  const network = (accuracy: number, ms: number): { accuracy: number; ms: number } => ({ accuracy, ms })
  it('keeps what nothing beats, fastest first', () => {
    const front = paretoFront([
      network(75, 9),
      network(70, 2),
      network(69, 3),
      network(75, 10),
      network(80, 20),
    ])
    expect(front).toEqual([network(70, 2), network(75, 9), network(80, 20)])
  })
  it('keeps equals', () => {
    expect(paretoFront([network(70, 2), network(70, 2)])).toHaveLength(2)
    expect(paretoFront([])).toEqual([])
  })
})
