export type { Simd } from './features.ts'
export type { WasmSource } from './load.ts'
export { type WasmOptions, wasm } from './wasm.ts'
