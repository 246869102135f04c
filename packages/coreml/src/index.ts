export * from './exporter.ts'
export { type CoreMLPackage, type DirectoryHandle, writePackageTo, zipPackage } from './package.ts'
export type { CoreMLOptions } from './write/options.ts'
export { toCoreML } from './write/to-coreml.ts'
