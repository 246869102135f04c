export type {
  Backend,
  CompileOptions,
  Executor,
  ExecutorPrecision,
  ExpectedModel,
  Precision,
  ProbeResult,
  RunOptions,
  Step,
} from './backend.ts'
export { type BlobLike, blobBytes } from './blob-bytes.ts'
export { type BackendSource, type CompileFirstOptions, compileFirst, type Refusal } from './compile-first.ts'
export { type ErrorCode, isMobileOneError, MobileOneError, throwIfAborted } from './errors.ts'
export { checkInputs, createExecutor, type ExecutorParts, type ExecutorQueue } from './executor.ts'
export type { ExportedFile, ExportedFiles, Exporter, ExporterOption } from './exporter.ts'
export { importLibrary, type LibraryFacts, type LibrarySource } from './import-library.ts'
export { addBlock, type BlockOptions, defaultSqueeze, type Form } from './mobileone/block.ts'
export type { MobileOneConfig, StageConfig } from './mobileone/config.ts'
export { type InitializeOptions, initialize } from './mobileone/initialize.ts'
export { mobileone, type NetworkOptions, namedOutputs } from './mobileone/network.ts'
export {
  configFromWidths,
  type MicroVariant,
  microVariants,
  type Variant,
  variants,
  type WidthRow,
} from './mobileone/variants.ts'
export { centreCrop, shorterSideTo, type Window } from './model/crop.ts'
export {
  attachWeights,
  classCount,
  headOf,
  withBatch,
  withCard,
  withHead,
  withInputs,
  withOutputs,
} from './model/edit.ts'
export type { Framing } from './model/framing.ts'
export {
  diagonalSteps,
  hasIntegerLayers,
  integerWeight,
  inverseSteps,
  laneLimit,
  largestLane,
  largestLevel,
  toLevel,
} from './model/integer-weight.ts'
export { interpolation, nearestPixel, type Taps } from './model/interpolation.ts'
export type {
  Add,
  Affine,
  BatchNorm,
  ChannelShuffle,
  Concat,
  Conv2d,
  Flatten,
  GlobalAvgPool,
  Graph,
  LayerNorm,
  Linear,
  Matmul,
  Maximum,
  MaxPool,
  Model,
  ModelCard,
  Mul,
  Node,
  Op,
  Parameter,
  Preprocess,
  Reshape,
  Slice,
  Softmax,
  Transpose,
  Unary,
  Upsample,
  WideModel,
} from './model/model.ts'
export { findNonFinite, type NonFinite, refuseNonFinite } from './model/non-finite.ts'
export {
  isUnary,
  type NodeOf,
  type OpFacts,
  opFacts,
  opNames,
  ops,
  unaryOps,
  type WeightRole,
  weightRoles,
} from './model/ops.ts'
export { imagenetPreprocess, resizedPreprocess } from './model/preprocess.ts'
export { print } from './model/print.ts'
export { type LayerProfile, type Profile, profile } from './model/profile.ts'
export { inferShapes, outputShape, type Shapes } from './model/shapes.ts'
export type { Problem } from './model/structure.ts'
export {
  type DType,
  elementCount,
  formatShape,
  type QuantizedTensor,
  sameShape,
  spec,
  type Tensor,
  type TensorSpec,
  type Tensors,
  tensor,
  type Weight,
  type WideTensor,
} from './model/tensor.ts'
export { isTokenNode, refuseTokenNodes, tokenNodes } from './model/token-nodes.ts'
export { findLastUses, findUses, type GraphUses, type Uses } from './model/uses.ts'
export { findProblems, validate } from './model/validate.ts'
export { floatWeight, floatWeights, hasInt8Weights } from './model/weights.ts'
export { createPacer, pause } from './pause.ts'
export { printable, printableLines } from './printable.ts'
export type { OnProgress, Progress } from './progress.ts'
export { type Random, random } from './random.ts'
export { erf } from './reference/kernels.ts'
export { type ReferenceOptions, reference } from './reference/reference.ts'
export { batchNormToConv } from './transforms/batch-norm-to-conv.ts'
export {
  type CompareOptions,
  type Comparison,
  compareModels,
  maxAbsDifference,
} from './transforms/compare.ts'
export { expandKernel } from './transforms/expand-kernel.ts'
export { foldBatchNorm } from './transforms/fold-batch-norm.ts'
export type { LayerKind } from './transforms/int8/plan.ts'
export {
  type LayerReport,
  type OutputComparison,
  printQuantization,
  type QuantizationReport,
} from './transforms/int8/report.ts'
export { mergeParallelConvs } from './transforms/merge-parallel-convs.ts'
export { type Quantized, type QuantizeOptions, quantize } from './transforms/quantize.ts'
export { quantizeWeight } from './transforms/quantize-weight.ts'
export {
  type ReparameterizeAsyncOptions,
  type ReparameterizeOptions,
  reparameterize,
  reparameterizeAsync,
} from './transforms/reparameterize.ts'
export type { Rewrite } from './transforms/rewrite.ts'
export { splitBatchNorm } from './transforms/split-batch-norm.ts'
export { roundToFloat32 } from './transforms/wide.ts'
export { defaultTolerance, type Golden, int8Tolerance, verified } from './verify.ts'
