export type { OrtLibrary, OrtSession, OrtTensor } from './library.ts'
export { type OrtOptions, ort } from './ort.ts'
