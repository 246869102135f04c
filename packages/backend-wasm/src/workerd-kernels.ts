import type { Simd } from './detect-simd.ts'
import plain from './plain.wasm'
import relaxed from './relaxed.wasm'

/** The kernels as modules that came with the program: Cloudflare's workerd refuses to compile bytes. */
export async function ownKernels(simd: Simd): Promise<WebAssembly.Module> {
  return simd === 'relaxed' ? relaxed : plain
}
