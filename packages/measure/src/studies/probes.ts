import type { ProbeLayout, ProbeVariant } from '@mobileone/zoo'
import { probeStudyNetwork } from './networks.ts'
import type { StudyNetwork } from './study.ts'

/** Of the 29 convolutions of a probe, those with the activation under test. */
export const probedLayers = 28

/** For people. */
export const layoutTitles: Readonly<Record<ProbeLayout, string>> = {
  dense: 'Dense 3×3 convolutions',
  separable: 'Depthwise and 1×1 convolutions',
}

/** The probe of this layout with this after its convolutions. */
export function probeOf(layout: ProbeLayout, variant: ProbeVariant): StudyNetwork {
  return probeStudyNetwork(`probe_${layout}_${variant}`)
}
