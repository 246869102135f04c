/** The networks that the workload can measure: MobileOne, and those of the zoo. */
import { initialize, type Model, type Variant, variants } from '@mobileone/core'
import { randomDeployModel } from '@mobileone/measure'
import { isZooName, type ZooName, zoo, zooNames, zooNetwork } from '@mobileone/zoo'

export type WorkloadNetwork = Variant | ZooName

const seed = 2206
const mobileoneNames = Object.keys(variants) as Variant[]

/** MobileOne first. */
export const networkNames: readonly WorkloadNetwork[] = [...mobileoneNames, ...zooNames]

/** As people write it. */
export function workloadTitle(network: WorkloadNetwork): string {
  return isZooName(network) ? zoo[network].title : `MobileOne-${network.toUpperCase()}`
}

/** In deploy form, with random weights of a seed, which take as long as real ones. */
export function workloadModel(network: WorkloadNetwork): Model {
  return isZooName(network)
    ? initialize(zooNetwork(network, { form: 'deploy' }), { seed, statistics: 'random' })
    : randomDeployModel(variants[network])
}
