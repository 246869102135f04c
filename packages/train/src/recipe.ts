import { MobileOneError, type Variant } from '@mobileone/core'
import type { Augmentation } from './data/augmentation.ts'

/** A part of training from an epoch on: small images and weak augmentation first (Tan and Le 2021, section 3.2). */
export interface Phase {
  /** First epoch, from 0. */
  readonly from: number
  readonly size: readonly [height: number, width: number]
  /** Strength of the augmentation, 0 to 1. */
  readonly strength: number
  readonly batchSize: number
}

/** Everything a training run depends on besides the network and the data: plain data, every value overridable. */
export interface Recipe {
  readonly name: string
  readonly epochs: number
  readonly seed: number
  /** Stochastic gradient descent as in PyTorch: `v = momentum v + g`, `w -= rate v` (or `rate (g + momentum v)`). */
  readonly optimizer: { readonly momentum: number; readonly nesterov: boolean }
  /** Linear warm-up from `peak * warmupFactor` over `warmupEpochs`, then a cosine down to `final`. */
  readonly learningRate: {
    readonly peak: number
    readonly final: number
    readonly warmupEpochs: number
    readonly warmupFactor: number
  }
  /** Annealed from `from` to `to` on a cosine over the whole run. */
  readonly weightDecay: {
    readonly from: number
    readonly to: number
    /** Parameters without decay. */
    readonly exempt: readonly ('batchNorm' | 'bias')[]
  }
  /** Probability spread evenly over all classes (Szegedy et al. 2016). */
  readonly labelSmoothing: number
  /**
   * Average of weights and statistics, which is what training returns. `debias`: the decay grows as (1 + t) / (10 + t)
   * until it reaches `decay`, so that short runs are not dominated by their start.
   */
  readonly ema: { readonly decay: number; readonly debias: boolean } | null
  /** Largest Euclidean norm of all gradients together. */
  readonly gradientClip: number | null
  /** Weight of the batch in the running statistics, as in PyTorch. */
  readonly batchNormMomentum: number
  readonly augmentation: Augmentation
  /** At least one, ordered, the first from epoch 0. */
  readonly curriculum: readonly Phase[]
}

/** A network of the paper, by which its recipe goes. */
export type RecipeName = Variant

/** Values to change in a recipe; nested objects are merged. */
export type RecipeOverrides = {
  readonly [K in keyof Recipe]?: Recipe[K] extends readonly unknown[] | number | string | null
    ? Recipe[K]
    : Partial<Recipe[K]> | Extract<Recipe[K], null>
}

/** What the recipe of a variant on ImageNet has of its own. */
interface ImagenetRegularization {
  readonly autoAugment: boolean
  readonly curriculum: readonly Phase[]
}

const light: ImagenetRegularization = {
  autoAugment: false,
  curriculum: [{ from: 0, size: [224, 224], strength: 1, batchSize: 256 }],
}

const progressive: ImagenetRegularization = {
  autoAugment: true,
  curriculum: [
    { from: 0, size: [160, 160], strength: 0.3, batchSize: 256 },
    { from: 39, size: [192, 192], strength: 0.7, batchSize: 256 },
    { from: 114, size: [224, 224], strength: 1, batchSize: 256 },
  ],
}

const regularization: Readonly<Record<Variant, ImagenetRegularization>> = {
  s0: light,
  s1: light,
  s2: progressive,
  s3: progressive,
  s4: progressive,
}

/**
 * The recipe of MobileOne on ImageNet-1k (arXiv 2206.04040, section 4.1): 300 epochs of SGD at batch 256, rate 0.1 and
 * weight decay 1e-4 to 1e-5 on cosines, label smoothing 0.1, EMA 0.9995; S2-S4 add AutoAugment with rising strength and
 * resolution. The paper leaves out momentum, warm-up, last rate and decay of normalisation: those are the values of the
 * reproduction in MMPretrain (0.9, 5 epochs from a thousandth, 1e-6, none), as is the curriculum.
 * @throws MobileOneError `invalid-argument` for another variant, or naming the override that makes no sense.
 */
export function paperRecipe(variant: RecipeName, overrides: RecipeOverrides = {}): Recipe {
  if (!Object.hasOwn(regularization, variant)) {
    const names = Object.keys(regularization).join(', ')
    throw invalid(`the paper has no variant "${variant}"; the variants are ${names}`)
  }
  const { autoAugment, curriculum } = regularization[variant]
  return overrideRecipe(
    {
      name: `mobileone-${variant}`,
      epochs: 300,
      seed: 0,
      optimizer: { momentum: 0.9, nesterov: false },
      learningRate: { peak: 0.1, final: 1e-6, warmupEpochs: 5, warmupFactor: 1e-3 },
      weightDecay: { from: 1e-4, to: 1e-5, exempt: ['batchNorm'] },
      labelSmoothing: 0.1,
      ema: { decay: 0.9995, debias: true },
      gradientClip: null,
      batchNormMomentum: 0.1,
      augmentation: {
        crop: { kind: 'randomResized', scale: [0.08, 1], ratio: [3 / 4, 4 / 3] },
        flip: true,
        autoAugment,
      },
      curriculum,
    },
    overrides,
  )
}

/**
 * The recipe scaled down to Fashion-MNIST's 28 x 28 grey images and minutes of one processor: batch 128, padded crops and
 * flips, an average that forgets faster.
 */
export function fashionMnistRecipe(overrides: RecipeOverrides = {}): Recipe {
  return overrideRecipe(
    {
      ...paperRecipe('s0'),
      name: 'fashion-mnist',
      epochs: 10,
      optimizer: { momentum: 0.9, nesterov: true },
      learningRate: { peak: 0.1, final: 0, warmupEpochs: 0.5, warmupFactor: 1e-3 },
      weightDecay: { from: 1e-4, to: 1e-5, exempt: ['batchNorm', 'bias'] },
      ema: { decay: 0.998, debias: true },
      augmentation: { crop: { kind: 'padded', pixels: 2 }, flip: true, autoAugment: false },
      curriculum: [{ from: 0, size: [28, 28], strength: 1, batchSize: 128 }],
    },
    overrides,
  )
}

/**
 * `recipe` with some values replaced, checked. Another number of epochs alone keeps the shares of the phases, of which one
 * that would have no epoch is left out, and a warm-up of at most a quarter.
 * @throws MobileOneError `invalid-argument` naming the value that makes no sense.
 */
export function overrideRecipe(recipe: Recipe, overrides: RecipeOverrides): Recipe {
  const merged: Record<string, unknown> = { ...recipe }
  for (const [key, value] of Object.entries(overrides)) {
    if (!(key in recipe)) throw invalid(`there is no "${key}"; there are ${Object.keys(recipe).join(', ')}`)
    if (value === undefined) continue
    const old = merged[key]
    merged[key] = isRecord(value) && isRecord(old) ? { ...old, ...value } : value
  }
  const result = merged as unknown as Recipe
  const { epochs } = result
  if (epochs === recipe.epochs || !(epochs > 0)) return checkRecipe(result)
  return checkRecipe({
    ...result,
    ...(overrides.curriculum === undefined && { curriculum: stretch(recipe, epochs) }),
    ...(overrides.learningRate?.warmupEpochs === undefined && {
      learningRate: {
        ...result.learningRate,
        warmupEpochs: Math.min(result.learningRate.warmupEpochs, epochs / 4),
      },
    }),
  })
}

function stretch({ curriculum, epochs: old }: Recipe, epochs: number): readonly Phase[] {
  return curriculum
    .map((phase) => ({ ...phase, from: Math.round((phase.from * epochs) / old) }))
    .filter((phase, index, all) => phase.from < epochs && phase.from !== all[index + 1]?.from)
}

/** @throws MobileOneError `invalid-argument` naming the value that makes no sense. */
export function checkRecipe(recipe: Recipe): Recipe {
  const need = (ok: boolean, what: string): void => {
    if (!ok) throw invalid(what)
  }
  const whole = (value: number): boolean => Number.isSafeInteger(value) && value > 0
  const between = (value: number, low: number, high: number): boolean => value >= low && value <= high
  const { learningRate: rate, weightDecay: decay, ema, curriculum } = recipe
  need(whole(recipe.epochs), `epochs must be a positive integer, not ${recipe.epochs}`)
  need(Number.isSafeInteger(recipe.seed), `seed must be an integer, not ${recipe.seed}`)
  need(between(recipe.optimizer.momentum, 0, 0.9999), 'optimizer.momentum must be in [0, 1)')
  need(rate.peak > 0 && Number.isFinite(rate.peak), 'learningRate.peak must be positive')
  need(between(rate.final, 0, rate.peak), 'learningRate.final must be in [0, peak]')
  need(between(rate.warmupEpochs, 0, recipe.epochs), 'learningRate.warmupEpochs must be in [0, epochs]')
  need(between(rate.warmupFactor, 0, 1), 'learningRate.warmupFactor must be in [0, 1]')
  need(between(decay.from, 0, 1) && between(decay.to, 0, 1), 'weightDecay must be in [0, 1]')
  need(between(recipe.labelSmoothing, 0, 0.9999), 'labelSmoothing must be in [0, 1)')
  need(ema === null || between(ema.decay, 0, 0.999999), 'ema.decay must be in [0, 1)')
  need(recipe.gradientClip === null || recipe.gradientClip > 0, 'gradientClip must be positive or null')
  need(between(recipe.batchNormMomentum, 0, 1), 'batchNormMomentum must be in [0, 1]')
  need(curriculum[0]?.from === 0, 'the first phase of curriculum must be from epoch 0')
  for (const [index, phase] of curriculum.entries()) {
    const place = `curriculum[${index}]`
    need(
      index === 0 || phase.from > (curriculum[index - 1]?.from ?? 0),
      `${place}.from must be after the phase before`,
    )
    need(phase.size.length === 2 && phase.size.every(whole), `${place}.size must be two positive integers`)
    need(between(phase.strength, 0, 1), `${place}.strength must be in [0, 1]`)
    need(whole(phase.batchSize) && phase.batchSize > 1, `${place}.batchSize must be an integer above 1`)
  }
  return recipe
}

/** The phase of the curriculum `epoch` belongs to. */
export function phaseOf(recipe: Recipe, epoch: number): Phase {
  return recipe.curriculum.findLast((phase) => phase.from <= epoch) as Phase
}

/** Learning rate after `epochs` of training, a fraction included. */
export function learningRateAt({ learningRate, epochs: total }: Recipe, epochs: number): number {
  const { peak, final, warmupEpochs, warmupFactor } = learningRate
  if (epochs < warmupEpochs) return peak * (warmupFactor + ((1 - warmupFactor) * epochs) / warmupEpochs)
  return final + (peak - final) * cosine((epochs - warmupEpochs) / Math.max(total - warmupEpochs, 1e-9))
}

/** Weight decay after `epochs` of training: `to + (from - to) (1 + cos(pi t / T)) / 2`. */
export function weightDecayAt({ weightDecay: { from, to }, epochs: total }: Recipe, epochs: number): number {
  return to + (from - to) * cosine(epochs / total)
}

function cosine(part: number): number {
  return 0.5 * (1 + Math.cos(Math.PI * Math.min(1, part)))
}

function invalid(what: string): MobileOneError {
  return new MobileOneError('invalid-argument', `recipe: ${what}`)
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
