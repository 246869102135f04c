export type { Tfjs } from '@mobileone/tfjs-wasm-gradients'
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
export { ruleAtSize } from './data/crop.ts'
export { arrayDataset, type Dataset, type Picture } from './data/dataset.ts'
export { fromIterable, type IterableSource } from './data/from-iterable.ts'
export { fashionMnistLabels, fashionMnistPreprocess, idxDataset } from './data/idx-dataset.ts'
export { type MeasureOptions, measureMeanStd } from './data/mean-std.ts'
export { type PictureDatasetOptions, pictureDataset } from './data/picture-dataset.ts'
export {
  type BalanceOptions,
  balance,
  type SplitOptions,
  type SubsetOptions,
  split,
  subset,
} from './data/subsets.ts'
export {
  createNetwork,
  type Gradients,
  type Network,
  type NetworkOptions,
} from './gradients/loss-gradients.ts'
export type { Layout, Layouts, Slot } from './gradients/parameter-layout.ts'
export {
  checkRecipe,
  fashionMnistRecipe,
  learningRateAt,
  overrideRecipe,
  type Phase,
  paperRecipe,
  phaseOf,
  type Recipe,
  type RecipeName,
  type RecipeOverrides,
  weightDecayAt,
} from './recipe.ts'
export { type SmallNetworkOptions, smallNetwork } from './small-network.ts'
export type { TorchDataset, TorchPlanOptions } from './torch-plan/settings.ts'
export { type TorchPlan, type TorchPlanFile, torchPlan } from './torch-plan/torch-plan.ts'
export { checkpointStep, modelFromTrainingCheckpoint, readTrainingCheckpoint } from './trainer/checkpoint.ts'
export { type Engine, localEngine } from './trainer/engine.ts'
export { type EvaluateOptions, type Evaluation, evaluate } from './trainer/evaluate.ts'
export type { EpochRecord } from './trainer/state.ts'
export { mostStepBytes, type StepMemory, stepMemory } from './trainer/step-memory.ts'
export { type TrainEvent, type TrainOptions, type TrainResult, train } from './trainer/train.ts'
export { withoutBranches } from './without-branches.ts'
