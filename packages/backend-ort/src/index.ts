export type { OrtLibrary, OrtSession, OrtTensor } from './library.ts'
export { type ExecutionProvider, type OrtOptions, ort } from './ort.ts'
export type { OrtThreads } from './threads.ts'
