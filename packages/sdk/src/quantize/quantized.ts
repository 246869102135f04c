import type { QuantizationReport } from '@mobileone/core'
import type { PreprocessOptions } from '@mobileone/vision'
import type { CalibrationOptions } from './options.ts'

/** How `Classifier.quantize` reads photographs and quantises. */
export type QuantizeRunOptions = PreprocessOptions & Omit<CalibrationOptions, 'signal'>

/** A network in the int8 form as a file, and what that cost. */
export interface QuantizedFile {
  /** safetensors, to be kept, served and given to `createClassifier`. */
  readonly bytes: Uint8Array
  readonly report: QuantizationReport
}
