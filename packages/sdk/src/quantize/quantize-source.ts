import type { Quantized } from '@mobileone/core'
import { assumedPreprocess } from '../assumed-card.ts'
import { loadDeployModel, type ModelSource } from '../load.ts'
import { quantizeOn } from './calibrated.ts'
import type { QuantizeOptions } from './source-options.ts'

/** See `quantize`, which loads this. */
export async function quantizeSource(source: ModelSource, options: QuantizeOptions): Promise<Quantized> {
  const { photographs, backend, preprocess, decoding = {}, ...others } = options
  const model = await loadDeployModel(source, options)
  const rule = { ...(photographs && assumedPreprocess(model)), ...preprocess }
  return quantizeOn(model, photographs, others, { rule: rule as never, decoding, backend })
}
