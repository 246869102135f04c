import { wasm } from '@mobileone/backend-wasm'
import {
  type BackendSource,
  type CompileFirstOptions,
  compileFirst,
  type Executor,
  headOf,
  MobileOneError,
  type Model,
  type Preprocess,
  type Tensor,
  tensor,
  withOutputs,
} from '@mobileone/core'
import {
  type ClassifyOptions,
  classify,
  type DecodeOptions,
  embed,
  type ImageSource,
  type Prediction,
  preprocess,
} from '@mobileone/vision'
import { assumedCard, onlyInput } from './assumed-card.ts'
import type { FewShotExamples, FewShotOptions, FewShotReport } from './few-shot/train-head.ts'
import { type LoadOptions, loadDeployModel, type ModelSource } from './load.ts'

export interface ClassifierOptions extends LoadOptions, Pick<CompileFirstOptions, 'verify' | 'onRefusal'> {
  readonly model: ModelSource
  /** A backend or a function that makes one, or several to try in order. Default: `wasm()`. */
  readonly backend?: BackendSource | readonly BackendSource[]
  /** One label per class. Default: the card's, or ImageNet-1k's for a network of 1000 classes. */
  readonly labels?: readonly string[]
  /** Changes to the card's preprocessing rule. */
  readonly preprocess?: Partial<Preprocess>
}

export type ClassifierRunOptions = Pick<ClassifyOptions, 'topK' | 'threshold' | 'activation'> & DecodeOptions

/** A model compiled for one backend, with everything needed to give it pictures. */
export interface Classifier extends AsyncDisposable {
  /** The folded model that runs. */
  readonly model: Model
  readonly executor: Executor
  /** The backend that was chosen. */
  readonly backend: string
  readonly labels: readonly string[] | undefined
  readonly preprocess: Preprocess
  /** The best classes of one picture, best first; of a list of pictures, a list of such lists. */
  classify(image: ImageSource, options?: ClassifierRunOptions): Promise<Prediction[]>
  classify(images: readonly ImageSource[], options?: ClassifierRunOptions): Promise<Prediction[][]>
  /** Pooled features of one picture, or of each of a list: what the last linear layer reads. */
  embed(image: ImageSource, options?: DecodeOptions & { readonly normalize?: boolean }): Promise<Float32Array>
  embed(
    images: readonly ImageSource[],
    options?: DecodeOptions & { readonly normalize?: boolean },
  ): Promise<Float32Array[]>
  /** Raw scores [classes] of one picture, or of a tensor [1, C, H, W] that is preprocessed already. */
  logits(image: ImageSource | Tensor, options?: DecodeOptions): Promise<Float32Array>
  /**
   * A classifier of new classes, from a few pictures of each: this backbone under a new head, fitted in seconds by logistic
   * regression on the pooled features. Its `model` and card are as any other's: save it, export it, load it again.
   * @throws MobileOneError `invalid-argument` for fewer than two classes or a class without pictures, `unsupported` for a
   * model without pooled features, the error of a picture that cannot be read, with its class and place, `aborted`.
   */
  fewShot(examples: FewShotExamples, options?: FewShotOptions): Promise<FewShotClassifier>
  /** Run once on zeros, so that the first picture does not pay for it. */
  warmUp(): Promise<void>
  /** Wait for running calls, then free everything. Safe to call twice. */
  dispose(): Promise<void>
}

/** A classifier that `fewShot` trained. */
export interface FewShotClassifier extends Classifier {
  readonly labels: readonly string[]
  readonly report: FewShotReport
}

/**
 * Load a model, fold it, compile it and make it classify pictures.
 * @throws MobileOneError `network`, `invalid-file`, `missing-weights`, `cannot-fold`, `unavailable`, `aborted`.
 */
export async function createClassifier(options: ClassifierOptions): Promise<Classifier> {
  const model = withEmbedding(await loadDeployModel(options.model, options))
  const [inputName, input] = onlyInput(model)
  const assumed = await assumedCard(model)
  const rule = { ...assumed.preprocess, ...options.preprocess }
  const labels = options.labels ?? assumed.labels
  const backends = options.backend ?? wasm
  const executor = await compileFirst(
    model,
    Array.isArray(backends) ? backends : [backends as BackendSource],
    {
      ...(options.signal && { signal: options.signal }),
      ...(options.onProgress && { onProgress: options.onProgress }),
      ...(options.onRefusal && { onRefusal: options.onRefusal }),
      ...(options.verify !== undefined && { verify: options.verify }),
    },
  )

  const classifying = { preprocess: rule, output: 'logits', ...(labels && { labels }) }
  const embedding = { preprocess: rule, output: 'embedding' }
  const logits = async (image: ImageSource | Tensor, run: DecodeOptions = {}): Promise<Float32Array> => {
    const given = isTensor(image) ? image : await preprocess(image, rule, run)
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
    executor,
    backend: executor.backend,
    labels,
    preprocess: rule,
    classify: ((images: ImageSource, run?: ClassifierRunOptions) =>
      classify(executor, images, { ...run, ...classifying })) as Classifier['classify'],
    embed: ((images: ImageSource, run?: DecodeOptions & { readonly normalize?: boolean }) => {
      checkEmbedding()
      return embed(executor, images, { ...run, ...embedding })
    }) as Classifier['embed'],
    logits,
    async fewShot(examples, run = {}) {
      checkEmbedding()
      const { trainHead } = await import('./few-shot/train-head.ts')
      const backbone = {
        model,
        preprocess: rule,
        batch: input.shape[0] ?? 1,
        embed: (images: readonly ImageSource[], decoding: DecodeOptions) =>
          embed(executor, images, { ...decoding, ...embedding }),
      }
      const { model: trained, report } = await trainHead(backbone, examples, run)
      const classifier = await createClassifier({
        model: trained,
        backend: backends,
        ...(run.signal && { signal: run.signal }),
        ...(run.onProgress && { onProgress: run.onProgress }),
        ...(options.onRefusal && { onRefusal: options.onRefusal }),
        ...(options.verify !== undefined && { verify: options.verify }),
      })
      return { ...classifier, labels: report.classes.map(({ label }) => label), report }
    },
    async warmUp() {
      await logits(tensor(input.shape))
    },
    dispose: () => executor.dispose(),
    [Symbol.asyncDispose]: () => executor.dispose(),
  }
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
