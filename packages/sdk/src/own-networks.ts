/** `@mobileone/sdk/network`: networks of one's own, on a MobileOne or from nothing, and what it takes to run them. */
export {
  attachWeights,
  type BackendSource,
  type CompileFirstOptions,
  compileFirst,
  findProblems,
  type Graph,
  type InitializeOptions,
  inferShapes,
  initialize,
  type MobileOneConfig,
  mobileone,
  type NetworkOptions,
  type Node,
  namedOutputs,
  validate,
  variants,
  withInputs,
} from '@mobileone/core'
export {
  type ConvOptions,
  type MobileOneBlockOptions,
  NetworkBuilder,
  type Pair,
  type UpsampleOptions,
} from '@mobileone/core/network-builder'
export { preprocess } from '@mobileone/vision'
