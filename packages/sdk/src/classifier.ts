import type {
  CompileFirstOptions,
  Executor,
  ExecutorPrecision,
  Graph,
  Model,
  Preprocess,
  Tensor,
} from '@mobileone/core'
import type { DecodeOptions, ImageSource, ImageSources, ItemResult, Prediction } from '@mobileone/vision'
import type { BackendChoice } from './backend-names.ts'
import type { FewShotExamples, FewShotOptions, FewShotReport } from './few-shot/train-head.ts'
import type { Backbone } from './head/backbone.ts'
import type { HeadData } from './head/head-data.ts'
import type { ClassifierProfile, ProfileOptions } from './layer-times.ts'
import type { LoadOptions, ModelSource } from './load.ts'
import type { QuantizedFile, QuantizeRunOptions } from './quantize/quantized.ts'
import type {
  Changes,
  ClassifierDefaults,
  ClassifierRunOptions,
  EmbedRunOptions,
  ListOptions,
  PictureOptions,
} from './run-options.ts'
import type { PictureOrEmbedding } from './search/by-picture.ts'
import type { EmbeddingStore } from './search/embedding-store.ts'
import type { NearestOptions, Neighbour } from './search/nearest.ts'
import type { WatchSource } from './watch/open-frames.ts'
import type { FrameResults, WatchOptions } from './watch/watch.ts'

/** What `createClassifier` loads, compiles and warms up, and how it tells about it. */
export interface ClassifierOptions
  extends LoadOptions,
    Pick<CompileFirstOptions, 'verify' | 'onRefusal' | 'precision'> {
  readonly model: ModelSource
  /** A backend, its name, or a function that makes one, or several to try in order. Default: `wasm`. */
  readonly backend?: BackendChoice
  /** One label per class. Default: the card's, or ImageNet-1k's for a network of 1000 classes. */
  readonly labels?: readonly string[]
  /** Changes to the card's preprocessing rule. */
  readonly preprocess?: Partial<Preprocess>
  /** Run once on zeros before the classifier is given out, so that the first picture does not pay for it. Default false. */
  readonly warmUp?: boolean
  /**
   * Node: the sharp module or a promise of it, where `import('sharp')` would not find it; false where pictures come as decoded
   * pixels alone, so that its absence is no error.
   */
  readonly decoder?: DecodeOptions['lib'] | false
}

/** A model compiled for one backend, with everything needed to give it pictures, on whatever thread it runs. */
export interface Classifier extends AsyncDisposable {
  /** The folded network that runs, with the shapes of its weights in place of the weights. */
  readonly graph: Graph
  /** The backend that was chosen. */
  readonly backend: string
  /** What was chosen for this model on this machine: instruction sets, threads. */
  readonly features: readonly string[]
  /** What it computes in: `int8` where layers of a quantised model are computed in integers. */
  readonly precision: ExecutorPrecision
  /** What the backend holds for weights and activations, in bytes. */
  readonly memory: { readonly bytes: number }
  readonly labels: readonly string[] | undefined
  readonly preprocess: Preprocess
  /** What embeddings depend on, for `fitHead` of `@mobileone/sdk/head`; undefined for a model without embeddings. */
  readonly backbone: Backbone | undefined
  /** The best classes of one picture, best first; of a list of pictures, a list of such lists. */
  classify(image: ImageSource, options?: ClassifierRunOptions): Promise<Prediction[]>
  classify(images: readonly ImageSource[], options?: ClassifierRunOptions): Promise<Prediction[][]>
  /**
   * The best classes of each of many pictures, in their order, with a result or an error for each: one that cannot be read
   * stops none. Takes lists and other iterables, asynchronous ones too, and reads them one batch ahead.
   */
  classifyEach(
    images: ImageSources,
    options?: ClassifierRunOptions & ListOptions,
  ): AsyncGenerator<ItemResult<Prediction[]>, void, undefined>
  /**
   * The best classes of a video, a camera or another supply of pictures, as fast as this classifier runs: one frame at a time, the
   * newest; older ones are dropped. Pauses while nobody sees the page; ends with the video or the track. Nothing starts before
   * the first result is asked for.
   * @throws MobileOneError, from the iteration, `invalid-argument` for what is no source or an option that does not fit,
   * `unavailable` where this browser cannot read it here, the error of a frame that cannot be read, `aborted`.
   */
  watch(source: WatchSource, options?: WatchOptions): FrameResults
  /** Pooled features of one picture, or of each of a list: what the last linear layer reads. */
  embed(image: ImageSource, options?: EmbedRunOptions): Promise<Float32Array>
  embed(images: readonly ImageSource[], options?: EmbedRunOptions): Promise<Float32Array[]>
  /** Pooled features of each of many pictures, as `classifyEach` gives classes. */
  embedEach(
    images: ImageSources,
    options?: EmbedRunOptions & ListOptions,
  ): AsyncGenerator<ItemResult<Float32Array>, void, undefined>
  /**
   * How alike two pictures are, by the cosine of their embeddings: -1 to 1, 1 for the same picture. Either may be an embedding.
   * @throws MobileOneError as `embed`, and `invalid-argument` for embeddings of different lengths or without one.
   */
  similarity(a: PictureOrEmbedding, b: PictureOrEmbedding, options?: EmbedRunOptions): Promise<number>
  /**
   * The embeddings of a store most like a picture or an embedding, best first; exact.
   * @throws MobileOneError as `embed`, and `invalid-argument` for a store of another length of embeddings.
   */
  nearest(
    query: PictureOrEmbedding,
    store: EmbeddingStore,
    options?: NearestOptions & EmbedRunOptions,
  ): Promise<Neighbour[]>
  /** Raw scores [classes] of one picture, or of a tensor that is preprocessed already, of the input's shape. */
  logits(image: ImageSource | Tensor, options?: PictureOptions): Promise<Float32Array>
  /**
   * Change what later calls do where their own options do not say: `setOptions({ topK: 1, threshold: 0.2 })`. An option given as
   * undefined goes back to its first default; those left out stay.
   * @throws MobileOneError `invalid-argument` for a class that does not exist, or a value that fits no call; nothing changes then. In
   * a worker of a page nothing is checked here, since the page holds nothing that could: the calls that follow throw it.
   */
  setOptions(options: Changes<ClassifierDefaults>): void
  /**
   * A classifier of new classes, from a few pictures of each: this backbone under a new head, fitted in seconds by logistic
   * regression on the pooled features. It runs on the network of this one, as `withHead` does; its `model` and card are as any
   * other's: save it, export it, load it again.
   * @throws MobileOneError `invalid-argument` for fewer than two classes or a class without pictures, `unsupported` for a
   * model without pooled features, the error of a picture that cannot be read, with its class and place, `aborted`.
   */
  fewShot(examples: FewShotExamples, options?: FewShotOptions): Promise<FewShotClassifier>
  /**
   * A classifier of the classes of a head on the network of this one: nothing is compiled, `setOptions` is its own, and each can be
   * disposed of without the other; the network is freed with the last.
   * @throws MobileOneError `invalid-argument` for a head of another backbone, `unsupported` for a model without embeddings.
   */
  withHead(head: HeadData): Promise<Classifier>
  /**
   * What each layer and each kernel takes of a run, in milliseconds and shares; other calls wait.
   * @throws MobileOneError `unsupported` where the backend cannot time its layers.
   */
  profile(options?: ProfileOptions): Promise<ClassifierProfile>
  /**
   * The network of this classifier in the int8 form, as the bytes of a safetensors file: a quarter of the bytes, and less time a run
   * on backends that compute in integers. Photographs as users will give them set its steps, 16 suffice; without them
   * weights only. This classifier stays as it is.
   * @throws MobileOneError `invalid-argument` for a network that is in int8 already or an empty list, the error of a photograph that
   * cannot be read, with its place, unless `onSkipped` hears of it, `aborted`.
   */
  quantize(photographs?: readonly ImageSource[], options?: QuantizeRunOptions): Promise<QuantizedFile>
  /** The folded model that runs, to save or export it; a copy where it runs on another thread. */
  getModel(): Promise<Model>
  /** Run once on zeros, so that the first picture does not pay for it. */
  warmUp(): Promise<void>
  /** Wait for running calls, then free everything. Safe to call twice. */
  dispose(): Promise<void>
}

/** What `fewShot` tells besides the classifier it makes. */
export interface FewShotResult {
  readonly labels: readonly string[]
  readonly report: FewShotReport
  /** What was fitted, 4 kB per class on S0: see `Head` of `@mobileone/sdk/head`. */
  readonly head: HeadData
}

/** A classifier that `fewShot` trained. */
export type FewShotClassifier = Classifier & FewShotResult

/** A classifier on the thread that made it, with the model and the executor at hand. */
export interface LocalClassifier extends Classifier {
  /** The folded model that runs. */
  readonly model: Model
  readonly executor: Executor
  fewShot(examples: FewShotExamples, options?: FewShotOptions): Promise<LocalClassifier & FewShotResult>
  withHead(head: HeadData): Promise<LocalClassifier>
}
