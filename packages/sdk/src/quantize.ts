import type { Quantized } from '@mobileone/core'
import type { ModelSource } from './load.ts'
import type { QuantizeOptions } from './quantize/source-options.ts'

/**
 * The int8 form of the model at `source`, folded first where it has branches: a quarter of the bytes, and less time a run on
 * backends that compute in integers. `toSafetensors(model)` makes the file of it. On another thread: `classifier.quantize`.
 * @throws MobileOneError as `loadDeployModel`; `invalid-argument` for a model that is in int8 already, for no photographs where the
 * list is empty; the error of a photograph that cannot be read, `invalid-file` where none can, `aborted`.
 */
export async function quantize(source: ModelSource, options: QuantizeOptions = {}): Promise<Quantized> {
  const { quantizeSource } = await import('./quantize/quantize-source.ts')
  return quantizeSource(source, options)
}
