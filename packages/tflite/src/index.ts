export { tflite } from './exporter.ts'
export { toTflite } from './to-tflite.ts'
