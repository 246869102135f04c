import { initialize, type Model, mobileone } from '@mobileone/core'
import { smallNetwork, withoutBranches } from '@mobileone/train'
import type { PreparedData } from './prepared-data.ts'
import type { Settings } from './settings.ts'

/** `branches`: MobileOne as the paper trains it. `plain`: the network it folds into, trained as it is. */
export type NetworkForm = 'branches' | 'plain'

/** The network to train, with its first weights: for both forms the same network once it is folded. */
export function networkOf(form: NetworkForm, settings: Settings, data: PreparedData): Model {
  const graph = mobileone(
    smallNetwork({
      branches: form === 'plain' ? 1 : settings.branches,
      width: settings.width,
      classes: data.labels.length,
      input: { channels: data.channels, size: [data.size, data.size] },
    }),
    { form: 'train' },
  )
  return initialize(form === 'plain' ? withoutBranches(graph) : graph, {
    seed: settings.seed,
    scheme: 'pytorch',
  })
}
