import { MobileOneError } from '@mobileone/core'
import { type Dataset, view } from './dataset.ts'
import { deriveSeed, shuffle } from './seeds.ts'

/** How many examples the first part gets, in number or as a share; equal seeds deal alike. */
export type SplitOptions = {
  readonly seed: number
  /** The same share of every class, to a whole example. False by default. */
  readonly balanced?: boolean
} & (
  | { readonly fraction: number; readonly count?: never }
  | { readonly count: number; readonly fraction?: never }
)

/**
 * Two data sets that share no example: the first has `count` examples or that `fraction` of all, chosen by `seed`. Both
 * keep the order of `dataset`.
 * @throws MobileOneError `invalid-argument` when a part would be empty.
 */
export function split(dataset: Dataset, options: SplitOptions): [first: Dataset, second: Dataset] {
  const count = options.count ?? Math.round(options.fraction * dataset.size)
  if (!Number.isSafeInteger(count) || count < 1 || count >= dataset.size) {
    throw new MobileOneError(
      'invalid-argument',
      `split: ${count} of ${dataset.size} examples leave one part empty; choose a fraction between 0 and 1 or a count between 1 and ${dataset.size - 1}`,
    )
  }
  const isFirst = new Uint8Array(dataset.size)
  const choose = (indices: Uint32Array, number: number, seed: number): void => {
    for (const index of shuffle(indices, seed).subarray(0, number)) isFirst[index] = 1
  }
  if (options.balanced) {
    const classes = indicesByClass(dataset)
    const shares = apportion(
      count,
      classes.map(({ length }) => length),
    )
    for (const [label, indices] of classes.entries()) {
      choose(indices, shares[label]!, deriveSeed(options.seed, label))
    }
  } else choose(range(dataset.size), count, deriveSeed(options.seed))
  const part = (wanted: number): Dataset =>
    view(
      dataset,
      range(dataset.size).filter((index) => isFirst[index] === wanted),
    )
  return [part(1), part(0)]
}

/** How many examples of each class there shall be; equal seeds choose equal ones. */
export interface BalanceOptions {
  readonly seed: number
  /** Examples of each class; as many as the largest class has by default. */
  readonly perClass?: number
}

/**
 * Every class equally often: examples of a class are repeated as often as fits, and the rest is chosen by `seed`. Repeated
 * examples are augmented differently, since augmentation goes by position.
 * @throws MobileOneError `invalid-input` naming a class without examples.
 */
export function balance(dataset: Dataset, options: BalanceOptions): Dataset {
  const classes = indicesByClass(dataset)
  refuseEmptyClass(dataset, classes, 'balance')
  const perClass = options.perClass ?? classes.reduce((most, { length }) => Math.max(most, length), 0)
  checkCount('balance', perClass)
  const indices = new Uint32Array(perClass * classes.length)
  for (const [label, own] of classes.entries()) {
    const chosen = shuffle(own, deriveSeed(options.seed, label))
    for (let i = 0; i < perClass; i++) indices[label * perClass + i] = chosen[i % chosen.length]!
  }
  return view(dataset, indices.sort())
}

/** Which examples to keep: so many of each class, drawn by `seed`, or those of the given indices. */
export type SubsetOptions =
  | {
      /** Examples of each class. */
      readonly perClass: number
      readonly seed: number
      readonly indices?: never
    }
  | { readonly indices: ArrayLike<number>; readonly perClass?: never; readonly seed?: never }

/**
 * Some of the examples: those at `indices`, or `perClass` of each class chosen by `seed`, in the order of `dataset`.
 * @throws MobileOneError `invalid-argument` naming an index out of range or a class with too few examples.
 */
export function subset(dataset: Dataset, options: SubsetOptions): Dataset {
  if (options.indices !== undefined) {
    const indices = Array.from(options.indices)
    for (const index of indices) {
      if (Number.isInteger(index) && index >= 0 && index < dataset.size) continue
      throw new MobileOneError(
        'invalid-argument',
        `subset: there is no example ${index}; they go from 0 to ${dataset.size - 1}`,
      )
    }
    if (indices.length === 0) throw new MobileOneError('invalid-argument', 'subset: there are no indices')
    return view(dataset, indices)
  }
  const { perClass, seed } = options
  checkCount('subset', perClass)
  const chosen = indicesByClass(dataset).map((indices, label) => {
    if (indices.length < perClass) {
      throw new MobileOneError(
        'invalid-argument',
        `subset: the class "${dataset.labels[label]}" has ${indices.length} examples, fewer than the ${perClass} asked for`,
      )
    }
    return shuffle(indices, deriveSeed(seed, label)).subarray(0, perClass)
  })
  return view(dataset, Uint32Array.from(chosen.flatMap((indices) => [...indices])).sort())
}

/** Indices of the examples of each class, ascending. */
function indicesByClass(dataset: Dataset): Uint32Array[] {
  const classes: number[][] = dataset.labels.map(() => [])
  for (let index = 0; index < dataset.size; index++) {
    const label = dataset.label(index)
    const own = classes[label]
    if (!own) {
      throw new MobileOneError(
        'invalid-input',
        `example ${index} has class ${label}, but there are ${dataset.labels.length} labels`,
      )
    }
    own.push(index)
  }
  return classes.map((indices) => Uint32Array.from(indices))
}

/** `count` divided in proportion to `sizes` by largest remainder, so that the parts add up to it. */
function apportion(count: number, sizes: readonly number[]): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const exact = sizes.map((size) => (size * count) / total)
  const parts = exact.map(Math.floor)
  let left = count - parts.reduce((sum, part) => sum + part, 0)
  const byRemainder = [...sizes.keys()].sort(
    (a, b) => exact[b]! - parts[b]! - (exact[a]! - parts[a]!) || a - b,
  )
  for (const label of byRemainder) {
    if (left-- <= 0) break
    parts[label]!++
  }
  return parts
}

function range(length: number): Uint32Array {
  return Uint32Array.from({ length }, (_, index) => index)
}

function checkCount(where: string, perClass: number): void {
  if (!Number.isSafeInteger(perClass) || perClass < 1) {
    throw new MobileOneError(
      'invalid-argument',
      `${where}: perClass must be a positive integer, not ${perClass}`,
    )
  }
}

function refuseEmptyClass(dataset: Dataset, classes: readonly Uint32Array[], where: string): void {
  const empty = classes.findIndex(({ length }) => length === 0)
  if (empty >= 0) {
    throw new MobileOneError(
      'invalid-input',
      `${where}: the class "${dataset.labels[empty]}" has no examples; add some, or leave it out of the labels`,
    )
  }
}
