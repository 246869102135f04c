import type { NetworkLibrary } from '@mobileone/checkpoint'
import { MobileOneError } from '@mobileone/core'
import manifest from '../package.json' with { type: 'json' }
import type { ZooName } from './entries.ts'
import { zooModelFromCheckpoint } from './model-from-weights.ts'
import { entryOf, isZooName } from './zoo.ts'

/** What `zooNetworks` takes. */
export interface ZooNetworksOptions {
  /** The network that every checkpoint must be. Default: what its names and shapes tell. */
  readonly network?: ZooName | undefined
}

/**
 * The zoo for a loader: `createClassifier({ model: 'resnet18', networks: zooNetworks() })` of `@mobileone/sdk` takes the names of the zoo, and
 * files of its weights.
 */
export function zooNetworks({ network }: ZooNetworksOptions = {}): NetworkLibrary {
  return {
    id: `zoo-${manifest.version}${network === undefined ? '' : `-${network}`}`,
    weightsOf: (name) => (isZooName(name) ? publishedSource(name) : undefined),
    read: (checkpoint, options, name) =>
      zooModelFromCheckpoint(checkpoint, { ...options, network: name ?? network }),
  }
}

/**
 * Where the published weights of a network are: a hub id or an address.
 * @throws MobileOneError `unavailable` where nobody publishes them.
 */
export function publishedSource(name: ZooName): string {
  const { published, title } = entryOf(name)
  if (published) return published.source
  const silu = `${name}_silu`
  const other = isZooName(silu) ? `; those of ${silu} are` : ''
  throw new MobileOneError(
    'unavailable',
    `no weights of ${title} are published where a program can get them${other}; give a file of them and network: '${name}'`,
  )
}
