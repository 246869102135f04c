import { freemem } from 'node:os'
import { MobileOneError, type Model } from '@mobileone/core'
import { mostStepBytes, overrideRecipe, type Recipe, stepMemory } from '@mobileone/train'
import { formatCount } from '../terminal.ts'
import { atSize, chooseRecipe, longestSide, type RecipeFlags } from './choose-recipe.ts'

export interface SuitFlags extends RecipeFlags {
  readonly weights?: string | undefined
  readonly network?: string | undefined
}

/** Pictures with sides up to this get the network "small" and its recipe where the flags name none. */
export const smallSide = 64

/**
 * `recipe` at a size that suits pictures of whose shorter sides half are at most `shorterSide`: none is made larger than it
 * is. What the flags or a recipe of the user's own say stays, and starting from trained weights the recipe's size does.
 */
export async function suitSize(flags: SuitFlags, recipe: Recipe, shorterSide: number): Promise<Recipe> {
  if (flags.size !== undefined || flags.weights !== undefined || hasOwnRecipe(recipe, flags)) return recipe
  if (shorterSide >= longestSide(recipe)) return recipe
  const side = shorterSide <= 32 ? shorterSide : Math.floor(shorterSide / 8) * 8
  const isUnnamed = flags.recipe === undefined && flags.variant === undefined
  return atSize(isUnnamed && side <= smallSide ? await chooseRecipe(flags, 'small-pictures') : recipe, side)
}

/** The recipe comes from a file. */
function hasOwnRecipe(recipe: Recipe, flags: SuitFlags): boolean {
  return (
    flags.recipe !== undefined && flags.recipe !== recipe.name && `mobileone-${flags.recipe}` !== recipe.name
  )
}

export interface Room {
  /** Threads that share a batch. */
  readonly workers: number
  readonly backend: 'wasm' | 'cpu'
  /** Bytes of memory that are free. Default: as the system says. */
  readonly free?: number
}

export interface SuitedBatch {
  readonly recipe: Recipe
  /** Of each worker, estimated. */
  readonly bytes: number
  /** What was changed and why, for the user. */
  readonly note?: string
}

/**
 * Batches are made no smaller than this for the number of images, nor a worker's part of them for the number of processors, since
 * the statistics of fewer mislead.
 */
const fewest = 16

/** Estimates of memory are some 15 % off. */
const tolerance = 1.15

/**
 * `recipe` with batches, powers of two, that fit the memory and are no more than an eighth of the images, and the learning
 * rate in proportion (Goyal et al. 2017, section 2.1). What the flags or a recipe of the user's own say stays.
 * @throws MobileOneError `invalid-argument` where such a batch cannot fit.
 */
export function suitBatch(
  flags: SuitFlags,
  recipe: Recipe,
  model: Model,
  examples: number,
  room: Room,
): SuitedBatch {
  if (flags['batch-size'] !== undefined || hasOwnRecipe(recipe, flags)) return keepBatch(recipe, model, room)
  const bytesWith = stepBytes(recipe, model, room.workers)
  const free = room.free ?? process.availableMemory?.() ?? freemem()
  const limit = Math.min(room.backend === 'wasm' ? mostStepBytes : free, (0.6 * free) / room.workers)
  const asked = largestBatch(recipe)
  const forImages = Math.min(asked, powerOfTwo(Math.min(examples, Math.max(fewest, examples / 8))))
  let batch = forImages
  while (batch > 2 && bytesWith(batch) > limit) batch = powerOfTwo(batch - 1)
  if (batch === asked) return keepBatch(recipe, model, room)

  const rate = recipe.learningRate
  const isRated = flags['learning-rate'] !== undefined
  const peak = isRated ? rate.peak : Number(((rate.peak * batch) / asked).toPrecision(3))
  const smaller = overrideRecipe(recipe, {
    curriculum: recipe.curriculum.map((phase) => ({ ...phase, batchSize: Math.min(phase.batchSize, batch) })),
    learningRate: { peak, final: Math.min(peak, rate.final) },
  })
  const why = batch < forImages ? 'to fit the memory' : `for ${formatCount(examples)} images`
  const rated = isRated ? '' : `, and so a learning rate of ${peak} rather than ${rate.peak}`
  return {
    ...keepBatch(smaller, model, room),
    note: `batches of ${batch} rather than ${asked} ${why}${rated}`,
  }
}

/** `recipe` as it is. @throws MobileOneError `invalid-argument` where its batches cannot fit. */
export function keepBatch(recipe: Recipe, model: Model, { workers, backend }: Room): SuitedBatch {
  const batch = largestBatch(recipe)
  const bytes = stepBytes(recipe, model, workers)(batch)
  if (backend === 'wasm' && bytes > tolerance * 2 ** 32) throw tooLarge(recipe, batch, bytes, workers)
  return { recipe, bytes }
}

/** Threads, at most `most`, that suit the batches of `recipe`: as many as leave each part of one with images enough. */
export function suitWorkers(recipe: Recipe, most: number): number {
  return Math.min(most, Math.max(1, Math.floor(smallestBatch(recipe) / fewest)))
}

/** What the user should know of the parts that `workers` have of the batches of `recipe`, where they are small. */
export function noteOnParts(recipe: Recipe, workers: number): string | undefined {
  const images = Math.floor(smallestBatch(recipe) / workers)
  if (images >= fewest) return undefined
  const remedy = workers > 1 ? 'a larger --batch-size or fewer --workers help' : 'a larger --batch-size helps'
  return `each worker normalises by ${images} images, and the statistics of fewer than ${fewest} mislead: ${remedy}`
}

function smallestBatch({ curriculum }: Recipe): number {
  return Math.min(...curriculum.map(({ batchSize }) => batchSize))
}

function largestBatch({ curriculum }: Recipe): number {
  return Math.max(...curriculum.map(({ batchSize }) => batchSize))
}

/** The most bytes a step of `recipe` takes in each worker, its batches cut down to `most`. */
function stepBytes(recipe: Recipe, model: Model, workers: number): (most: number) => number {
  const phases = recipe.curriculum.map(({ size, batchSize }) => ({ batchSize, ...stepMemory(model, size) }))
  return (most) =>
    Math.max(
      ...phases.map(
        ({ batchSize, fixedBytes, bytesPerImage }) =>
          fixedBytes + Math.ceil(Math.min(batchSize, most) / workers) * bytesPerImage,
      ),
    )
}

/** `recipe` with the batches of the run it goes on with, which were suited to the memory then. */
export function suitedBefore(flags: SuitFlags, recipe: Recipe, stored: Recipe): Recipe {
  const isSuited =
    flags['batch-size'] === undefined &&
    !hasOwnRecipe(recipe, flags) &&
    stored.name === recipe.name &&
    stored.curriculum.length === recipe.curriculum.length &&
    stored.curriculum.some(({ batchSize }, index) => batchSize !== recipe.curriculum[index]?.batchSize)
  if (!isSuited) return recipe
  const { peak, final } = stored.learningRate
  return overrideRecipe(recipe, {
    curriculum: recipe.curriculum.map((phase, index) => ({
      ...phase,
      batchSize: stored.curriculum[index]?.batchSize ?? phase.batchSize,
    })),
    ...(flags['learning-rate'] === undefined && { learningRate: { peak, final } }),
  })
}

function powerOfTwo(most: number): number {
  return 2 ** Math.max(1, Math.floor(Math.log2(most)))
}

function tooLarge(recipe: Recipe, batch: number, bytes: number, workers: number): MobileOneError {
  const [height, width] = recipe.curriculum.at(-1)?.size ?? []
  return new MobileOneError(
    'invalid-argument',
    `batches of ${batch} images of ${height} x ${width} take some ${(bytes / 2 ** 30).toFixed(1)} GiB in ` +
      `${workers === 1 ? 'the one worker' : `each of ${workers} workers`}, and tfjs's wasm memory ends at 4 GiB: use a smaller ` +
      '--batch-size or --size, or more --workers',
  )
}
