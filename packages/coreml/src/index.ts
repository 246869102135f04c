export {
  type CoreMLBackend,
  type CoreMLBackendOptions,
  type CoreMLExecutor,
  type CoreMLRunner,
  coremlBackend,
} from './backend.ts'
export { type CoreMLExportOptions, coreml } from './exporter.ts'
export { lint } from './lint/lint.ts'
export { type CoreMLPackage, type DirectoryHandle, writePackageTo, zipPackage } from './package.ts'
export { packageBackend } from './package-backend.ts'
export { type CoreMLDescription, describeCoreML } from './read/describe-coreml.ts'
export { type FromCoreMLOptions, fromCoreML } from './read/from-coreml.ts'
export type { CoreMLSource } from './read/open-model.ts'
export { type InterpretOptions, interpretPackage } from './run/interpreter.ts'
export { toSwift } from './swift/to-swift.ts'
export type { CoreMLOptions } from './write/options.ts'
export { toCoreML } from './write/to-coreml.ts'
