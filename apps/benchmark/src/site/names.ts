/** Human names for the ids that reports hold. */
import { networkNamed } from '@mobileone/measure/studies'
import { gpuLineup, halfLineup, int8Lineup, lineup } from '../lineup.ts'
import { catalogue } from './networks/catalogue.ts'
import { parseNetworkId } from './networks/network-id.ts'

const contenders = new Map(
  [...lineup, ...int8Lineup, ...gpuLineup, ...halfLineup].map((entry) => [entry.name, entry]),
)

/** `ONNX Runtime Web, wasm` for `ort-wasm`; an id nobody knows stays as it is. */
export function contenderTitle(id: string): string {
  return contenders.get(id)?.short ?? id
}

/** `MobileOne-S0, 160 px, batch 8` for `s0@160x8`; an id nobody knows stays as it is. */
export function networkTitle(id: string): string {
  const parsed = parseNetworkId(id)
  if (!parsed) return id
  const { network, size, batch } = parsed
  const title =
    network === 'own'
      ? 'Your network'
      : (catalogue.get(network)?.title ?? networkNamed(network)?.title ?? network)
  return [title, size === undefined ? '' : `${size} px`, batch === 1 ? '' : `batch ${batch}`]
    .filter((part) => part !== '')
    .join(', ')
}

/** `2 threads`. */
export function threadsText(threads: number): string {
  return threads === 1 ? '1 thread' : `${threads} threads`
}

/** Whether a contender is of this project. */
export function isOurs(contender: string): boolean {
  return contender.startsWith('mobileone-')
}

/** Whether a contender computes on the GPU, where threads say nothing. */
export function isOnGpu(contender: string): boolean {
  return contenders.get(contender)?.usesGpu === true
}

/** `ONNX Runtime Web, wasm, 2 threads`; `MobileOne, WebGPU`. */
export function laneTitle({
  contender,
  threads,
}: {
  readonly contender: string
  readonly threads: number
}): string {
  const title = contenderTitle(contender)
  return isOnGpu(contender) ? title : `${title}, ${threadsText(threads)}`
}
