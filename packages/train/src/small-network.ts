import { type MobileOneConfig, MobileOneError } from '@mobileone/core'

/** How large the network is that `smallNetwork` configures. */
export interface SmallNetworkOptions {
  /** k: parallel branches of each block in train form. Default 2. */
  readonly branches?: number
  /** Scales the channels of every stage, rounded to multiples of 8. Default 1. */
  readonly width?: number
  /** Default 10. */
  readonly classes?: number
  /** Default 28 x 28, grey. */
  readonly input?: MobileOneConfig['input']
}

/**
 * A small MobileOne for images of about 28 x 28: stem without stride, stages of 48, 72, 128 and 256 channels at strides
 * 2, 1, 2, 1. At width 1 and ten classes 111,978 parameters folded, 7.1 million multiply-adds at 28 x 28.
 * @throws MobileOneError `invalid-argument` for a width that leaves no channels.
 */
export function smallNetwork(options: SmallNetworkOptions = {}): MobileOneConfig {
  const { branches = 2, width = 1, classes = 10 } = options
  const { input = { channels: 1, size: [28, 28] } } = options
  if (!(width > 0 && width <= 16))
    throw new MobileOneError('invalid-argument', `width must be in (0, 16], not ${width}`)
  const channels = (count: number): number => Math.max(8, 8 * Math.round((count * width) / 8))
  const stage = (blocks: number, count: number, stride: number): MobileOneConfig['stages'][number] => ({
    blocks,
    channels: channels(count),
    stride,
    branches,
    squeezeExcite: 0,
  })
  return {
    name: 'mobileone-small',
    input,
    stem: { channels: channels(24), stride: 1, branches },
    stages: [stage(1, 48, 2), stage(2, 72, 1), stage(4, 128, 2), stage(1, 256, 1)],
    classes,
  }
}
