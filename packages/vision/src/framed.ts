/** Regions, turns and fits: loaded by the first picture that asks for one. */
import type { Framing, Preprocess } from '@mobileone/core'
import { placementOf } from '@mobileone/core/framing'
import type { Frame } from './frame.ts'
import { beforeTurn, turn } from './turn.ts'

/** @throws MobileOneError `invalid-input` where the region is not inside of the picture, which `name` names. */
export function frameBy(
  width: number,
  height: number,
  rule: Preprocess,
  framing: Framing,
  name: string,
): Frame {
  const placement = placementOf(width, height, rule, framing, name)
  const { rotate, flip } = placement
  if (rotate === 0 && !flip) return { ...placement, turn: undefined }
  return {
    ...placement,
    turn: {
      isSideways: rotate % 180 !== 0,
      before: (window, ...size) => beforeTurn(window, ...size, placement),
      apply: (image) => turn(image, placement),
    },
  }
}
