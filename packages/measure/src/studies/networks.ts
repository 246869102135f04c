import {
  type Graph,
  initialize,
  type MobileOneConfig,
  type Model,
  mobileone,
  type Variant,
  variants,
  withBatch,
  withInputs,
} from '@mobileone/core'
import { isZooName, type ZooName, zoo, zooNetwork } from '@mobileone/zoo'
import type { StudyNetwork } from './study.ts'

const seed = 2206

const known = new Map<string, StudyNetwork>()

/** A network of this project, made once: reading a study asks for its shapes again and again. */
function knownNetwork(id: string, title: string, graph: () => Graph): StudyNetwork {
  const network = known.get(id) ?? studyNetwork(id, title, graph)
  known.set(id, network)
  return network
}

/** A network of a study from its graph, with seeded random weights: He normal, and statistics as of a trained network. */
export function studyNetwork(id: string, title: string, graph: () => Graph): StudyNetwork {
  let built: Graph | undefined
  const once = (): Graph => (built ??= graph())
  return {
    id,
    title,
    graph: once,
    make: (): Model => initialize(once(), { seed, statistics: 'random' }),
  }
}

/** MobileOne in its deploy form: `s0` to `s4`. */
export function mobileoneNetwork(variant: Variant): StudyNetwork {
  return knownNetwork(variant, `MobileOne-${variant.toUpperCase()}`, () =>
    mobileone(variants[variant], { form: 'deploy' }),
  )
}

/** MobileOne as it is trained, with `branches` convolution branches in every block after the stem: `s0-k4-train`. */
export function trainedNetwork(variant: Variant, branches: number): StudyNetwork {
  const config: MobileOneConfig = {
    ...variants[variant],
    stages: variants[variant].stages.map((stage) => ({ ...stage, branches })),
  }
  return knownNetwork(
    `${variant}-k${branches}-train`,
    `MobileOne-${variant.toUpperCase()}, k = ${branches}, with its branches`,
    () => mobileone(config, { form: 'train' }),
  )
}

/** A network of the zoo in its deploy form. */
export function zooStudyNetwork(name: ZooName): StudyNetwork {
  return knownNetwork(name, zoo[name].title, () => zooNetwork(name, { form: 'deploy' }))
}

/** `network` on pictures of another size, or several at once: `s0-160px`, `s0-batch4`. */
export function resized(
  network: StudyNetwork,
  { size, batch = 1 }: { readonly size?: number; readonly batch?: number },
): StudyNetwork {
  const parts = [size === undefined ? [] : `${size}px`, batch === 1 ? [] : `batch${batch}`].flat()
  const words = [size === undefined ? [] : `${size} px`, batch === 1 ? [] : `batch ${batch}`].flat()
  const make = known.get(network.id) === network ? knownNetwork : studyNetwork
  return make([network.id, ...parts].join('-'), [network.title, ...words].join(', '), () => {
    const graph = network.graph()
    const [name = '', input] = Object.entries(graph.inputs)[0] ?? []
    const [, channels = 3, height = 224, width = 224] = input?.shape ?? []
    const sized = withInputs(graph, { [name]: [1, channels, size ?? height, size ?? width] })
    return batch === 1 ? sized : withBatch(sized, batch)
  })
}

const mobileoneNames = Object.keys(variants) as Variant[]

/** The network that a name of a report means, where it is one of MobileOne's or of the zoo. */
export function networkNamed(id: string): StudyNetwork | undefined {
  const variant = mobileoneNames.find((name) => name === id)
  if (variant) return mobileoneNetwork(variant)
  return isZooName(id) ? zooStudyNetwork(id) : undefined
}
