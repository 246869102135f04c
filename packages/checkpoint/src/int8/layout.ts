/**
 * How a safetensors file holds weights in int8: an I8 tensor under the weight's own name, what its elements are worth in tensors
 * beside it, and in the metadata the form, so that int8 tensors of other files stay plain numbers.
 *
 *     <name>         I8  [out, ...]
 *     <name>.scale   F32 [out]        worth of a level
 *     <name>.zero    I8  [out]        level of 0; all 0 where absent
 *     <name>.diag    F32 [out]        for the diagonal of a square pointwise layer
 *     <name>.input   F32 [in]         worth of a step of the layer's input: computed in integers
 *
 * Of a float reader element (o, c) is `scale[o] (I8 - zero[o]) / input[c]`, and `diag[o]` more where o = c.
 */
import type { QuantizedTensor } from '@mobileone/core'

/** What stands beside the elements of a weight in int8. */
export type Levels = Pick<QuantizedTensor, 'scales' | 'zeroPoints' | 'diagonal' | 'inputSteps'>

/** What the key of each part ends in. */
export const partEndings: Readonly<Record<keyof Levels, string>> = {
  scales: '.scale',
  zeroPoints: '.zero',
  diagonal: '.diag',
  inputSteps: '.input',
}

/** The entries of the metadata: the form, and the version of this layout. */
export const formKey = 'quantization'
export const versionKey = 'version'
export const layoutVersion = '1'

/** Weights alone in int8, or inputs in 7 bits too. */
export const forms: readonly string[] = ['w8', 'w8a7']
