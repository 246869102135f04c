/** What `npm run tune` runs in the browser or in Node. */
import { profile, type variants } from '@mobileone/core'
import { detectSimd } from '../src/detect-simd.ts'
import { type Layer, timeLayers } from './layers.ts'
import { type NetworkTimes, timeNetwork } from './network.ts'
import { randomNetwork } from './random-network.ts'
import { startPeak } from './timing.ts'

export { measureBuilds } from './builds.ts'
export { measureInt8 } from './int8.ts'

export interface Report extends NetworkTimes {
  readonly simd: string
  readonly layers: readonly Layer[]
  readonly flop: number
}

/** @param each Whether to time every layer alone, with every kernel, before the whole network. */
export async function measure(
  variant: keyof typeof variants,
  rounds: number,
  each: boolean,
): Promise<Report> {
  const simd = (await detectSimd()) ?? 'plain'
  const model = randomNetwork(variant)
  const macs = new Map(profile(model).layers.map((layer) => [layer.node, layer.macs]))
  const flopOf = (node: string): number => 2 * (macs.get(node) ?? 0)
  const kernels = await startPeak(simd)
  const layers = each ? await timeLayers(model, simd, rounds, kernels, flopOf) : []
  const times = await timeNetwork(model, rounds, kernels, flopOf)
  const flop = [...macs.values()].reduce((sum, count) => sum + 2 * count, 0)
  return { ...times, simd, layers, flop }
}
