export * from './exporter.ts'
export { type CoreMLPackage, type DirectoryHandle, writePackageTo, zipPackage } from './package.ts'
export { type CoreMLOptions, toCoreML } from './write/to-coreml.ts'
