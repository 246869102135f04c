export type { Simd } from './detect-simd.ts'
export type { WasmSource } from './load.ts'
export { type WasmOptions, wasm } from './wasm.ts'
