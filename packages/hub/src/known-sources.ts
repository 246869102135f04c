import { type Variant, variants } from '@mobileone/core'

/** The published ImageNet-1k weights of one variant, in the forms their authors serve. */
export interface KnownSource {
  /** Train form, safetensors, timm's key names. */
  readonly hub: string
  /** Apple's own files, PyTorch. */
  readonly apple: { readonly unfused: string; readonly fused: string }
  /** How the hub tags it. The text: https://github.com/apple/ml-mobileone/blob/main/LICENSE */
  readonly licence: 'mobileone-license'
}

/** Where the released weights of every variant are, as data; any of these strings is a source for `fetchWeights`. */
export const knownSources: Readonly<Record<Variant, KnownSource>> = Object.fromEntries(
  Object.entries(variants).map(([variant, { name }]) => [variant, published(name)]),
) as Record<Variant, KnownSource>

function published(name: string): KnownSource {
  const apple = `https://docs-assets.developer.apple.com/ml-research/datasets/mobileone/${name}`
  return {
    hub: `timm/${name}.apple_in1k`,
    apple: { unfused: `${apple}_unfused.pth.tar`, fused: `${apple}.pth.tar` },
    licence: 'mobileone-license',
  }
}
