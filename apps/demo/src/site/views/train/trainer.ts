import {
  type Backend,
  type Model,
  pause,
  profile,
  reparameterize,
  type Tensor,
  withCard,
} from '@mobileone/core'
import {
  type BatchSource,
  batchSource,
  modelFromTrainingCheckpoint,
  type Recipe,
  type Tfjs,
  train,
} from '@mobileone/train'
import { compareForms, type FoldReport } from './compare-forms.ts'
import { datasetOf, preprocessOf } from './dataset-of.ts'
import { accuracyOf, type Guess, guessesOf, heldTensor, logitsOf } from './held-out.ts'
import { type NetworkForm, networkOf } from './network-forms.ts'
import { type PreparedData, samplesOf } from './prepared-data.ts'
import { recipeOf } from './recipe-of.ts'
import type { Settings } from './settings.ts'

/** Everything a run depends on. */
export interface Job {
  readonly data: PreparedData
  readonly settings: Settings
  readonly form: NetworkForm
}

export type RunEvent =
  | {
      readonly type: 'step'
      readonly step: number
      readonly epoch: number
      readonly loss: number
      readonly imagesPerSecond: number
    }
  | {
      /** The averaged weights of now, folded, on the held-out pictures. */
      readonly type: 'check'
      readonly step: number
      readonly accuracy: number
      /** Of the pictures that `samplesOf` names. */
      readonly guesses: readonly Guess[]
    }

/** What folding gave, and the files of both forms. */
export interface Folded {
  readonly report: FoldReport
  readonly trained: Model
  readonly folded: Model
}

/** One network that learns. `run` and `pause` in turns; each run goes on where the one before was paused. */
export class Trainer {
  readonly network: { readonly params: number; readonly nodes: number }
  readonly #job: Job
  readonly #model: Model
  readonly #recipe: Recipe
  readonly #data: BatchSource
  readonly #held: Tensor
  readonly #lib: Tfjs
  readonly #backend: Backend
  #checkpoint: Uint8Array | undefined
  #step = 0
  #stop = new AbortController()

  constructor(job: Job, lib: Tfjs, backend: Backend) {
    this.#job = job
    this.#lib = lib
    this.#backend = backend
    this.#model = networkOf(job.form, job.settings, job.data)
    this.#recipe = recipeOf(job.settings, job.data)
    this.#held = heldTensor(job.data)
    this.network = { params: profile(this.#model).params, nodes: this.#model.nodes.length }
    const source = batchSource(datasetOf(job.data.train, job.data), {
      preprocess: preprocessOf(job.data),
      augmentation: this.#recipe.augmentation,
    })
    this.#data = { ...source, batches: (request) => letEventsIn(source.batches(request)) }
  }

  /** The run as it stands, to go on from: bytes of a file of `@mobileone/train`. */
  get checkpoint(): Uint8Array | undefined {
    return this.#checkpoint
  }

  /** @throws MobileOneError `wrong-result` where the loss is no number any more, `unavailable` where memory ends. */
  async run(onEvent: (event: RunEvent) => void): Promise<'done' | 'paused'> {
    this.#stop = new AbortController()
    const { batchSize, epochs } = this.#job.settings
    const inEpoch = Math.floor(this.#job.data.train.count / batchSize)
    if (this.#step === 0) await this.#check(this.#model, onEvent)
    if (this.#step === epochs * inEpoch) return 'done'
    try {
      await train(this.#model, {
        lib: this.#lib,
        recipe: this.#recipe,
        data: this.#data,
        signal: this.#stop.signal,
        saveEvery: Math.ceil(inEpoch / 2),
        ...(this.#checkpoint && { resume: this.#checkpoint }),
        save: async (bytes) => {
          this.#checkpoint = bytes
          await this.#check(await modelFromTrainingCheckpoint(bytes, this.#model), onEvent)
        },
        onEvent: (event) => {
          if (event.type !== 'step') return
          const { step, epoch, loss, imagesPerSecond } = event
          this.#step = step
          onEvent({ type: 'step', step, epoch, loss, imagesPerSecond })
        },
      })
      return 'done'
    } catch (error) {
      if (this.#stop.signal.aborted && (error as { code?: string }).code === 'aborted') return 'paused'
      throw error
    }
  }

  /** End the run under way after its step. */
  pause(): void {
    this.#stop.abort()
  }

  /** Fold what has been learned so far and measure both forms. */
  async fold(): Promise<Folded> {
    const { data } = this.#job
    const learned = this.#checkpoint
      ? await modelFromTrainingCheckpoint(this.#checkpoint, this.#model)
      : this.#model
    const { report, folded } = await compareForms(learned, this.#held, data.held.classes, this.#backend)
    const described = (model: Model): Model =>
      withCard(model, {
        labels: data.labels,
        preprocess: preprocessOf(data),
        training: { recipe: this.#recipe, steps: this.#step, validationTop1: report.trained.accuracy },
      })
    return { report, trained: described(learned), folded: described(folded) }
  }

  async #check(model: Model, onEvent: (event: RunEvent) => void): Promise<void> {
    const { data } = this.#job
    const guesses = guessesOf(await logitsOf(reparameterize(model), this.#held, this.#backend))
    onEvent({
      type: 'check',
      step: this.#step,
      accuracy: accuracyOf(guesses, data.held.classes),
      guesses: samplesOf(data).map((index) => guesses[index] as Guess),
    })
  }
}

/** Nothing in a step waits for the event loop, which alone brings a request to pause. */
async function* letEventsIn<Value>(values: AsyncIterable<Value>): AsyncGenerator<Value> {
  for await (const value of values) {
    yield value
    await pause()
  }
}
