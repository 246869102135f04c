export type { Augmentation, Crop } from './data/augmentation.ts'
export {
  type AutoAugmentOptions,
  applyOperation,
  autoAugment,
  imagenetPolicy,
  type Operation,
  type Step,
} from './data/auto-augment.ts'
export type { Batch, BatchRequest, BatchSource } from './data/batch.ts'
export { type BatchSourceOptions, batchSource } from './data/batch-source.ts'
export { arrayDataset, type Dataset, type Picture } from './data/dataset.ts'
export { fashionMnistLabels, fashionMnistPreprocess, idxDataset } from './data/idx.ts'
export { fromIterable, type IterableSource } from './data/iterable.ts'
export { type PictureDatasetOptions, pictureDataset } from './data/pictures.ts'
export {
  type BalanceOptions,
  balance,
  type SplitOptions,
  type SubsetOptions,
  split,
  subset,
} from './data/select.ts'
export { type MeasureOptions, measureMeanStd } from './data/statistics.ts'
export type { Layout, Layouts, Slot } from './network/layout.ts'
export { createNetwork, type Gradients, type Network, type NetworkOptions } from './network/network.ts'
export { type SmallNetworkOptions, smallNetwork } from './networks.ts'
export type { Tfjs } from './primitives.ts'
export * from './recipe.ts'
export type { TorchDataset, TorchPlanOptions } from './torch-plan/options.ts'
export { type TorchPlan, torchPlan } from './torch-plan/torch-plan.ts'
export { checkpointStep } from './trainer/checkpoint.ts'
export { type Engine, localEngine } from './trainer/engine.ts'
export { type EvaluateOptions, type Evaluation, evaluate } from './trainer/evaluate.ts'
export type { EpochRecord } from './trainer/state.ts'
export { type TrainEvent, type TrainOptions, type TrainResult, train } from './trainer/train.ts'
