import { MobileOneError, type Model } from '@mobileone/sdk'
import { namedOutputs } from '@mobileone/sdk/network'

/**
 * The name of the last feature map [N, C, H / stride, W / stride] of a MobileOne.
 * @throws MobileOneError `invalid-argument` where `backbone` is another network, or has no map of that stride.
 */
export function featureMap(backbone: Model, stride: 4 | 8 | 16 | 32): string {
  const name = backbone.config && namedOutputs(backbone.config)[`stride${stride}`]
  if (name !== undefined) return name
  throw new MobileOneError(
    'invalid-argument',
    `"${backbone.name}" has no feature map of stride ${stride}; give a MobileOne`,
  )
}
