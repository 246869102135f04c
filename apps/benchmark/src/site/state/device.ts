/** What the device of this visitor has, for every page that measures. */
import { computed, type ReadonlySignal, signal } from '@preact/signals'
import { findGpu, type GpuFinding, threadLimit } from '../measure/this-device.ts'

/** What a device has, as far as it matters here. */
export interface DeviceFacts {
  /** Threads that pages get. */
  readonly threads: number
  /** Why there is no WebGPU, undefined where there is. */
  readonly noGpu: string | undefined
  /** Why there is no float16 on it, undefined where there is. */
  readonly noHalf: string | undefined
}

const foundGpu = signal<GpuFinding | undefined>(undefined)
void findGpu().then((finding) => {
  foundGpu.value = finding
})
/** Undefined until the browser has told. */
export const gpu: ReadonlySignal<GpuFinding | undefined> = foundGpu

/** Of this visitor. */
export const device: ReadonlySignal<DeviceFacts> = computed(() => {
  const found = foundGpu.value
  const noGpu = found?.ok === false ? found.reason : undefined
  const noHalf = found?.ok && !found.half ? 'this GPU does not compute in float16' : undefined
  return { threads: threadLimit(), noGpu, noHalf }
})
