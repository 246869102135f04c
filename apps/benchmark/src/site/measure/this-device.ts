import { describeAdapter } from '@mobileone/measure'

/** Threads that a page gets here. */
export function threadLimit(): number {
  return crossOriginIsolated ? navigator.hardwareConcurrency || 1 : 1
}

/** Why there is but one thread; undefined where there are more. */
export function oneThreadReason(): string | undefined {
  if (crossOriginIsolated) return undefined
  return isSecureContext
    ? 'one thread only: the server of this page does not send the headers Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp'
    : 'one thread and a coarse clock only: browsers give more to https and localhost alone'
}

/** The adapter for WebGPU, for people, or why there is none. */
export type GpuFinding =
  | { readonly ok: true; readonly name: string; readonly software: boolean; readonly half: boolean }
  | { readonly ok: false; readonly reason: string }

let asked: Promise<GpuFinding> | undefined

/** Ask once for an adapter. */
export function findGpu(): Promise<GpuFinding> {
  asked ??= ask()
  return asked
}

async function ask(): Promise<GpuFinding> {
  if (!('gpu' in navigator) || !navigator.gpu) {
    const reason = isSecureContext
      ? 'this browser has no WebGPU'
      : 'browsers give WebGPU to https and localhost alone'
    return { ok: false, reason }
  }
  try {
    const adapter = await navigator.gpu.requestAdapter()
    if (!adapter) {
      return {
        ok: false,
        reason: 'this browser has WebGPU, but no GPU that it trusts: update it, or the driver of the GPU',
      }
    }
    const { name, software } = describeAdapter(adapter.info)
    return { ok: true, name, software, half: adapter.features.has('shader-f16') }
  } catch (error) {
    return { ok: false, reason: `WebGPU does not start: ${(error as Error).message}` }
  }
}
