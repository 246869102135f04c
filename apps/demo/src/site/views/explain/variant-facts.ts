import { mobileone, profile, type Variant, variants } from '@mobileone/core'

/** What one of the five networks costs, counted on its graph, and what the paper has measured of it. */
export interface VariantFacts {
  readonly variant: Variant
  readonly trainParams: number
  readonly params: number
  readonly macs: number
  readonly published: Published
}

interface Published {
  /** ImageNet-1k, of 1. */
  readonly top1: number
  /** Milliseconds on an iPhone 12. */
  readonly phoneMs: number
}

/** Table 9 of the paper. */
export const published: Readonly<Record<Variant, Published>> = {
  s0: { top1: 0.714, phoneMs: 0.79 },
  s1: { top1: 0.759, phoneMs: 0.89 },
  s2: { top1: 0.774, phoneMs: 1.18 },
  s3: { top1: 0.781, phoneMs: 1.53 },
  s4: { top1: 0.794, phoneMs: 1.86 },
}

/** Of S0 to S4, in their order. */
export function variantFacts(): VariantFacts[] {
  return (Object.keys(variants) as Variant[]).map((variant) => {
    const { params, macs } = profile(mobileone(variants[variant], { form: 'deploy' }))
    const trainParams = profile(mobileone(variants[variant], { form: 'train' })).params
    return { variant, trainParams, params, macs, published: published[variant] }
  })
}
