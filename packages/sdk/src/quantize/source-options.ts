import type { Backend, Preprocess } from '@mobileone/core'
import type { ImageSources, PreprocessOptions } from '@mobileone/vision'
import type { LoadOptions } from '../load.ts'
import type { CalibrationOptions } from './options.ts'

/** What `quantize` loads, learns from and makes. */
export interface QuantizeOptions extends Omit<LoadOptions, keyof CalibrationOptions>, CalibrationOptions {
  /** Pictures as users will give them, in every form that `classify` takes. Without them weights only. */
  readonly photographs?: ImageSources | undefined
  /** Changes to the card's preprocessing rule. */
  readonly preprocess?: Partial<Preprocess> | undefined
  /** How photographs are decoded and framed. */
  readonly decoding?: PreprocessOptions | undefined
  /** Runs the network, before and after. Default: `wasm()`. */
  readonly backend?: Backend | undefined
}
