import { MobileOneError, type Model, tensor, type Weight } from '@mobileone/core'
import { roundToFloat16 } from '@mobileone/core/half'

/**
 * `model` with float32 weights as float16 holds them.
 * @throws MobileOneError `invalid-argument` for a weight beyond its range.
 */
export function roundedToFloat16(model: Model): Model {
  const weights = Object.entries(model.weights).map(([name, weight]): [string, Weight] => {
    if (weight.dtype !== 'float32') return [name, weight]
    const data = roundToFloat16(weight.data.slice())
    const at = data.findIndex(
      (value, index) => !Number.isFinite(value) && Number.isFinite(weight.data[index]),
    )
    if (at >= 0) {
      throw new MobileOneError(
        'invalid-argument',
        `storage 'float16': the weight "${name}" of model "${model.name}" holds ${weight.data[at]}, beyond 65504; use 'float32'`,
      )
    }
    return [name, tensor(weight.shape, data)]
  })
  return { ...model, weights: Object.fromEntries(weights) }
}
