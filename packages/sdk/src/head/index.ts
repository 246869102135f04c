export { type Backbone, backboneOf } from './backbone.ts'
export type { Example } from './example.ts'
export {
  type Embedder,
  ExampleSet,
  type ExampleSetOptions,
} from './example-set.ts'
export type { FitOptions } from './fit-examples.ts'
export { type Embeddings, type FitHeadOptions, fitHead } from './fit-head.ts'
export { Head, type PredictOptions } from './head.ts'
export type { HeadData, HeadReport } from './head-data.ts'
export { loadExamples } from './load-examples.ts'
export { loadHead } from './load-head.ts'
