import { MobileOneError } from '@mobileone/core'
import { type ReadonlySignal, signal } from '@preact/signals'
import { proxy, type Remote, wrap } from 'comlink'
import '@mobileone/site-kit/comlink-errors'
import type { Result, TrainingApi } from '../../workers/training-worker.ts'
import type { Guess } from './held-out.ts'
import type { NetworkForm } from './network-forms.ts'
import { type Point, Series } from './series.ts'
import { stepsOf } from './settings.ts'
import type { Job, RunEvent } from './trainer.ts'

/** How a run stands, for the page to show. */
export interface RunState {
  readonly status: 'starting' | 'running' | 'pausing' | 'paused' | 'done' | 'failed' | 'stopped'
  readonly step: number
  /** From 1. */
  readonly epoch: number
  readonly losses: readonly Point[]
  /** On the held-out pictures, of 1. */
  readonly accuracies: readonly Point[]
  readonly imagesPerSecond: number | undefined
  readonly secondsLeft: number | undefined
  /** Of the sample pictures. */
  readonly guesses: readonly Guess[]
  readonly network: { readonly params: number; readonly nodes: number } | undefined
  readonly isFolding: boolean
  /** Of the last fold, and the step it was made at. */
  readonly result: (Result & { readonly step: number }) | undefined
  readonly error: { readonly code: string; readonly message: string } | undefined
}

const fresh: RunState = {
  status: 'starting',
  step: 0,
  epoch: 1,
  losses: [],
  accuracies: [],
  imagesPerSecond: undefined,
  secondsLeft: undefined,
  guesses: [],
  network: undefined,
  isFolding: false,
  result: undefined,
  error: undefined,
}

/** Milliseconds between two states that tell of steps alone. */
const publishEvery = 200

/** One network that learns in a worker of its own. */
export class TrainingRun {
  readonly form: NetworkForm
  readonly steps: number
  readonly state: ReadonlySignal<RunState>
  readonly #state = signal(fresh)
  readonly #job: Job
  readonly #losses = new Series()
  readonly #accuracies = new Series()
  #worker: Worker | undefined
  #api: Remote<TrainingApi> | undefined
  #died: Promise<never> | undefined
  #pending: Partial<RunState> = {}
  #timer: ReturnType<typeof setTimeout> | undefined
  #isHeld = false
  /** When the run began or went on, and at which step. */
  #since = { time: 0, step: 0 }

  constructor(job: Job) {
    this.form = job.form
    this.#job = job
    this.steps = stepsOf(job.settings, job.data)
    this.state = this.#state
  }

  async start(): Promise<void> {
    const worker = new Worker(new URL('../../workers/training-worker.ts', import.meta.url), {
      type: 'module',
      name: `training-${this.form}`,
    })
    this.#worker = worker
    this.#api = wrap<TrainingApi>(worker)
    this.#died = new Promise((_, reject) => {
      worker.onerror = (event) => {
        event.preventDefault()
        reject(
          new MobileOneError(
            'unavailable',
            `the worker that trains has ended (${event.message || 'its file could not be loaded'}); close other tabs if memory is short, reload the page, and start again`,
          ),
        )
      }
    })
    this.#died.catch(() => {})
    try {
      this.#set({ network: await this.#alive(this.#api.open(this.#job)) })
    } catch (error) {
      this.#fail(error)
      return
    }
    await this.#learn()
  }

  /** After the step under way. */
  async pause(): Promise<void> {
    this.#isHeld = true
    if (this.#state.peek().status !== 'running') return
    this.#set({ status: 'pausing' })
    await this.#api?.pause()
  }

  async resume(): Promise<void> {
    this.#isHeld = false
    if (this.#state.peek().status === 'paused') await this.#learn()
  }

  /** End the worker, and with it what was learned; what was shown stays. */
  stop(): void {
    this.#end()
    const { status } = this.#state.peek()
    if (status !== 'done' && status !== 'failed') this.#set({ status: 'stopped' })
  }

  /** Fold what was learned so far and measure both forms. A run that is done needs its worker no more. */
  async fold(): Promise<void> {
    const { status, isFolding } = this.#state.peek()
    if (!this.#api || isFolding || (status !== 'paused' && status !== 'done')) return
    this.#set({ isFolding: true })
    try {
      const result = await this.#alive(this.#api.fold())
      this.#set({ result: { ...result, step: this.#state.peek().step }, isFolding: false })
      if (status === 'done') this.#end()
    } catch (error) {
      this.#fail(error)
    }
  }

  async #learn(): Promise<void> {
    if (this.#isHeld) {
      this.#set({ status: 'paused' })
      return
    }
    this.#set({ status: 'running' })
    this.#since = { time: 0, step: 0 }
    const onEvent = proxy((event: RunEvent) => this.#hear(event))
    try {
      const ended = await this.#alive((this.#api as Remote<TrainingApi>).run(onEvent))
      this.#set({ status: ended, secondsLeft: ended === 'done' ? 0 : this.#state.peek().secondsLeft })
    } catch (error) {
      this.#fail(error)
    }
  }

  #hear(event: RunEvent): void {
    if (!this.#worker) return
    switch (event.type) {
      case 'step': {
        const { step, epoch, loss } = event
        const now = performance.now()
        this.#losses.add(step, loss)
        if (this.#since.time === 0) this.#since = { time: now, step }
        const { time, step: first } = this.#since
        const perStep = step > first ? (now - time) / 1000 / (step - first) : undefined
        const { batchSize } = this.#job.settings
        this.#pending = {
          ...this.#pending,
          step,
          epoch,
          losses: this.#losses.points(),
          imagesPerSecond: perStep === undefined ? event.imagesPerSecond : batchSize / perStep,
          secondsLeft: perStep === undefined ? undefined : perStep * (this.steps - step),
        }
        break
      }
      case 'check':
        this.#accuracies.add(event.step, event.accuracy)
        this.#pending = {
          ...this.#pending,
          accuracies: this.#accuracies.points(),
          guesses: event.guesses,
        }
        break
      default:
        event satisfies never
    }
    this.#timer ??= setTimeout(() => this.#set({}), publishEvery)
  }

  #set(changes: Partial<RunState>): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#state.value = { ...this.#state.peek(), ...this.#pending, ...changes }
    this.#pending = {}
  }

  #alive<Value>(call: Promise<Value>): Promise<Value> {
    return Promise.race([call, this.#died as Promise<never>])
  }

  #fail(error: unknown): void {
    if (!this.#worker) return
    this.#end()
    const { code = 'unknown', message } = error as MobileOneError
    this.#set({ status: 'failed', isFolding: false, error: { code, message } })
  }

  #end(): void {
    this.#worker?.terminate()
    this.#worker = this.#api = undefined
  }
}
