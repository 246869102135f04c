import { type Graph, profile } from '@mobileone/core'
import type { StudyNetwork } from './study.ts'

const profiles = new WeakMap<Graph, ReturnType<typeof profile>>()

/** What `profile` counts of a network, which studies ask for again and again; counted once. */
export function profileOf(network: StudyNetwork): ReturnType<typeof profile> {
  const graph = network.graph()
  const known = profiles.get(graph) ?? profile(graph)
  profiles.set(graph, known)
  return known
}
