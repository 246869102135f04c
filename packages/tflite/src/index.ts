export type { WeightStorage } from './constant-store.ts'
export { tflite } from './exporter.ts'
export type { TfliteOptions } from './options.ts'
export { toTflite } from './to-tflite.ts'
