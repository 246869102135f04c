import {
  type BackendSource,
  type CompileFirstOptions,
  classCount,
  compileFirst,
  type Executor,
  formatShape,
  type Graph,
  headOf,
  MobileOneError,
  type Model,
  type Preprocess,
  spec,
  type Tensor,
  tensor,
  withOutputs,
} from '@mobileone/core'
import {
  type ClassifyOptions,
  checkDecoder,
  checkRule,
  classify,
  classifyEach,
  type DecodeOptions,
  type EmbedOptions,
  embed,
  embedEach,
  type ImageSource,
  type ImageSources,
  type ItemResult,
  type Prediction,
  type PreprocessOptions,
  preprocess,
} from '@mobileone/vision'
import { assumedCard, onlyInput } from './assumed-card.ts'
import { type BackendName, backendSources } from './backend-names.ts'
import type { FewShotExamples, FewShotOptions, FewShotReport } from './few-shot/train-head.ts'
import { type LoadOptions, loadDeployModel, type ModelSource } from './load.ts'

export interface ClassifierOptions extends LoadOptions, Pick<CompileFirstOptions, 'verify' | 'onRefusal'> {
  readonly model: ModelSource
  /** A backend, its name, or a function that makes one, or several to try in order. Default: `wasm`. */
  readonly backend?: BackendName | BackendSource | readonly (BackendName | BackendSource)[]
  /** One label per class. Default: the card's, or ImageNet-1k's for a network of 1000 classes. */
  readonly labels?: readonly string[]
  /** Changes to the card's preprocessing rule. */
  readonly preprocess?: Partial<Preprocess>
  /**
   * Node: the sharp module or a promise of it, where `import('sharp')` would not find it; false where pictures come as decoded
   * pixels alone, so that its absence is no error.
   */
  readonly decoder?: DecodeOptions['lib'] | false
}

export type EmbedRunOptions = PreprocessOptions & { readonly normalize?: boolean }

export type ClassifierRunOptions = Pick<ClassifyOptions, 'topK' | 'threshold' | 'activation'> &
  PreprocessOptions

/** A model compiled for one backend, with everything needed to give it pictures, on whatever thread it runs. */
export interface Classifier extends AsyncDisposable {
  /** The folded network that runs, with the shapes of its weights in place of the weights. */
  readonly graph: Graph
  /** The backend that was chosen. */
  readonly backend: string
  /** What was chosen for this model on this machine: instruction sets, threads. */
  readonly features: readonly string[]
  /** What the backend holds for weights and activations, in bytes. */
  readonly memory: { readonly bytes: number }
  readonly labels: readonly string[] | undefined
  readonly preprocess: Preprocess
  /** The best classes of one picture, best first; of a list of pictures, a list of such lists. */
  classify(image: ImageSource, options?: ClassifierRunOptions): Promise<Prediction[]>
  classify(images: readonly ImageSource[], options?: ClassifierRunOptions): Promise<Prediction[][]>
  /**
   * The best classes of each of many pictures, in their order, with a result or an error for each: one that cannot be read
   * stops none. Takes lists and other iterables, asynchronous ones too, and reads them one batch ahead.
   */
  classifyEach(
    images: ImageSources,
    options?: ClassifierRunOptions,
  ): AsyncGenerator<ItemResult<Prediction[]>, void, undefined>
  /** Pooled features of one picture, or of each of a list: what the last linear layer reads. */
  embed(image: ImageSource, options?: EmbedRunOptions): Promise<Float32Array>
  embed(images: readonly ImageSource[], options?: EmbedRunOptions): Promise<Float32Array[]>
  /** Pooled features of each of many pictures, as `classifyEach` gives classes. */
  embedEach(
    images: ImageSources,
    options?: EmbedRunOptions,
  ): AsyncGenerator<ItemResult<Float32Array>, void, undefined>
  /** Raw scores [classes] of one picture, or of a tensor [1, C, H, W] that is preprocessed already. */
  logits(image: ImageSource | Tensor, options?: PreprocessOptions): Promise<Float32Array>
  /**
   * A classifier of new classes, from a few pictures of each: this backbone under a new head, fitted in seconds by logistic
   * regression on the pooled features. Its `model` and card are as any other's: save it, export it, load it again.
   * @throws MobileOneError `invalid-argument` for fewer than two classes or a class without pictures, `unsupported` for a
   * model without pooled features, the error of a picture that cannot be read, with its class and place, `aborted`.
   */
  fewShot(examples: FewShotExamples, options?: FewShotOptions): Promise<FewShotClassifier>
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
}

/** A classifier that `fewShot` trained. */
export type FewShotClassifier = Classifier & FewShotResult

/** A classifier on the thread that made it, with the model and the executor at hand. */
export interface LocalClassifier extends Classifier {
  /** The folded model that runs. */
  readonly model: Model
  readonly executor: Executor
  fewShot(examples: FewShotExamples, options?: FewShotOptions): Promise<LocalClassifier & FewShotResult>
}

/**
 * Load a model, fold it, compile it and make it classify pictures. What can be known to fail, labels that do not fit or a missing
 * decoder, fails before that.
 * @throws MobileOneError `network`, `invalid-file`, `missing-weights`, `cannot-fold`, `unavailable`, `invalid-argument`, `aborted`.
 */
export async function createClassifier(options: ClassifierOptions): Promise<LocalClassifier> {
  const backends = backendSources(options.backend ?? 'wasm')
  const { decoder } = options
  if (decoder !== false) await checkDecoder(decoder)
  const model = withEmbedding(await loadDeployModel(options.model, options))
  const [inputName, input] = onlyInput(model)
  const assumed = await assumedCard(model)
  const rule = { ...assumed.preprocess, ...options.preprocess }
  const labels = options.labels ?? assumed.labels
  checkFit(model, rule, labels, options)
  const executor = await compileFirst(model, backends, {
    ...(options.signal && { signal: options.signal }),
    ...(options.onProgress && { onProgress: options.onProgress }),
    ...(options.onRefusal && { onRefusal: options.onRefusal }),
    ...(options.verify !== undefined && { verify: options.verify }),
  })

  const decoding = decoder ? { lib: decoder } : {}
  const classifying = { preprocess: rule, output: 'logits', ...(labels && { labels }) }
  const embedding = { preprocess: rule, output: 'embedding' }
  const classifyOptions = (run?: ClassifierRunOptions): ClassifyOptions => ({
    ...decoding,
    ...run,
    ...classifying,
  })
  const embedOptions = (run?: EmbedRunOptions): EmbedOptions => ({ ...decoding, ...run, ...embedding })
  const logits = async (image: ImageSource | Tensor, run: PreprocessOptions = {}): Promise<Float32Array> => {
    const given = isTensor(image) ? image : await preprocess(image, rule, { ...decoding, ...run })
    const outputs = await executor.run({ [inputName]: given }, run.signal ? { signal: run.signal } : {})
    return (outputs.logits as Tensor).data
  }
  const checkEmbedding = (): void => {
    if (!executor.outputs.embedding) {
      throw new MobileOneError(
        'unsupported',
        `model "${model.name}" does not end in a linear layer, so it has no embedding`,
      )
    }
  }
  return {
    model,
    graph: withoutWeights(model),
    executor,
    backend: executor.backend,
    features: executor.features ?? [],
    memory: executor.memory,
    labels,
    preprocess: rule,
    classify: ((images: ImageSource, run?: ClassifierRunOptions) =>
      classify(executor, images, classifyOptions(run))) as Classifier['classify'],
    classifyEach: (images, run) => classifyEach(executor, images, classifyOptions(run)),
    embed: ((images: ImageSource, run?: EmbedRunOptions) => {
      checkEmbedding()
      return embed(executor, images, embedOptions(run))
    }) as Classifier['embed'],
    embedEach(images, run) {
      checkEmbedding()
      return embedEach(executor, images, embedOptions(run))
    },
    logits,
    async fewShot(examples, run = {}) {
      checkEmbedding()
      const { trainHead } = await import('./few-shot/train-head.ts')
      const backbone = {
        model,
        preprocess: rule,
        batch: input.shape[0] ?? 1,
        embed: (images: readonly ImageSource[], given: DecodeOptions) =>
          embed(executor, images, embedOptions(given)),
      }
      const { model: trained, report } = await trainHead(backbone, examples, run)
      const classifier = await createClassifier({
        model: trained,
        backend: backends,
        ...(decoder !== undefined && { decoder }),
        ...(run.signal && { signal: run.signal }),
        ...(run.onProgress && { onProgress: run.onProgress }),
        ...(options.onRefusal && { onRefusal: options.onRefusal }),
        ...(options.verify !== undefined && { verify: options.verify }),
      })
      return { ...classifier, labels: report.classes.map(({ label }) => label), report }
    },
    getModel: async () => model,
    async warmUp() {
      await logits(tensor(input.shape))
    },
    dispose: () => executor.dispose(),
    [Symbol.asyncDispose]: () => executor.dispose(),
  }
}

/** @throws MobileOneError `invalid-argument` where labels or preprocessing do not fit the network. */
function checkFit(
  model: Model,
  rule: Preprocess,
  labels: readonly string[] | undefined,
  given: Pick<ClassifierOptions, 'labels' | 'preprocess'>,
): void {
  const classes = classCount(model)
  if (labels && classes !== undefined && labels.length !== classes) {
    const whose = given.labels ? 'option' : 'card'
    throw new MobileOneError(
      'invalid-argument',
      `the ${whose} has ${labels.length} labels for the ${classes} classes of model "${model.name}"; pass labels, one per class`,
    )
  }
  checkRule(rule)
  const [name, { shape }] = onlyInput(model)
  const [, channels, height, width] = shape
  const image = [rule.mean.length, ...rule.size]
  // A network of other channels takes tensors alone.
  const isOfColours = channels === 1 || channels === 3
  if (
    shape.length === 4 &&
    (rule.size[0] !== height || rule.size[1] !== width || (isOfColours && rule.mean.length !== channels))
  ) {
    const whose = given.preprocess?.size || given.preprocess?.mean ? 'option preprocess' : 'card'
    throw new MobileOneError(
      'invalid-argument',
      `the ${whose} prepares pictures of ${formatShape(image)}, but the input "${name}" of model "${model.name}" is ` +
        `${formatShape(shape)}; pass preprocess: { size: [${height}, ${width}] } and as many means as channels, or a model of that size`,
    )
  }
}

function withoutWeights(model: Model): Graph {
  const weights = Object.entries(model.weights).map(([name, { shape }]) => [name, spec(shape)])
  return { ...model, weights: Object.fromEntries(weights) }
}

/** Show what the last linear layer reads as `embedding`, beside `logits`. */
function withEmbedding(model: Model): Model {
  const logits = model.outputs.logits ?? Object.values(model.outputs)[0]
  if (logits === undefined || !model.nodes.some((node) => node.name === logits)) {
    throw new MobileOneError('invalid-model', `model "${model.name}" has no output to classify by`)
  }
  const head = headOf(model)
  return withOutputs(model, head ? { logits, embedding: head.inputs[0] } : { logits })
}

function isTensor(value: ImageSource | Tensor): value is Tensor {
  return typeof value === 'object' && 'dtype' in value && 'shape' in value
}
