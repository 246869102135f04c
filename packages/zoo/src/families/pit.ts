import type { Graph } from '@mobileone/core'
import type { Layers } from '../layers.ts'
import { addMap, addTokens, addTransformer } from './transformer.ts'

/** A pooling-based vision transformer (Heo et al. 2021, arXiv 2103.16302): between its stages a map has fewer pixels and more channels. */
export interface PitRecipe {
  readonly family: 'pit'
  /** Pixels of a side of a patch, and from one to the next. */
  readonly patch: number
  readonly stride: number
  /** Length of a token in the first stage; each further one doubles it. */
  readonly features: number
  readonly stages: readonly (readonly [blocks: number, heads: number])[]
}

const epsilon = 1e-6

/** With timm's names for the weights: `transformers.<stage>`. Position embeddings fix the size of the input. */
export function buildPit(layers: Layers, { patch, stride, features, stages }: PitRecipe): Graph {
  const { net } = layers
  const embedded = net.conv('patch_embed.conv', 'image', {
    channels: features,
    kernel: patch,
    stride,
    padding: 0,
  })
  const [, ...size] = net.shape(embedded)
  let map = net.add('patch_embed', embedded, net.parameter('pos_embed', 'image', [1, ...size]))
  let first = net.parameter('cls_token', 'image', [1, 1, features])
  for (const [index, [blocks, heads]] of stages.entries()) {
    const stage = `transformers.${index}`
    if (index > 0) {
      const channels = layers.channels(map)
      map = net.conv(`${stage}.pool.conv`, map, {
        channels: 2 * channels,
        kernel: 3,
        stride: 2,
        groups: channels,
      })
      first = net.linear(`${stage}.pool.fc`, first, { features: 2 * channels })
    }
    const [, , height = 1, width = 1] = net.shape(map)
    const options = { blocks, heads, expansion: 4, activation: 'gelu', epsilon } as const
    const all = net.concat(`${stage}.all`, [first, addTokens(layers, stage, map)])
    const tokens = addTransformer(layers, `${stage}.blocks`, all, options)
    first = net.slice(`${stage}.first`, tokens, { start: 0, end: 1 })
    if (index < stages.length - 1) {
      const rest = net.slice(`${stage}.rest`, tokens, { start: 1, end: 1 + height * width })
      map = addMap(layers, stage, rest, [height, width])
    }
  }
  return layers.classifyPooled('head', net.layerNorm('norm', first, { epsilon }))
}
