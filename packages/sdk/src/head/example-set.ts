import { MobileOneError, throwIfAborted } from '@mobileone/core'
import type { ImageSource } from '@mobileone/vision'
import type { Classifier } from '../classifier.ts'
import type { PictureOptions } from '../run-options.ts'
import type { Backbone } from './backbone.ts'
import { checkEmbedding, refuseUnitLength } from './embeddings.ts'
import type { Example } from './example.ts'
import { type FitOptions, fitExamples } from './fit-examples.ts'
import type { Head } from './head.ts'
import { writeExamples } from './write-examples.ts'

/** What examples are embedded with: a classifier on any thread. */
export type Embedder = Pick<Classifier, 'backbone' | 'embed'>

/** How much a set of examples may hold. */
export interface ExampleSetOptions {
  /** Most bytes of embeddings to hold, those that `undo` can bring back included. Default 64 MiB: 16,384 examples of S0. */
  readonly maxBytes?: number | undefined
}

/** Examples in the order in which they were added, and labels in class order. */
interface State {
  readonly labels: readonly string[]
  readonly examples: readonly Example[]
}

interface Step {
  readonly before: State
  /** Embeddings that only `before` holds. */
  readonly removed: number
}

const defaultMaxBytes = 2 ** 26
/** Changes that can be taken back. */
const undoSteps = 50

/**
 * Labelled examples that grow and change while an application is used, kept as embeddings: 4 bytes a feature, 4 kB each on S0. A
 * head is fitted to them as often as one likes; no picture goes through the network twice.
 */
export class ExampleSet {
  readonly backbone: Backbone
  readonly #embedder: Embedder
  readonly #maxBytes: number
  #state: State = { labels: [], examples: [] }
  #history: Step[] = []
  #nextId = 0
  #head: Head | undefined
  #changed = signalOnce()

  /** @throws MobileOneError `unsupported` for a classifier without embeddings. */
  constructor(classifier: Embedder, options: ExampleSetOptions = {}) {
    const { backbone } = classifier
    if (!backbone) {
      throw new MobileOneError(
        'unsupported',
        'the model of this classifier does not end in a linear layer, so it has no embedding to learn from',
      )
    }
    this.backbone = backbone
    this.#embedder = classifier
    this.#maxBytes = options.maxBytes ?? defaultMaxBytes
  }

  /** A set that begins with these examples of these classes. @throws MobileOneError as the constructor and `addEmbedding` do. */
  static of(
    classifier: Embedder,
    labels: readonly string[],
    examples: readonly Omit<Example, 'id'>[],
    options: ExampleSetOptions = {},
  ): ExampleSet {
    const set = new ExampleSet(classifier, options)
    const made = examples.map(({ label, embedding }, id) => ({ id, label, embedding }))
    set.#makeRoom(made.length)
    set.#state = { labels, examples: made }
    set.#nextId = made.length
    return set
  }

  get examples(): readonly Example[] {
    return this.#state.examples
  }

  /** Classes in the order of a head fitted now. */
  get classes(): readonly { readonly label: string; readonly examples: number }[] {
    const counts = new Map(this.#state.labels.map((label) => [label, 0]))
    for (const { label } of this.#state.examples) counts.set(label, counts.get(label)! + 1)
    return [...counts].map(([label, examples]) => ({ label, examples }))
  }

  /** Bytes of embeddings held, those that `undo` can bring back included. */
  get bytes(): number {
    const removed = this.#history.reduce((sum, step) => sum + step.removed, 0)
    return 4 * this.backbone.features * (this.#state.examples.length + removed)
  }

  /** The head fitted last, undefined before the first. */
  get head(): Head | undefined {
    return this.#head
  }

  /**
   * Add a picture, or a list of pictures in one step, to a class, which is made where it does not exist.
   * @returns The id of each.
   * @throws MobileOneError of a picture that cannot be read, `invalid-argument` over `maxBytes`, `aborted`; nothing is added then.
   */
  async addExample(
    label: string,
    image: ImageSource | readonly ImageSource[],
    options: PictureOptions = {},
  ): Promise<number[]> {
    const images = (Array.isArray(image) ? image : [image]) as readonly ImageSource[]
    const embeddings = await this.#embedder.embed(images, { ...options, normalize: false })
    throwIfAborted(options.signal, 'adding examples')
    return this.#add(label, embeddings)
  }

  /**
   * Add what `embed`, without `normalize`, gave for a picture; it is copied.
   * @returns Its id.
   * @throws MobileOneError `invalid-input` for an embedding of another length or not finite, `invalid-argument` over `maxBytes`.
   */
  addEmbedding(label: string, embedding: Float32Array): number {
    checkEmbedding(embedding, this.backbone, 'the embedding')
    return this.#add(label, [embedding.slice()])[0]!
  }

  /** @throws MobileOneError `invalid-argument` for an id that is not there. */
  removeExample(id: number): void {
    const { labels, examples } = this.#state
    const rest = examples.filter((example) => example.id !== id)
    if (rest.length === examples.length) {
      throw new MobileOneError(
        'invalid-argument',
        `there is no example ${id}; see examples for those there are`,
      )
    }
    this.#change({ labels, examples: rest })
  }

  /** Remove a class and its examples. @throws MobileOneError `invalid-argument` for a label that is not there. */
  removeClass(label: string): void {
    this.#check(label)
    const { labels, examples } = this.#state
    this.#change({
      labels: labels.filter((each) => each !== label),
      examples: examples.filter((example) => example.label !== label),
    })
  }

  /** @throws MobileOneError `invalid-argument` for a label that is not there, or a new one that is. */
  renameClass(label: string, to: string): void {
    this.#check(label)
    if (label === to) return
    const { labels, examples } = this.#state
    if (labels.includes(to)) {
      throw new MobileOneError(
        'invalid-argument',
        `there is a class ${JSON.stringify(to)} already; remove one of the two, or choose another name`,
      )
    }
    this.#change({
      labels: labels.map((each) => (each === label ? asLabel(to) : each)),
      examples: examples.map((example) => (example.label === label ? { ...example, label: to } : example)),
    })
  }

  /** Take back the last change, of the last 50. @returns False where there is none to take back. */
  undo(): boolean {
    const step = this.#history.pop()
    if (!step) return false
    this.#state = step.before
    this.#notify()
    return true
  }

  /**
   * A head for the classes that have examples, fitted to the examples of this moment; begins with the one fitted last. Its report
   * has the accuracy and the confusion matrix of cross-validation.
   * @throws MobileOneError `invalid-argument` for fewer than two classes, `invalid-input` for examples that are all the same, `aborted`.
   */
  async fit(options: Omit<FitOptions, 'start'> = {}): Promise<Head> {
    const { examples } = this.#state
    const labels = this.#trainable()
    if (labels.length < 2) {
      throw new MobileOneError(
        'invalid-argument',
        `there ${labels.length === 1 ? 'is one class with examples' : 'are no examples'}; add some of two classes or more`,
      )
    }
    refuseUnitLength(examples.map(({ embedding }) => embedding))
    const classOf = new Map(labels.map((label, index) => [label, index]))
    const shots = examples.map(({ label, embedding }) => ({ class: classOf.get(label)!, views: [embedding] }))
    const head = await fitExamples(shots, labels, this.backbone, { ...options, start: this.#head })
    this.#head = head
    return head
  }

  /**
   * A head now, where two classes have examples, and a new one whenever the examples have changed; changes during a fit make one
   * more together. Ends when `signal` is aborted.
   * @throws MobileOneError as `fit` does.
   */
  async *heads(options: Omit<FitOptions, 'start'> = {}): AsyncGenerator<Head, void, undefined> {
    const { signal } = options
    const stop = (): void => this.#changed.fire()
    signal?.addEventListener('abort', stop)
    try {
      let fitted: State | undefined
      while (!signal?.aborted) {
        const [state, changed] = [this.#state, this.#changed]
        if (state === fitted || this.#trainable().length < 2) {
          await changed.fired
          continue
        }
        fitted = state
        yield await this.fit(options)
      }
    } catch (error) {
      if (!signal?.aborted) throw error
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  /** A safetensors file with the examples, for `loadExamples`: 4 bytes a feature of each, and a few kB. */
  toBytes(): Uint8Array {
    return writeExamples(this.backbone, this.#state.labels, this.#state.examples)
  }

  #add(label: string, embeddings: readonly Float32Array[]): number[] {
    asLabel(label)
    const { labels, examples } = this.#state
    for (const embedding of embeddings) checkEmbedding(embedding, this.backbone, 'the embedding')
    this.#makeRoom(embeddings.length)
    const made = embeddings.map((embedding) => ({ id: this.#nextId++, label, embedding }))
    this.#change({
      labels: labels.includes(label) ? labels : [...labels, label],
      examples: [...examples, ...made],
    })
    return made.map(({ id }) => id)
  }

  #makeRoom(count: number): void {
    const each = 4 * this.backbone.features
    const fits = (): boolean => this.bytes + each * count <= this.#maxBytes
    while (this.#history.length > 0 && !fits()) this.#history.shift()
    if (!fits()) {
      throw new MobileOneError(
        'invalid-argument',
        `${this.#state.examples.length} examples of ${each} bytes and ${count} more are over maxBytes, ${this.#maxBytes}; remove some, or raise it`,
      )
    }
  }

  #change(next: State): void {
    const removed = Math.max(0, this.#state.examples.length - next.examples.length)
    this.#history.push({ before: this.#state, removed })
    if (this.#history.length > undoSteps) this.#history.shift()
    this.#state = next
    this.#notify()
  }

  #notify(): void {
    const changed = this.#changed
    this.#changed = signalOnce()
    changed.fire()
  }

  #trainable(): string[] {
    return this.classes.filter(({ examples }) => examples > 0).map(({ label }) => label)
  }

  #check(label: string): void {
    const { labels } = this.#state
    if (!labels.includes(label)) {
      throw new MobileOneError(
        'invalid-argument',
        `there is no class ${JSON.stringify(label)}; there ${labels.length > 0 ? `are ${JSON.stringify(labels)}` : 'are none'}`,
      )
    }
  }
}

function asLabel(label: unknown): string {
  if (typeof label === 'string') return label
  throw new MobileOneError('invalid-argument', `a label must be a text, not ${typeof label}`)
}

function signalOnce(): { readonly fired: Promise<void>; fire(): void } {
  let fire = (): void => {}
  const fired = new Promise<void>((resolve) => {
    fire = resolve
  })
  return { fired, fire: () => fire() }
}
