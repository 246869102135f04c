export { centreCrop, type Framing, shorterSideTo, type Window } from '@mobileone/core'
export type { ImageModel, ImageRunOptions, ImageSources, ItemResult, PictureTimes } from './batches.ts'
export {
  type Activation,
  activate,
  type ClassifyOptions,
  classify,
  classifyEach,
  type Prediction,
  predict,
  type RankOptions,
  rank,
} from './classify.ts'
export { checkDecoder, decode } from './decode.ts'
export { type EmbedOptions, embed, embedEach } from './embed.ts'
export { type Idx, readIdx } from './idx.ts'
export { checkPixels, type Image, type Pixels, toGrey, toRgb } from './image.ts'
export { type ImageLimits, imageLimits } from './limits.ts'
export { normalizationTables, normalize } from './normalize.ts'
export type { PrepareTimes } from './prepare.ts'
export {
  checkPreprocessOptions,
  checkRule,
  preprocess,
  resizeAndCrop,
  resizeAndFrame,
  toTensor,
} from './preprocess.ts'
export { type Interpolation, resize, resizeCrop } from './resize.ts'
export { cosineSimilarity, type Scored, sigmoid, softmax, topK } from './scores.ts'
export type { DecodeOptions, ImageSource, PreprocessOptions, Sharp, SharpImage } from './source.ts'
export { type Patience, timely } from './timely.ts'
