import {
  compileFirst,
  type Executor,
  type ExpectedModel,
  MobileOneError,
  type Model,
  type Preprocess,
  type Tensor,
  tensor,
} from '@mobileone/core'
import {
  type ClassifyOptions,
  checkDecoder,
  classify,
  classifyEach,
  type EmbedOptions,
  embed,
  embedEach,
  type ImageSource,
} from '@mobileone/vision'
import { assumedLabels, assumedPreprocess, onlyInput } from './assumed-card.ts'
import { backendSources } from './backend-names.ts'
import type { Classifier, ClassifierOptions, LocalClassifier } from './classifier.ts'
import { type Backbone, backboneOf } from './head/backbone.ts'
import type { HeadData } from './head/head-data.ts'
import { leaseExecutor } from './lease-executor.ts'
import { reported } from './list-progress.ts'
import { loadToRun } from './load.ts'
import { withFraction } from './loading-progress.ts'
import { checkFit, withEmbedding, withoutWeights } from './network.ts'
import { RunDefaults } from './run-defaults.ts'
import type { ClassifierRunOptions, EmbedRunOptions, PictureOptions } from './run-options.ts'
import { deferred } from './watch/deferred.ts'

/**
 * Load a model, fold it, compile it and make it classify pictures. What can be known to fail, labels that do not fit or a missing
 * decoder, fails before that.
 * @throws MobileOneError `network`, `invalid-file`, `missing-weights`, `cannot-fold`, `unavailable`, `invalid-argument`, `aborted`.
 */
export async function createClassifier(options: ClassifierOptions): Promise<LocalClassifier> {
  const { decoder, signal, onRefusal, verify, precision } = options
  const backends = backendSources(options.backend ?? 'wasm', precision)
  const [first] = backends
  const preload = (known?: Model | ExpectedModel): void => {
    if (typeof first === 'object') first.preload?.(known)
  }
  if (decoder !== false) await checkDecoder(decoder)
  preload()
  const onProgress = withFraction(options.onProgress)
  const loaded = await loadToRun(options.model, { ...options, onProgress }, (int8) => preload({ int8 }))
  const model = withEmbedding(loaded)
  preload(model)
  const rule = { ...assumedPreprocess(model), ...options.preprocess }
  checkFit(model, rule, options.labels ?? model.card?.labels, options)
  const loading = Promise.resolve(options.labels ?? assumedLabels(model))
  // Awaited when the model is compiled.
  loading.catch(() => {})
  const executor = await compileFirst(model, backends, {
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    ...(onRefusal && { onRefusal }),
    ...(verify !== undefined && { verify }),
    ...(precision && { precision }),
  })
  try {
    const labels = await loading
    let known: { readonly backbone: Backbone | undefined } | undefined
    const classifier = classifierOn({
      ...{ model, executor, leases: { count: 0 }, preprocess: rule, labels, decoder },
      backbone() {
        known ??= { backbone: backboneOf(model, rule) }
        return known.backbone
      },
    })
    if (options.warmUp) {
      onProgress?.({ phase: 'warm-up', done: 0, total: 1 })
      await classifier.logits(tensor(onlyInput(model)[1].shape), signal && { signal })
      onProgress?.({ phase: 'warm-up', done: 1, total: 1 })
    }
    onProgress?.({ phase: 'ready', done: 1, total: 1 })
    return classifier
  } catch (error) {
    await executor.dispose()
    throw error
  }
}

/** A compiled model and how pictures get to it. */
interface Compiled extends Pick<ClassifierOptions, 'decoder'> {
  readonly model: Model
  readonly executor: Executor
  /** Counts the classifiers on this executor. */
  readonly leases: { count: number }
  readonly preprocess: Preprocess
  readonly labels: readonly string[] | undefined
  /** Found when it is first asked for. */
  readonly backbone: () => Backbone | undefined
}

function classifierOn(compiled: Compiled): LocalClassifier {
  const { model, preprocess: rule, labels, decoder, backbone } = compiled
  const { executor, holding } = leaseExecutor(compiled.executor, compiled.leases)
  const [inputName, input] = onlyInput(model)
  const classes = executor.outputs.logits?.shape[1] ?? 0
  const defaults = new RunDefaults(classes, labels)
  const decoding = decoder ? { lib: decoder } : {}
  const classifyOptions = (run?: ClassifierRunOptions): ClassifyOptions => ({
    ...decoding,
    ...defaults.with(run),
    preprocess: rule,
    output: 'logits',
    ...(labels && { labels }),
  })
  const embedOptions = (run?: EmbedRunOptions): EmbedOptions => ({
    ...decoding,
    ...defaults.with(run),
    preprocess: rule,
    output: 'embedding',
  })
  const logits = async (image: ImageSource | Tensor, run?: PictureOptions): Promise<Float32Array> => {
    if (!isTensor(image)) {
      return embed(executor, image, { ...embedOptions(run), output: 'logits', normalize: false })
    }
    const outputs = await executor.run({ [inputName]: image }, run?.signal ? { signal: run.signal } : {})
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

  const withHead = async (head: HeadData): Promise<LocalClassifier> => {
    const { headed } = await import('./head/headed.ts')
    return classifierOn({ ...compiled, ...headed(compiled, head) })
  }
  const embedding = (async (images: ImageSource, run?: EmbedRunOptions) => {
    checkEmbedding()
    return embed(executor, images, embedOptions(run))
  }) as Classifier['embed']
  const graph = withoutWeights(model)
  return {
    model,
    graph,
    executor,
    backend: executor.backend,
    features: executor.features ?? [],
    precision: executor.precision ?? 'float32',
    memory: executor.memory,
    labels,
    preprocess: rule,
    get backbone() {
      return backbone()
    },
    classify: ((images: ImageSource, run?: ClassifierRunOptions) =>
      classify(executor, images, classifyOptions(run))) as Classifier['classify'],
    classifyEach: (images, run) =>
      reported(classifyEach(executor, images, classifyOptions(run)), 'classify', images, run),
    embed: embedding,
    embedEach(images, run) {
      const given = embedOptions(run)
      const items = async function* () {
        checkEmbedding()
        yield* embedEach(executor, images, given)
      }
      return reported(items(), 'embed', images, run)
    },
    logits,
    watch: (source, run) =>
      deferred(async () => {
        const { watch } = await import('./watch/watch.ts')
        return watch({ labels, logits }, source, defaults.with(run))
      }),
    async similarity(a, b, run) {
      const { similarityOf } = await import('./search/by-picture.ts')
      return similarityOf({ embed: embedding }, a, b, run)
    },
    async nearest(query, store, run) {
      const { nearestTo } = await import('./search/by-picture.ts')
      return nearestTo({ embed: embedding }, query, store, run)
    },
    async profile(run) {
      const { layerTimes } = await import('./layer-times.ts')
      return layerTimes(executor, graph, run)
    },
    setOptions: (changes) => defaults.set(changes),
    fewShot: (examples, run) =>
      holding(async () => {
        checkEmbedding()
        const { trainHead } = await import('./few-shot/train-head.ts')
        const { head, report } = await trainHead(
          {
            backbone: backbone() as Backbone,
            batch: input.shape[0] ?? 1,
            embed: (images, given) => embed(executor, images, { ...embedOptions(given), normalize: false }),
          },
          examples,
          { ...decoding, ...defaults.with(run) },
        )
        return { ...(await withHead(head)), labels: head.labels, report, head }
      }),
    withHead: (head) => holding(() => withHead(head)),
    async quantize(photographs, run) {
      const { quantizedFile } = await import('./quantize/quantized-file.ts')
      return quantizedFile({ model, rule, ...decoding }, photographs, defaults.with(run))
    },
    getModel: async () => model,
    async warmUp() {
      await logits(tensor(input.shape))
    },
    dispose: () => executor.dispose(),
    [Symbol.asyncDispose]: () => executor.dispose(),
  }
}

function isTensor(value: ImageSource | Tensor): value is Tensor {
  return typeof value === 'object' && value !== null && 'dtype' in value && 'shape' in value
}
