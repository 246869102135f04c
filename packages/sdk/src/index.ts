export { type WasmOptions, wasm } from '@mobileone/backend-wasm'
export {
  type NamingName,
  type NetworkLibrary,
  type ToSafetensorsOptions,
  toSafetensors,
} from '@mobileone/checkpoint/lazy'
export {
  type Backend,
  type BackendSource,
  type ErrorCode,
  type Executor,
  type Golden,
  type Graph,
  headOf,
  isMobileOneError,
  MobileOneError,
  type Model,
  type ModelCard,
  type OnProgress,
  type Precision,
  type Preprocess,
  type Progress,
  print,
  printQuantization,
  profile,
  type QuantizationReport,
  type Quantized,
  type Refusal,
  reference,
  reparameterize,
  type Tensor,
  type Tensors,
  tensor,
  type Variant,
  type Weight,
  withBatch,
  withCard,
  withHead,
  withOutputs,
} from '@mobileone/core'
export type { FetchWeightsOptions, WeightSource } from '@mobileone/hub'
export {
  cosineSimilarity,
  type DecodeOptions,
  type Framing,
  type Image,
  type ImageSource,
  type ImageSources,
  type ItemResult,
  type PictureTimes,
  type Pixels,
  type Prediction,
  type PreprocessOptions,
} from '@mobileone/vision'
export { withAssumedCard } from './assumed-card.ts'
export type { BackendChoice, BackendName } from './backend-names.ts'
export type {
  Classifier,
  ClassifierOptions,
  FewShotClassifier,
  FewShotResult,
  LocalClassifier,
} from './classifier.ts'
export { createClassifier } from './create-classifier.ts'
export type { CrossValidation } from './few-shot/fit.ts'
export type { FewShotExamples, FewShotOptions, FewShotReport } from './few-shot/train-head.ts'
export type { Backbone } from './head/backbone.ts'
export type { HeadData, HeadReport } from './head/head-data.ts'
export type { ClassifierProfile, LayerTime, ProfileOptions } from './layer-times.ts'
export { type LoadOptions, loadDeployModel, loadModel, type ModelSource } from './load.ts'
export { clearCache, isCached, preload } from './model-cache.ts'
export type { CalibrationOptions } from './quantize/options.ts'
export type { QuantizedFile, QuantizeRunOptions } from './quantize/quantized.ts'
export type { QuantizeOptions } from './quantize/source-options.ts'
export { quantize } from './quantize.ts'
export type {
  Changes,
  ClassifierDefaults,
  ClassifierRunOptions,
  EmbedRunOptions,
  ListOptions,
  PictureOptions,
} from './run-options.ts'
export type { PictureOrEmbedding } from './search/by-picture.ts'
export {
  addEmbeddings,
  createEmbeddingStore,
  type EmbeddingEntry,
  type EmbeddingStore,
  removeEmbeddings,
} from './search/embedding-store.ts'
export { type NearestOptions, type Neighbour, nearest } from './search/nearest.ts'
export { embeddingStoreFromBytes, embeddingStoreToBytes } from './search/store-file.ts'
export type { WatchSource } from './watch/open-frames.ts'
export type { FrameResult, FrameResults, WatchOptions } from './watch/watch.ts'
