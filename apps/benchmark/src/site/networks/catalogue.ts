/** The networks that can be picked, by family, with names for people. */
import { mobileone, profile, type Variant, variants } from '@mobileone/core'
import { probeNames, probes, type ZooName, zoo } from '@mobileone/zoo'

export interface CatalogueNetwork {
  readonly name: string
  readonly title: string
  /** Height and width it is meant for. */
  readonly size: number
  /** Multiply-accumulates at that size, deploy form. */
  readonly macs: number
}

export interface Family {
  readonly title: string
  /** What its networks are for, where their names do not say it. */
  readonly about?: string
  readonly networks: readonly CatalogueNetwork[]
}

const zooFamilies: readonly (readonly [title: string, prefixes: RegExp])[] = [
  ['MobileNet', /^mobilenetv/],
  ['MnasNet, MixNet, FBNet', /^(mnasnet|semnasnet|mixnet|fbnet)/],
  ['EfficientNet, TinyNet', /^(efficientnet|tinynet)/],
  ['MobileNeXt', /^mobilenext/],
  ['ShuffleNet, GhostNet', /^(shufflenet|ghostnet)/],
  ['RepVGG', /^repvgg/],
  ['ResNet', /^resnet/],
]

function zooNetworkOf(name: ZooName): CatalogueNetwork {
  const { title, preprocess, macs } = zoo[name]
  return { name, title, size: preprocess.size[0], macs }
}

const zooNames = Object.keys(zoo) as ZooName[]
const named = new Set(zooFamilies.flatMap(([, pattern]) => zooNames.filter((name) => pattern.test(name))))
const others = zooNames.filter((name) => !named.has(name))

/** Every network, MobileOne first. */
export const families: readonly Family[] = [
  {
    title: 'MobileOne',
    networks: (Object.keys(variants) as Variant[]).map((name) => ({
      name,
      title: `MobileOne-${name.toUpperCase()}`,
      size: variants[name].input.size[0],
      macs: profile(mobileone(variants[name], { form: 'deploy' })).macs,
    })),
  },
  ...zooFamilies.map(([title, pattern]) => ({
    title,
    networks: zooNames.filter((name) => pattern.test(name)).map(zooNetworkOf),
  })),
  ...(others.length > 0 ? [{ title: 'Transformers', networks: others.map(zooNetworkOf) }] : []),
  {
    title: 'Bottleneck probes',
    about:
      'Thirty layers that differ in one thing, for what an activation, a skip or squeeze-and-excite costs. The study “activations” reads them.',
    networks: probeNames.map((name) => ({
      name,
      title: probes[name].title,
      size: 224,
      macs: probes[name].macs,
    })),
  },
]

/** All of them, by name. */
export const catalogue: ReadonlyMap<string, CatalogueNetwork> = new Map(
  families.flatMap(({ networks }) => networks.map((network) => [network.name, network])),
)
