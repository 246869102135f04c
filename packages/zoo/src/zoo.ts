import { type Form, type Graph, MobileOneError, type Preprocess, withCard } from '@mobileone/core'
import { entries, type ZooEntry, type ZooName } from './entries.ts'
import { Layers } from './layers.ts'
import { buildRecipe } from './recipe.ts'

/** Every network of the zoo. */
export const zoo: Readonly<Record<ZooName, ZooEntry>> = entries

/** The names of all networks. */
export const zooNames: readonly ZooName[] = Object.keys(entries) as ZooName[]

/** Whether the zoo has a network of this name. */
export function isZooName(name: string): name is ZooName {
  return Object.hasOwn(entries, name)
}

/** How a network of the zoo is to be built. */
export interface ZooOptions {
  /** `train`: with batch normalisation, and branches where the network has them. `deploy`: what `reparameterize` makes of that. */
  readonly form: Form
  /** Default 1000. */
  readonly classes?: number | undefined
  /** Default 3. */
  readonly inputChannels?: number | undefined
  /** Default: that of the published weights. */
  readonly size?: readonly [height: number, width: number] | undefined
  /** Of every batch normalisation. Default 1e-5. */
  readonly epsilon?: number | undefined
}

/**
 * The network `name`, without weights: input `image` [1, inputChannels, height, width], output `logits` [1, classes], and in its card how
 * pictures are prepared for it. `initialize` or `attachWeights` give it weights, named as timm names them.
 * @throws MobileOneError `invalid-argument` for a name that is not in the zoo, `invalid-model` for sizes that fit no network.
 */
export function zooNetwork(name: ZooName, options: ZooOptions): Graph {
  const entry = entryOf(name)
  const { form, classes = 1000, inputChannels = 3, size = entry.preprocess.size, epsilon = 1e-5 } = options
  const layers = new Layers(name, { form, classes, inputChannels, size, epsilon })
  const graph = buildRecipe(layers, entry.recipe)
  return inputChannels === 3 ? withCard(graph, { preprocess: resized(entry.preprocess, size) }) : graph
}

/** @throws MobileOneError `invalid-argument` for a name that is not in the zoo. */
export function entryOf(name: string): ZooEntry {
  if (isZooName(name)) return entries[name]
  throw new MobileOneError(
    'invalid-argument',
    `the zoo has no network ${JSON.stringify(name.slice(0, 80))}; it has ${zooNames.join(', ')}`,
  )
}

/** The rule for another size, with as much of the picture around what is cut out. */
function resized(rule: Preprocess, size: readonly [number, number]): Preprocess {
  const scale = Math.max(size[0] / rule.size[0], size[1] / rule.size[1])
  return { ...rule, size, resize: Math.round(rule.resize * scale) }
}
