import { readFileSync } from 'node:fs'
import { modelFromCheckpoint, readCheckpoint } from '@mobileone/checkpoint'
import type { Model } from '@mobileone/sdk'

/** What `assets/fashion-mnist.json` tells about the weights beside it. */
export interface Description {
  readonly weights: string
  readonly trained: {
    /** Makes the file again. */
    readonly command: string
    readonly images: number
    readonly epochs: number
    readonly minutes: number
  }
  /** Measured on this very file, folded; `top1` is a fraction of 1. */
  readonly test: { readonly images: number; readonly top1: number }
  readonly pictures: readonly {
    readonly image: string
    readonly class: number
    /** By the naive reference. */
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
