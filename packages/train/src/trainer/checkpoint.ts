import {
  type Checkpoint,
  readCheckpoint,
  toFloat32,
  type WritableTensor,
  writeSafetensors,
} from '@mobileone/checkpoint'
import { formatShape, MobileOneError, type Model, sameShape } from '@mobileone/core'
import { type Layout, type Layouts, layoutsOf, unflatten } from '../gradients/parameter-layout.ts'
import type { Recipe } from '../recipe.ts'
import { startState, type TrainState } from './state.ts'

const stateKey = 'mobileone.training'

interface Position {
  readonly recipe: Recipe
  readonly step: number
  readonly epoch: number
  readonly batch: number
  readonly sums: TrainState['sums']
  readonly history: TrainState['history']
}

/**
 * A run as one safetensors file: tensors `model.<name>`, `momentum.<name>` and `ema.<name>` under the model's own names, the
 * recipe and the position as JSON. Random numbers are functions of seed, epoch and position, so they need no more.
 */
export function toCheckpoint(state: TrainState, layouts: Layouts, recipe: Recipe): Uint8Array {
  const tensors = new Map<string, WritableTensor>()
  for (const [prefix, layout, vector] of sections(state, layouts)) {
    for (const { name, shape, offset, size } of layout.slots)
      tensors.set(`${prefix}.${name}`, { dtype: 'F32', shape, data: vector.subarray(offset, offset + size) })
  }
  const { step, epoch, batch, sums, history } = state
  const position: Position = { recipe, step, epoch, batch, sums, history }
  return writeSafetensors(tensors, { [stateKey]: JSON.stringify(position) })
}

/**
 * The state in a file of {@link toCheckpoint}, for the same model and recipe.
 * @throws MobileOneError `invalid-file` for another file, `invalid-argument` naming what differs in recipe or model.
 */
export async function fromCheckpoint(
  bytes: Uint8Array,
  model: Model,
  layouts: Layouts,
  recipe: Recipe,
): Promise<TrainState> {
  const file = await readCheckpoint(bytes)
  const position = readPosition(file)
  const mismatch = differingKey(position.recipe, recipe)
  if (mismatch !== undefined) {
    throw new MobileOneError(
      'invalid-argument',
      `the checkpoint was made with another recipe: ${mismatch} is ${JSON.stringify(position.recipe[mismatch])} there and ` +
        `${JSON.stringify(recipe[mismatch])} here; resume with the same recipe, or start anew from its weights`,
    )
  }
  const { step, epoch, batch, sums, history } = position
  const state: TrainState = {
    ...startState(model, layouts, recipe),
    step,
    epoch,
    batch,
    sums: { ...sums },
    history,
  }
  const wanted = new Set<string>()
  for (const [prefix, layout, vector] of sections(state, layouts)) {
    for (const { name, shape, offset } of layout.slots) {
      wanted.add(`${prefix}.${name}`)
      const stored = file.tensors.get(`${prefix}.${name}`)
      if (!stored || !sameShape(stored.shape, shape)) {
        throw new MobileOneError(
          'invalid-argument',
          `the checkpoint is of another network: ${prefix}.${name} is ` +
            `${stored ? formatShape(stored.shape) : 'missing'}, expected ${formatShape(shape)}`,
        )
      }
      vector.set(toFloat32(stored), offset)
    }
  }
  const extra = [...file.tensors.keys()].find((name) => !wanted.has(name))
  if (extra !== undefined) {
    throw new MobileOneError(
      'invalid-argument',
      `the checkpoint is of another network: it has ${extra}, which "${model.name}" has not`,
    )
  }
  return state
}

/**
 * Steps taken when a file of {@link toCheckpoint} was written.
 * @throws MobileOneError `invalid-file` for another file.
 */
export async function checkpointStep(bytes: Uint8Array): Promise<number> {
  return readPosition(await readCheckpoint(bytes)).step
}

/**
 * Recipe and position of a run as its checkpoint tells them.
 * @throws MobileOneError `invalid-file` for another file.
 */
export async function readTrainingCheckpoint(
  bytes: Uint8Array,
): Promise<Pick<TrainState, 'step' | 'epoch'> & { readonly recipe: Recipe }> {
  const { recipe, step, epoch } = readPosition(await readCheckpoint(bytes))
  return { recipe, step, epoch }
}

/**
 * `model` with the weights in a file of {@link toCheckpoint}: the moving average where the recipe has one, else the last ones. It
 * tells how good a run is that goes on.
 * @param model The network that was trained; its weights do not matter.
 * @throws MobileOneError `invalid-file` for another file, `invalid-argument` for one of another network.
 */
export async function modelFromTrainingCheckpoint(bytes: Uint8Array, model: Model): Promise<Model> {
  const layouts = layoutsOf(model)
  const { recipe } = await readTrainingCheckpoint(bytes)
  const state = await fromCheckpoint(bytes, model, layouts, recipe)
  const { parameters, statistics } = state.average ?? state
  return unflatten(model, [layouts.parameters, parameters], [layouts.statistics, statistics])
}

function sections(state: TrainState, layouts: Layouts): readonly (readonly [string, Layout, Float32Array])[] {
  return [
    ['model', layouts.parameters, state.parameters],
    ['model', layouts.statistics, state.statistics],
    ['momentum', layouts.parameters, state.velocity],
    ...(state.average
      ? ([
          ['ema', layouts.parameters, state.average.parameters],
          ['ema', layouts.statistics, state.average.statistics],
        ] as const)
      : []),
  ]
}

function readPosition({ metadata }: Checkpoint): Position {
  const text = metadata.get(stateKey)
  const fail = (cause?: unknown): never => {
    throw new MobileOneError(
      'invalid-file',
      text === undefined
        ? `the file is no training checkpoint: it has no "${stateKey}" entry`
        : `the "${stateKey}" entry of the training checkpoint is damaged`,
      { cause },
    )
  }
  if (text === undefined) return fail()
  try {
    const position = JSON.parse(text) as Position
    const counts = [position.step, position.epoch, position.batch, position.sums.images]
    const isSound =
      counts.every((count) => Number.isSafeInteger(count) && count >= 0) &&
      Array.isArray(position.history) &&
      typeof position.recipe === 'object'
    return isSound ? position : fail()
  } catch (cause) {
    return fail(cause)
  }
}

function differingKey(stored: Recipe, recipe: Recipe): keyof Recipe | undefined {
  const keys = new Set([...Object.keys(stored), ...Object.keys(recipe)]) as Set<keyof Recipe>
  return [...keys].find((key) => canonical(stored[key]) !== canonical(recipe[key]))
}

function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, each: unknown) =>
      typeof each === 'object' && each !== null && !Array.isArray(each)
        ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
        : each,
    ) ?? ''
  )
}
