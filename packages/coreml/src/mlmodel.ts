export { fromMLModel } from './neural-network/from-mlmodel.ts'
export { type MLModelOptions, mlmodel, toMLModel } from './neural-network/to-mlmodel.ts'
export type { CoreMLSource } from './read/files.ts'
export type { FromCoreMLOptions } from './read/from-coreml.ts'
