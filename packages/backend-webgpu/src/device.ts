/** Where the device comes from: the caller's own, or one that the executors of a backend share while any of them lives. */
import { MobileOneError } from '@mobileone/core'
import { hardware, type Parallelism, software } from './choose.ts'

/** Which GPU to compute on, and in which precision. */
export interface DeviceOptions {
  /** The caller's device. It is used as it is and never destroyed. */
  readonly device?: GPUDevice
  /** The entry point of WebGPU. Default `navigator.gpu`; in Node `create([])` of the package `webgpu`. */
  readonly gpu?: GPU
  /** Which adapter to ask for where there are several. Default: the browser's choice. */
  readonly powerPreference?: 'low-power' | 'high-performance'
  /** `f16-storage` keeps weights and feature maps as float16 and sums in float32; it needs the feature `shader-f16`. */
  readonly precision?: 'f32' | 'f16-storage'
}

/** A device in use. */
export interface Held {
  readonly device: GPUDevice
  readonly owned: boolean
  /** Why the device was lost. */
  lost: string | undefined
  /** Say once that it is no longer used. */
  release(): void
}

interface Shared extends Omit<Held, 'release'> {
  users: number
}

/** New devices tried before giving up. */
const ATTEMPTS = 3

export class DeviceSource {
  readonly #options: DeviceOptions
  #shared: Promise<Shared> | undefined
  #given: Shared | undefined

  constructor(options: DeviceOptions) {
    this.#options = options
  }

  /** @throws MobileOneError `unavailable` saying why there is no device. */
  async acquire(): Promise<Held> {
    const { device } = this.#options
    if (device) {
      this.#given ??= watch(device, false)
      checkPrecision(this.#options, device.features)
      return hold(this.#given, () => {})
    }
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const pending = (this.#shared ??= this.#request())
      const shared = await pending
      if (shared.lost === undefined) {
        shared.users++
        return hold(shared, () => this.#leave(shared, pending))
      }
      if (this.#shared === pending) this.#shared = undefined
    }
    throw new MobileOneError('device-lost', `webgpu: ${ATTEMPTS} new devices in a row were lost at once`)
  }

  /** The last user destroys the device; who waits for it at this moment sees that it is lost. */
  #leave(shared: Shared, pending: Promise<Shared>): void {
    if (--shared.users > 0) return
    shared.lost ??= 'it was destroyed after its last use'
    if (this.#shared === pending) this.#shared = undefined
    shared.device.destroy()
  }

  /** An adapter, or the reason why there is none. */
  async adapter(): Promise<GPUAdapter | string> {
    const gpu = this.#options.gpu ?? (typeof navigator === 'undefined' ? undefined : navigator.gpu)
    if (!gpu) return explainMissing()
    const { powerPreference } = this.#options
    try {
      const adapter = await gpu.requestAdapter(powerPreference ? { powerPreference } : {})
      return (
        adapter ??
        'WebGPU found no adapter: there is no GPU, its driver is blocked, or WebGPU is switched off'
      )
    } catch (error) {
      return `WebGPU gave no adapter: ${String(error)}`
    }
  }

  async #request(): Promise<Shared> {
    try {
      const adapter = await this.adapter()
      if (typeof adapter === 'string') throw new MobileOneError('unavailable', `webgpu: ${adapter}`)
      checkPrecision(this.#options, adapter.features)
      const wanted = ['timestamp-query', ...(this.#options.precision === 'f16-storage' ? ['shader-f16'] : [])]
      const { maxBufferSize, maxStorageBufferBindingSize } = adapter.limits
      const device = await adapter.requestDevice({
        requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)) as GPUFeatureName[],
        requiredLimits: { maxBufferSize, maxStorageBufferBindingSize },
      })
      return watch(device, true)
    } catch (cause) {
      this.#shared = undefined
      if (cause instanceof MobileOneError) throw cause
      throw new MobileOneError('unavailable', `webgpu: the adapter gave no device: ${String(cause)}`, {
        cause,
      })
    }
  }
}

function watch(device: GPUDevice, owned: boolean): Shared {
  const shared: Shared = { device, owned, lost: undefined, users: 0 }
  void device.lost.then(({ reason, message }) => {
    shared.lost ??= message || reason || 'unknown'
  })
  return shared
}

function hold(shared: Shared, release: () => void): Held {
  let held = true
  return {
    device: shared.device,
    owned: shared.owned,
    get lost() {
      return shared.lost
    },
    release() {
      if (held) release()
      held = false
    },
  }
}

/** @throws MobileOneError `unavailable` where float16 storage was asked for and is not there. */
function checkPrecision({ precision }: DeviceOptions, features: GPUSupportedFeatures): void {
  const problem = missingPrecision(precision, features)
  if (problem) throw new MobileOneError('unavailable', `webgpu: ${problem}`)
}

export function missingPrecision(
  precision: DeviceOptions['precision'],
  features: GPUSupportedFeatures,
): string | undefined {
  if (precision !== 'f16-storage' || features.has('shader-f16')) return undefined
  return "precision 'f16-storage' needs the feature shader-f16, which this GPU or device does not have; use 'f32'"
}

function explainMissing(): string {
  if (typeof isSecureContext !== 'undefined' && !isSecureContext)
    return 'WebGPU exists only in secure contexts: serve the page over https, or from localhost'
  if (globalThis.process?.versions?.node !== undefined)
    return 'Node has no WebGPU of its own: install the package webgpu and pass `gpu: create([])`'
  return 'this browser has no WebGPU (navigator.gpu is missing)'
}

/** True for an adapter that computes on the CPU. */
export function isSoftware(info: GPUAdapterInfo | undefined): boolean {
  if (!info) return false
  const words = [info.vendor, info.architecture, info.device, info.description].join(' ')
  return info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe|basic render/i.test(words)
}

export function parallelismOf(device: GPUDevice): Parallelism {
  return isSoftware(device.adapterInfo) ? software : hardware
}

/** Invocations of a workgroup: `wanted`, or what the device allows. */
export function workgroupOf({ limits }: GPUDevice, wanted: number): number {
  return Math.min(wanted, limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX)
}
