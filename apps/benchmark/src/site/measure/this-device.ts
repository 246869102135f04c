import { describeAdapter, type Machine } from '@mobileone/measure'

interface NavigatorHints {
  /** Chromium: GiB, rounded and capped for privacy. */
  readonly deviceMemory?: number
  readonly userAgentData?: {
    readonly platform: string
    readonly brands: readonly { readonly brand: string; readonly version: string }[]
  }
}

const hints = navigator as Navigator & NavigatorHints

/** `Chromium 140`. */
export function browserName(): string {
  const brand = hints.userAgentData?.brands.find(({ brand }) => !/not.?a.?brand/i.test(brand))
  if (brand) return `${brand.brand} ${brand.version}`
  return /(?:Firefox|Version|Chrome)\/[\d.]+/.exec(navigator.userAgent)?.[0]?.replace('/', ' ') ?? 'unknown'
}

/** As far as a browser tells. */
export function describeDevice(): Machine {
  return {
    cpu: 'browsers do not tell',
    cores: navigator.hardwareConcurrency,
    memoryBytes: (hints.deviceMemory ?? 0) * 2 ** 30,
    platform: hints.userAgentData?.platform || navigator.platform,
  }
}

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
