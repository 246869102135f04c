import { readFileSync } from 'node:fs'
import { type MobileOneConfig, type Model, modelFromCheckpoint, readCheckpoint } from '@mobileone/sdk'

/** What `assets/fashion-mnist.json` tells about the weights beside it. */
export interface Description {
  readonly config: MobileOneConfig
  readonly weights: string
  readonly labels: readonly string[]
  readonly source: string
  /** Measured by PyTorch on this very file; `top1` in percent. */
  readonly test: { readonly images: number; readonly top1: number }
  readonly reference: readonly {
    readonly image: string
    readonly class: number
    readonly logits: readonly number[]
  }[]
}

const assets = new URL('../assets/', import.meta.url)

export function assetUrl(path: string): URL {
  return new URL(path, assets)
}

export function readDescription(): Description {
  return JSON.parse(readFileSync(assetUrl('fashion-mnist.json'), 'utf8')) as Description
}

/** The embedded model in train form, as its checkpoint has it. */
export function readModel({ weights }: Pick<Description, 'weights'>): Model {
  return modelFromCheckpoint(readCheckpoint(readFileSync(assetUrl(weights))))
}
