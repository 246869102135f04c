import { tfjs } from '@mobileone/backend-tfjs'
import {
  type Backend,
  classCount,
  MobileOneError,
  type Model,
  throwIfAborted,
  withCard,
} from '@mobileone/core'
import type { Tfjs } from '@mobileone/tfjs-wasm-gradients'
import type { BatchSource } from '../data/batch.ts'
import { createNetwork, type Network } from '../gradients/loss-gradients.ts'
import { unflatten } from '../gradients/parameter-layout.ts'
import { checkRecipe, learningRateAt, phaseOf, type Recipe, weightDecayAt } from '../recipe.ts'
import { fromCheckpoint, toCheckpoint } from './checkpoint.ts'
import { type Engine, localEngine } from './engine.ts'
import { evaluate } from './evaluate.ts'
import { averageDecay, clip, descend, follow } from './optimizer.ts'
import { type EpochRecord, startState, type TrainState, type Vectors } from './state.ts'
import { timeLeft } from './time-left.ts'

/** What happens during a run, as it happens. */
export type TrainEvent =
  | {
      readonly type: 'step'
      /** Steps taken, and in all. */
      readonly step: number
      readonly steps: number
      /** From 1. */
      readonly epoch: number
      readonly loss: number
      /** Fraction of this batch that was right. */
      readonly top1: number
      readonly gradientNorm: number
      readonly learningRate: number
      readonly weightDecay: number
      readonly imagesPerSecond: number
      /** Until the run ends, as far as its steps foretell. */
      readonly secondsLeft: number
    }
  | ({ readonly type: 'epoch'; readonly epochs: number } & EpochRecord)
  | { readonly type: 'saved'; readonly step: number; readonly bytes: number }

/** What `train` needs: the recipe, the pictures, TensorFlow.js, and where checkpoints and news go. */
export interface TrainOptions {
  /** `@tensorflow/tfjs-core` with a backend imported and selected, or `@tensorflow/tfjs`. */
  readonly lib: Tfjs
  readonly recipe: Recipe
  readonly data: BatchSource
  /** Measured after each epoch, on the averaged weights. */
  readonly validation?: BatchSource
  /** Runs the validation. Default: TensorFlow.js, as it is set up. */
  readonly backend?: Backend
  /** Computes the gradients. Default: this thread. */
  readonly engine?: Engine
  /** A checkpoint to go on from. */
  readonly resume?: Uint8Array
  /**
   * Keeps a checkpoint: after each epoch, every `saveEvery` steps, and of the steps taken since when the run is aborted or fails;
   * one that diverges keeps the last checkpoint.
   */
  readonly save?: (checkpoint: Uint8Array) => Promise<void>
  readonly saveEvery?: number
  /** Ends the run after the step under way, saved if there is `save`. */
  readonly signal?: AbortSignal | undefined
  readonly onEvent?: (event: TrainEvent) => void
}

/** What training made. */
export interface TrainResult {
  /** Train form: the moving average where the recipe has one, else the last weights. The card says how it was made. */
  readonly model: Model
  /** The last weights as they are. */
  readonly last: Model
  readonly history: readonly EpochRecord[]
  readonly steps: number
}

/**
 * Train `model`, a train-form model with the weights to start from, on `data` as `recipe` says.
 *
 * On one backend of TensorFlow.js the result depends on its arguments alone, bit for bit, and a resumed run ends as an
 * unbroken one would have.
 * @throws MobileOneError `aborted`; `wrong-result` when the loss is no number any more; `invalid-argument` for data or a
 * checkpoint that do not fit.
 */
export async function train(model: Model, options: TrainOptions): Promise<TrainResult> {
  const { lib, data, save, signal, onEvent } = options
  const recipe = checkRecipe(options.recipe)
  await lib.ready()
  const network = createNetwork(lib, model)
  checkData(model, network, data)
  const { layouts } = network
  const engine = options.engine ?? localEngine(network)
  const state = options.resume
    ? await fromCheckpoint(options.resume, model, layouts, recipe)
    : startState(model, layouts, recipe)
  const steps = countSteps(recipe, data.examples)
  const asModel = (vectors: Vectors): Model =>
    describe(
      unflatten(model, [layouts.parameters, vectors.parameters], [layouts.statistics, vectors.statistics]),
      data,
      recipe,
      state.history,
    )
  const left = timeLeft(recipe, data.examples)
  let kept = state.step
  const keep = async (): Promise<void> => {
    if (!save) return
    kept = state.step
    const bytes = toCheckpoint(state, layouts, recipe)
    await save(bytes)
    onEvent?.({ type: 'saved', step: state.step, bytes: bytes.length })
  }
  /** Keep what was done before `error`, unless that shows it to be of no use. */
  const ended = async (error: unknown): Promise<unknown> => {
    const { code } = error as { code?: string }
    if (state.step > kept && code !== 'wrong-result') await keep()
    if (!signal?.aborted || code !== 'aborted') return error
    return new MobileOneError('aborted', `training was aborted after step ${state.step} of ${steps}`, {
      cause: signal.reason,
    })
  }

  while (state.epoch < recipe.epochs) {
    const phase = phaseOf(recipe, state.epoch)
    const inEpoch = stepsOf(data.examples, phase.batchSize)
    const batches = data.batches({
      epoch: state.epoch,
      seed: recipe.seed,
      batchSize: phase.batchSize,
      size: phase.size,
      strength: phase.strength,
      skip: state.batch,
      signal,
    })
    const iterator = batches[Symbol.asyncIterator]()
    try {
      while (state.batch < inEpoch) {
        throwIfAborted(signal, 'training')
        const started = performance.now()
        const next = await iterator.next()
        if (next.done) throw tooFew(data, state, inEpoch)
        const made = await step(
          engine,
          recipe,
          layouts,
          state,
          next.value,
          state.epoch + state.batch / inEpoch,
        )
        const seconds = (performance.now() - started) / 1000
        const count = next.value.labels.length
        const { sums } = state
        state.sums = {
          loss: sums.loss + made.loss,
          correct: sums.correct + made.correct,
          images: sums.images + count,
          seconds: sums.seconds + seconds,
        }
        left.stepTook(state.epoch, count, seconds)
        state.batch++
        onEvent?.({
          type: 'step',
          step: state.step,
          steps,
          epoch: state.epoch + 1,
          loss: made.loss,
          top1: made.correct / count,
          gradientNorm: made.norm,
          learningRate: made.rate,
          weightDecay: made.decay,
          imagesPerSecond: count / seconds,
          secondsLeft: left.seconds(state.epoch, state.batch) ?? 0,
        })
        if (options.saveEvery !== undefined && state.step % options.saveEvery === 0 && state.batch < inEpoch)
          await keep()
      }
    } catch (error) {
      throw await ended(error)
    } finally {
      await iterator.return?.()
    }
    const closing = performance.now()
    const record = await closeEpoch(state, recipe, inEpoch, async () => {
      if (!options.validation) return undefined
      const backend = options.backend ?? tfjs({ lib })
      const average = asModel(state.average ?? state)
      return (await evaluate(average, options.validation, { backend, signal })).top1
    }).catch(async (error: unknown): Promise<never> => {
      throw await ended(error)
    })
    await keep()
    left.epochTook((performance.now() - closing) / 1000)
    onEvent?.({ type: 'epoch', epochs: recipe.epochs, ...record })
  }
  return {
    model: asModel(state.average ?? state),
    last: asModel(state),
    history: state.history,
    steps: state.step,
  }
}

interface StepResult {
  readonly loss: number
  readonly correct: number
  readonly norm: number
  readonly rate: number
  readonly decay: number
}

async function step(
  engine: Engine,
  recipe: Recipe,
  layouts: Network['layouts'],
  state: TrainState,
  batch: Parameters<Engine['gradients']>[1],
  epochs: number,
): Promise<StepResult> {
  const { loss, correct, gradients, statistics } = await engine.gradients(
    state.parameters,
    batch,
    recipe.labelSmoothing,
  )
  const norm = clip(gradients, recipe.gradientClip)
  if (!Number.isFinite(loss) || !Number.isFinite(norm)) {
    throw new MobileOneError(
      'wrong-result',
      `training diverged at step ${state.step + 1} (epoch ${state.epoch + 1}): the loss is ${loss}, the gradient's norm ${norm}; ` +
        'lower learningRate.peak, warm up longer or set gradientClip',
    )
  }
  const rate = learningRateAt(recipe, epochs)
  const decay = weightDecayAt(recipe, epochs)
  descend(state.parameters, state.velocity, gradients, layouts, recipe, { rate, weightDecay: decay })
  follow(state.statistics, statistics, recipe.batchNormMomentum)
  if (state.average && recipe.ema) {
    const weight = 1 - averageDecay(recipe.ema, state.step)
    follow(state.average.parameters, state.parameters, weight)
    follow(state.average.statistics, state.statistics, weight)
  }
  state.step++
  return { loss, correct, norm, rate, decay }
}

async function closeEpoch(
  state: TrainState,
  recipe: Recipe,
  batches: number,
  validate: () => Promise<number | undefined>,
): Promise<EpochRecord> {
  const top1 = await validate()
  const { sums } = state
  const record: EpochRecord = {
    epoch: state.epoch + 1,
    loss: sums.loss / batches,
    trainTop1: sums.correct / sums.images,
    ...(top1 !== undefined && { top1 }),
    learningRate: learningRateAt(recipe, state.epoch + 1 - 1 / batches),
    seconds: sums.seconds,
  }
  state.history = [...state.history, record]
  state.epoch++
  state.batch = 0
  state.sums = { loss: 0, correct: 0, images: 0, seconds: 0 }
  return record
}

/** Steps of the whole run. */
function countSteps(recipe: Recipe, examples: number): number {
  let steps = 0
  for (let epoch = 0; epoch < recipe.epochs; epoch++)
    steps += stepsOf(examples, phaseOf(recipe, epoch).batchSize)
  return steps
}

/** Full batches of an epoch. @throws MobileOneError `invalid-argument` when there is none. */
function stepsOf(examples: number, batchSize: number): number {
  const steps = Math.floor(examples / batchSize)
  if (steps === 0) {
    throw new MobileOneError(
      'invalid-argument',
      `${examples} examples do not fill one batch of ${batchSize}; lower the batch size in the recipe's curriculum`,
    )
  }
  return steps
}

function checkData(model: Model, { layouts }: Network, data: BatchSource): void {
  const [, channels] = Object.values(model.inputs)[0]?.shape ?? []
  const invalid = (what: string): MobileOneError => new MobileOneError('invalid-argument', what)
  if (channels !== data.channels)
    throw invalid(`model "${model.name}" reads images of ${channels} channels, the data has ${data.channels}`)
  const classes = classCount(model)
  if (classes !== undefined && classes !== data.labels.length)
    throw invalid(`model "${model.name}" has ${classes} classes, the data has ${data.labels.length}`)
  if (layouts.statistics.size === 0) {
    throw invalid(
      `model "${model.name}" has no batch normalisation: it is in deploy form; train the train form and fold the result`,
    )
  }
}

function tooFew(data: BatchSource, { epoch, batch }: TrainState, wanted: number): MobileOneError {
  return new MobileOneError(
    'invalid-input',
    `the data ended after ${batch} batches of epoch ${epoch + 1}; ${data.examples} examples make ${wanted}`,
  )
}

function describe(model: Model, data: BatchSource, recipe: Recipe, history: readonly EpochRecord[]): Model {
  const top1 = history.at(-1)?.top1
  return withCard(model, {
    labels: data.labels,
    preprocess: data.preprocess,
    training: {
      recipe,
      epochs: history.length,
      ...(top1 !== undefined && { validationTop1: top1 }),
    },
  })
}
