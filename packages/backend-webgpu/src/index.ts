export type { Golden } from '@mobileone/core'
export type { DeviceOptions } from './device.ts'
export type { GpuImageSource } from './image.ts'
export { type WebGpuBackend, type WebGpuExecutor, type WebGpuOptions, webgpu } from './webgpu.ts'
