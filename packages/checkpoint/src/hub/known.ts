/** The published ImageNet-1k weights of one variant, in the forms their authors serve. */
export interface KnownSource {
  /** Train form, safetensors, timm's key names. */
  readonly hub: string
  /** Apple's own files, PyTorch. */
  readonly apple: { readonly unfused: string; readonly fused: string }
  /** How the hub tags it. The text: https://github.com/apple/ml-mobileone/blob/main/LICENSE */
  readonly licence: 'mobileone-license'
}

function known(variant: string): KnownSource {
  const apple = `https://docs-assets.developer.apple.com/ml-research/datasets/mobileone/mobileone_${variant}`
  return {
    hub: `timm/mobileone_${variant}.apple_in1k`,
    apple: { unfused: `${apple}_unfused.pth.tar`, fused: `${apple}.pth.tar` },
    licence: 'mobileone-license',
  }
}

/** Where the released S0-S4 weights are, as data; any of these strings is a source for `fetchWeights`. */
export const knownSources: Readonly<Record<'s0' | 's1' | 's2' | 's3' | 's4', KnownSource>> = {
  s0: known('s0'),
  s1: known('s1'),
  s2: known('s2'),
  s3: known('s3'),
  s4: known('s4'),
}
