import type { Checkpoint, ModelFromCheckpointOptions } from '@mobileone/checkpoint'
import { type Architecture, modelOfArchitecture } from '@mobileone/checkpoint/architectures'
import type { Model } from '@mobileone/core'
import type { ZooName } from './entries.ts'
import { repvggNaming } from './naming/repvgg.ts'
import { torchvisionNamings } from './naming/torchvision.ts'
import { entryOf, zooNames, zooNetwork } from './zoo.ts'

/** What names and shapes do not tell. */
export interface ZooModelOptions extends ModelFromCheckpointOptions {
  /** Which network it must be. Default: the one whose names and shapes the checkpoint has. */
  readonly network?: string | undefined
}

/**
 * The model a checkpoint of timm, torchvision or RepVGG's authors holds, in the form it has there. Classes and input channels are read from it; its card says
 * how pictures are prepared. TinyNets are taken for timm's, with SiLU, unless `network` is `tinynet_d` or `tinynet_e`.
 * @throws MobileOneError `missing-weights` where it is no network of the zoo, or not `network`, listing every missing, extra and mis-shaped key by
 * its name in the file; `invalid-argument` for a `network` that the zoo does not have.
 */
export function zooModelFromCheckpoint(checkpoint: Checkpoint, options: ZooModelOptions = {}): Model {
  const { network, ...rest } = options
  if (network === undefined) return modelOfArchitecture(checkpoint, published.map(architecture), rest)
  entryOf(network)
  return modelOfArchitecture(checkpoint, [architecture(network as ZooName)], rest)
}

/** Networks of equal names and shapes stand in the order in which they are assumed. */
const published = [...zooNames].sort((a, b) => Number(isUnpublished(a)) - Number(isUnpublished(b)))

function isUnpublished(name: ZooName): boolean {
  return entryOf(name).published === undefined
}

function architecture(name: ZooName): Architecture {
  const { recipe } = entryOf(name)
  const naming = recipe.family === 'repvgg' ? repvggNaming(recipe) : torchvisionNamings[name]
  return { name, build: (options) => zooNetwork(name, options), ...(naming && { namings: [naming] }) }
}
