import type { Graph } from '@mobileone/core'
import type { Layers } from '../layers.ts'
import { addTokens, addTransformer } from './transformer.ts'

/** A vision transformer (Dosovitskiy et al. 2021, arXiv 2010.11929), as DeiT trains it (Touvron et al. 2021, arXiv 2012.12877). */
export interface VitRecipe {
  readonly family: 'vit'
  /** Pixels of a side of a patch, which makes one token. */
  readonly patch: number
  /** Length of a token. */
  readonly features: number
  readonly blocks: number
  readonly heads: number
}

const epsilon = 1e-6

/** Position embeddings fix the size of the input. */
export function buildVit(layers: Layers, { patch, features, blocks, heads }: VitRecipe): Graph {
  const { net } = layers
  const embedded = net.conv('patch_embed.proj', 'image', {
    channels: features,
    kernel: patch,
    stride: patch,
    padding: 0,
  })
  const patches = addTokens(layers, 'patch_embed', embedded)
  const first = net.parameter('cls_token', 'image', [1, 1, features])
  const all = net.concat('patch_embed.all', [first, patches])
  const places = net.parameter('pos_embed', 'image', [1, net.shape(all)[1] as number, features])
  const tokens = addTransformer(layers, 'blocks', net.add('patch_embed.placed', all, places), {
    blocks,
    heads,
    expansion: 4,
    activation: 'gelu',
    epsilon,
  })
  const norm = net.layerNorm('norm', tokens, { epsilon })
  return layers.classifyPooled('head', net.slice('norm.first', norm, { start: 0, end: 1 }))
}
