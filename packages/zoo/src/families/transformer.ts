import type { Unary } from '@mobileone/core'
import type { Layers } from '../layers.ts'

/** Blocks of attention and a perceptron, each on what a layer normalisation makes of its input (Dosovitskiy et al. 2021, arXiv 2010.11929). */
export interface TransformerOptions {
  readonly blocks: number
  /** Divides the length of a token. */
  readonly heads: number
  /** Length of the perceptron's hidden layer, in tokens' lengths. */
  readonly expansion: number
  readonly activation: Unary['op']
  /** Of the layer normalisations. */
  readonly epsilon: number
}

/** On tokens [N, T, D], with timm's names for the weights: `<name>.<block>`. */
export function addTransformer(
  layers: Layers,
  name: string,
  input: string,
  options: TransformerOptions,
): string {
  const { net } = layers
  const { blocks, expansion, activation, epsilon } = options
  let value = input
  for (let index = 0; index < blocks; index++) {
    const block = `${name}.${index}`
    const features = net.shape(value)[2] as number
    const attended = addAttention(
      layers,
      `${block}.attn`,
      net.layerNorm(`${block}.norm1`, value, { epsilon }),
      options,
    )
    value = net.add(`${block}.add1`, value, attended)
    const norm = net.layerNorm(`${block}.norm2`, value, { epsilon })
    const hidden = net.linear(`${block}.mlp.fc1`, norm, { features: expansion * features })
    const mixed = net.linear(`${block}.mlp.fc2`, layers.activation(activation, hidden), { features })
    value = net.add(`${block}.add2`, value, mixed)
  }
  return value
}

/** Every token looks at all: `softmax(q k^T / sqrt(d)) v` for each head of length d (Vaswani et al. 2017, arXiv 1706.03762). */
function addAttention(layers: Layers, name: string, input: string, { heads }: TransformerOptions): string {
  const { net } = layers
  const features = net.shape(input)[2] as number
  const size = features / heads
  const all = net.linear(`${name}.qkv`, input, { features: 3 * features })
  // Heads in front of tokens, those of q, then of k, then of v.
  const parted = net.reshape(`${name}.parted`, all, [0, 0, 3 * heads, size])
  const turned = net.transpose(`${name}.turned`, parted, [0, 2, 1, 3])
  const [q = '', k = '', v = ''] = ['q', 'k', 'v'].map((part, index) =>
    net.slice(`${name}.${part}`, turned, { start: index * heads, end: (index + 1) * heads }),
  )
  const scores = net.matmul(`${name}.scores`, q, k, { transposeB: true, scale: size ** -0.5 })
  const mixed = net.matmul(`${name}.mixed`, net.softmax(`${name}.softmax`, scores), v)
  const rows = net.transpose(`${name}.rows`, mixed, [0, 2, 1, 3])
  return net.linear(`${name}.proj`, net.reshape(`${name}.joined`, rows, [0, 0, features]), { features })
}

/** The pixels of a map as tokens, row by row: [N, C, H, W] to [N, H W, C]. */
export function addTokens({ net }: Layers, name: string, map: string): string {
  const flat = net.reshape(`${name}.flat`, map, [0, 0, -1])
  return net.transpose(`${name}.tokens`, flat, [0, 2, 1])
}

/** The inverse of {@link addTokens}. */
export function addMap(
  { net }: Layers,
  name: string,
  tokens: string,
  [height, width]: readonly [height: number, width: number],
): string {
  const channels = net.transpose(`${name}.channels`, tokens, [0, 2, 1])
  return net.reshape(`${name}.map`, channels, [0, 0, height, width])
}
