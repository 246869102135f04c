export type { MemoryHook } from './cases/lifetime.ts'
export type { Golden } from './cases/networks.ts'
export { tokenExceptions } from './cases/token-exceptions.ts'
export { type ConformanceCase, type ConformanceOptions, conformance } from './conformance.ts'
export {
  batchNormNode,
  batchNormWeights,
  type ConvSettings,
  convNode,
  type ModelParts,
  makeModel,
  normalInputs,
  normalTensor,
  type Shape,
} from './make-model.ts'
export { type CaseResult, runCases } from './run-cases.ts'
