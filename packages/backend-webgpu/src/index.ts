export type { DeviceOptions } from './device.ts'
export type { Golden } from './verify.ts'
export { type WebGpuOptions, webgpu } from './webgpu.ts'
