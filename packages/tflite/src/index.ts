export { tflite } from './exporter.ts'
export type { TfliteOptions, WeightStorage } from './options.ts'
export { toTflite } from './to-tflite.ts'
