import { MobileOneError } from '@mobileone/core'
import { activationsStudy } from './activations.ts'
import { blocksStudy } from './blocks.ts'
import { branchesStudy } from './branches.ts'
import { predictorsStudy } from './predictors.ts'
import { resolutionStudy } from './resolution.ts'
import type { Study, StudyChoice, StudyName, StudyNetwork } from './study.ts'
import { zooStudy } from './zoo.ts'

/** Every study. */
export const studies: Readonly<Record<StudyName, Study>> = {
  activations: activationsStudy,
  blocks: blocksStudy,
  branches: branchesStudy,
  zoo: zooStudy,
  predictors: predictorsStudy,
  resolution: resolutionStudy,
}

/** Their names, in the paper's order. */
export const studyNames: readonly StudyName[] = Object.keys(studies) as StudyName[]

/**
 * The study of this name.
 * @throws MobileOneError `invalid-argument` for a name that none has.
 */
export function studyNamed(name: string): Study {
  if (Object.hasOwn(studies, name)) return studies[name as StudyName]
  throw new MobileOneError(
    'invalid-argument',
    `there is no study ${JSON.stringify(name.slice(0, 80))}; there are ${studyNames.join(', ')}`,
  )
}

/** The networks of several studies, each once: what one measurement for all of them takes. */
export function networksOfStudies(names: readonly StudyName[], choice: StudyChoice = {}): StudyNetwork[] {
  const all = names.flatMap((name) => studies[name].networks(choice))
  return [...new Map(all.map((network) => [network.id, network])).values()]
}
