import type { Backend, Preprocess, Quantized } from '@mobileone/core'
import type { ImageSources, PreprocessOptions } from '@mobileone/vision'
import type { LoadOptions, ModelSource } from './load.ts'
import type { CalibrationOptions } from './quantize/options.ts'

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

/**
 * The int8 form of the model at `source`, folded first where it has branches: a quarter of the bytes, and about half the time of a run
 * on backends that compute in integers. `toSafetensors(model)` makes the file of it. On another thread: `classifier.quantize`.
 * @throws MobileOneError as `loadDeployModel`; `invalid-argument` for a model that is in int8 already, for no photographs where the
 * list is empty; the error of a photograph that cannot be read, `invalid-file` where none can, `aborted`.
 */
export async function quantize(source: ModelSource, options: QuantizeOptions = {}): Promise<Quantized> {
  const { quantizeSource } = await import('./quantize/quantize-source.ts')
  return quantizeSource(source, options)
}
