import { toSafetensors } from '@mobileone/checkpoint/lazy'
import { type Model, type Preprocess, withOutputs } from '@mobileone/core'
import type { ImageSource } from '@mobileone/vision'
import type { PictureOptions } from '../run-options.ts'
import { quantizeOn } from './calibrated.ts'
import type { CalibrationOptions } from './options.ts'
import type { QuantizedFile, QuantizeRunOptions } from './quantized.ts'

/** The network of a classifier in the int8 form, see `Classifier.quantize`. */
export async function quantizedFile(
  {
    model,
    rule,
    lib,
  }: { readonly model: Model; readonly rule: Preprocess; readonly lib?: PictureOptions['lib'] },
  photographs: readonly ImageSource[] | undefined,
  options: QuantizeRunOptions,
): Promise<QuantizedFile> {
  const { logits } = model.outputs
  const classifying = logits === undefined ? model : withOutputs(model, { logits })
  const made = await quantizeOn(classifying, photographs, options as CalibrationOptions, {
    rule,
    decoding: { ...(lib && { lib }), ...options },
    backend: undefined,
  })
  return { bytes: toSafetensors(made.model), report: made.report }
}
