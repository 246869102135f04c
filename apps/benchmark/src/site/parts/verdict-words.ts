/** Who won, in a sentence with human names. */

import type { Report, Verdict } from '@mobileone/measure'
import { milliseconds } from '@mobileone/site-kit/format'
import { contenderTitle, isOnGpu, threadsText } from '../names.ts'

/** Closer than this, two that cannot be told apart are called alike. */
const alike = 1.1

/** `On 1 thread, MobileOne, wasm wins with 12.4 ms; ONNX Runtime Web, wasm takes 1.42 times as long (95 % sure: 1.38 to 1.47).` */
export function verdictText(verdict: Verdict, { results, protocol }: Report): string {
  const { variant, runtime, threads, winner, lead } = verdict
  const group = results.filter(
    (one) => one.variant === variant && one.runtime === runtime && one.threads === threads,
  )
  const ms = group.find(({ contender }) => contender === winner)?.[protocol.headline] ?? 0
  const gpu = group.filter((one) => isOnGpu(one.contender)).length
  const where =
    gpu === group.length ? 'On the GPU' : `On ${threadsText(threads)}${gpu > 0 ? ' or the GPU' : ''}`
  const first = `${where}, ${contenderTitle(winner)}`
  if (!lead) return `${first}, takes ${milliseconds(ms)}, with nobody to compare with.`
  const { ratio, low, high, over } = lead
  const sure = `95 % sure: ${low.toFixed(2)} to ${high.toFixed(2)}`
  if (low <= 1 && ratio < alike)
    return `${first} and ${contenderTitle(over)} are alike at ${milliseconds(ms)} (ratio ${ratio.toFixed(2)}; ${sure}).`
  if (low <= 1)
    return `${first}, is ahead with ${milliseconds(ms)}, but it may be chance: ${contenderTitle(over)} takes ${ratio.toFixed(2)} times as long (${sure}).`
  return `${first}, wins with ${milliseconds(ms)}: ${contenderTitle(over)} takes ${ratio.toFixed(2)} times as long (${sure}).`
}
