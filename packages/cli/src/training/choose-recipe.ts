import { variants } from '@mobileone/core'
import {
  checkRecipe,
  fashionMnistRecipe,
  overrideRecipe,
  paperRecipe,
  type Recipe,
  type RecipeName,
} from '@mobileone/train'
import { readJson } from './read-json.ts'

export interface RecipeFlags {
  readonly dataset?: string | undefined
  readonly recipe?: string | undefined
  readonly variant?: string | undefined
  readonly epochs?: number | undefined
  readonly seed?: number | undefined
  readonly 'batch-size'?: number | undefined
  readonly 'learning-rate'?: number | undefined
  readonly size?: number | undefined
}

/**
 * The recipe the flags name, with what they change.
 * @param unnamed The recipe where they name neither one nor a variant.
 */
export async function chooseRecipe(flags: RecipeFlags, unnamed = 's0'): Promise<Recipe> {
  const named = await readRecipe(
    flags.recipe ?? (flags.dataset === 'fashion-mnist' ? 'fashion-mnist' : (flags.variant ?? unnamed)),
  )
  const { epochs, seed, size, 'batch-size': batchSize, 'learning-rate': peak } = flags
  const timed = overrideRecipe(named, { ...(epochs !== undefined && { epochs }) })
  const sized = size === undefined ? timed : atSize(timed, size)
  return overrideRecipe(sized, {
    ...(batchSize !== undefined && {
      curriculum: sized.curriculum.map((phase) => ({ ...phase, batchSize })),
    }),
    ...(seed !== undefined && { seed }),
    ...(peak !== undefined && {
      learningRate: { peak, final: Math.min(peak, timed.learningRate.final) },
    }),
  })
}

/** `recipe` with its image sizes scaled so that the last one's longer side is `size`. */
export function atSize(recipe: Recipe, size: number): Recipe {
  const scale = size / longestSide(recipe)
  return overrideRecipe(recipe, {
    curriculum: recipe.curriculum.map((phase) => ({
      ...phase,
      size: phase.size.map((side) => Math.max(1, Math.round(side * scale))) as [number, number],
    })),
  })
}

/** The longer side of the last images. */
export function longestSide({ curriculum }: Recipe): number {
  return Math.max(...(curriculum.at(-1)?.size ?? [1]))
}

async function readRecipe(name: string): Promise<Recipe> {
  if (name === 'fashion-mnist') return fashionMnistRecipe()
  if (name === 'small-pictures') return { ...fashionMnistRecipe(), name }
  if (Object.hasOwn(variants, name)) return paperRecipe(name as RecipeName)
  const recipe = await readJson(name, 'recipe')
  // A file may hold a whole recipe, or the changes to a named one.
  const { extends: base, ...rest } = recipe as { extends?: string }
  return base === undefined
    ? checkRecipe(rest as unknown as Recipe)
    : overrideRecipe(await readRecipe(base), rest)
}
