import { networkNamed } from './networks.ts'
import type { StudyNetwork } from './study.ts'

/** How the convolutions of a probe are laid out. */
export type ProbeLayout = 'dense' | 'separable'

/** Of its 29 convolutions, those with the activation under test. */
export const probedLayers = 28

/** For people. */
export const layoutTitles: Readonly<Record<ProbeLayout, string>> = {
  dense: 'Dense 3×3 convolutions',
  separable: 'Depthwise and 1×1 convolutions',
}

/** A probe of the zoo; undefined where the zoo has none of this name. */
export function probeNetwork(layout: ProbeLayout, kind: string): StudyNetwork | undefined {
  return networkNamed(`probe_${layout}_${kind}`)
}
