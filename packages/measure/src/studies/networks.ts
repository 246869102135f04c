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
import {
  isZooName,
  type ProbeName,
  probeNetwork,
  probes,
  type ZooName,
  zoo,
  zooNetwork,
} from '@mobileone/zoo'
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

/** A bottleneck probe: a network of 30 layers, `probe_dense_silu` and the like. */
export function probeStudyNetwork(name: ProbeName): StudyNetwork {
  const { title, layout, activation, skip } = probes[name]
  const network = knownNetwork(name, title, () => probeNetwork(layout, activation, { skip }))
  return tamed.get(network) ?? tame(network)
}

const tamed = new Map<StudyNetwork, StudyNetwork>()

/**
 * Gates of large weights make a network chaotic: its logits at two roundings have nothing in common, and nothing can be checked. A
 * sixteenth of He's deviation keeps them calm, and they take as long.
 */
function tame(network: StudyNetwork): StudyNetwork {
  const calm: StudyNetwork = {
    ...network,
    make(): Model {
      const model = network.make()
      for (const [name, { data }] of Object.entries(model.weights)) {
        if (name.startsWith('act.'))
          for (let index = 0; index < data.length; index++) data[index] = (data[index] as number) / 16
      }
      return model
    },
  }
  tamed.set(network, calm)
  return calm
}

/** `network` on pictures of another size, or several at once: `s0@160`, `s0x4`. */
export function resized(
  network: StudyNetwork,
  { size, batch = 1 }: { readonly size?: number; readonly batch?: number },
): StudyNetwork {
  const id = `${network.id}${size === undefined ? '' : `@${size}`}${batch === 1 ? '' : `x${batch}`}`
  const words = [size === undefined ? [] : `${size} px`, batch === 1 ? [] : `batch ${batch}`].flat()
  const make = known.get(network.id) === network ? knownNetwork : studyNetwork
  return make(id, [network.title, ...words].join(', '), () => {
    const graph = network.graph()
    const [name = '', input] = Object.entries(graph.inputs)[0] ?? []
    const [, channels = 3, height = 224, width = 224] = input?.shape ?? []
    const sized = withInputs(graph, { [name]: [1, channels, size ?? height, size ?? width] })
    return batch === 1 ? sized : withBatch(sized, batch)
  })
}

const mobileoneNames = Object.keys(variants) as Variant[]

/**
 * The network that a name of a report means: one of MobileOne's, of the zoo or of its probes, `s0-k4-train` for MobileOne with its branches, at `@160`
 * pixels, `x4` at once.
 */
export function networkNamed(id: string): StudyNetwork | undefined {
  const [, name = '', size, batch] = /^(.+?)(?:@(\d{1,4}))?(?:x(\d{1,3}))?$/.exec(id) ?? []
  const network = plainNetwork(name)
  if (!network || name === id) return network
  return resized(network, {
    ...(size !== undefined && { size: Number(size) }),
    ...(batch !== undefined && { batch: Number(batch) }),
  })
}

function plainNetwork(name: string): StudyNetwork | undefined {
  const [, trained, k] = /^(s[0-4])-k([1-9])-train$/.exec(name) ?? []
  if (trained !== undefined) return trainedNetwork(trained as Variant, Number(k))
  const variant = mobileoneNames.find((one) => one === name)
  if (variant) return mobileoneNetwork(variant)
  if (Object.hasOwn(probes, name)) return probeStudyNetwork(name as ProbeName)
  return isZooName(name) ? zooStudyNetwork(name) : undefined
}
